"""The built-in sections: each reads the evaluations and returns HTML, as those of a plugin do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.report import charts
from hybrid_plugin.report.data import NOT_ZERO_SHOT, Landing, ReportData, System
from hybrid_plugin.report.html import render

_HEADLINE = (("AP", "mono"), ("AP", "cross"), ("AP", "multi"), ("RankDistance", "multi"))
_FORMS = {"AP": ".3f", "RankDistance": ".1f"}
_BETTER = {"AP": "higher is better", "RankDistance": "lower is better"}
_SETTINGS = {
    "mono": "query and documents in one language",
    "cross": "query and documents in two languages",
    "multi": "the pool of all languages",
}
_HARDEST = 5  # questions


def main_table(data: ReportData) -> pd.DataFrame:
    """A row a system: its label, AP in the settings, and RankDistance on the pool, as far as they were scored."""
    figures = data.comparison.figures.set_index(["system", "measure", "setting"])["value"]
    known = [
        (measure, setting)
        for measure, setting in _HEADLINE
        if any((system.name, measure, setting) in figures.index for system in data.systems)
    ]
    rows = [
        {"system": system.label}
        | {f"{measure} {setting}": figures.get((system.name, measure, setting)) for measure, setting in known}
        for system in data.systems
    ]
    return pd.DataFrame(rows)


def verdict(data: ReportData) -> str:
    frame = main_table(data)
    frame["zero-shot"] = [system.zero_shot for system in data.systems]
    table = data.table(
        frame,
        f"{data.benchmark}: macro averages by setting",
        formats={name: _FORMS[name.split()[0]] for name in frame.columns[1:-1]},
        note="AP: higher is better. RankDistance, the distance between the same answer in different languages: lower "
        "is better." + _not_zero_shot(data),
    )
    return render("verdict.html", sentences=data.comparison.verdict, alone=len(data.systems) == 1, table=table)


def _not_zero_shot(data: ReportData) -> str:
    if all(system.label == system.name for system in data.systems):
        return ""
    return f" {NOT_ZERO_SHOT} trained on {data.benchmark}, so not zero-shot."


def settings(data: ReportData) -> str:
    comparison = data.comparison
    labels = {system.name: system.label for system in data.systems}
    figures = comparison.figures.assign(label=comparison.figures["system"].map(labels))
    figures = figures[[pair in _HEADLINE for pair in zip(figures["measure"], figures["setting"], strict=True)]]
    limits = figures.groupby("measure")["high"].max()
    shown = []
    for measure, setting in _HEADLINE:
        part = figures[(figures["measure"] == measure) & (figures["setting"] == setting)]
        if len(part):
            unit, form = f"{measure} {setting}, {_BETTER[measure]}", _FORMS[measure]
            spoken = "; ".join(
                f"{row.label} {row.value:{form}}, from {row.low:{form}} to {row.high:{form}}"
                for row in part.itertuples()
            )
            shown.append(
                data.chart(
                    f"settings-{setting}-{measure.lower()}",
                    charts.bars(part, unit, form, limits[measure]),
                    f"{measure} {setting}: {_SETTINGS[setting]}",
                    f"{unit}. With 95% confidence intervals: {spoken}.",
                )
            )
    parts = [_grid(shown)]
    interval = figures.assign(system=figures["label"]).drop(columns="label")
    parts.append(data.table(interval, "Figures with 95% confidence intervals"))
    if len(comparison.tests):
        tests = comparison.tests.assign(a=comparison.tests["a"].map(labels), b=comparison.tests["b"].map(labels))
        chances = {"p_holm_randomization": "p", "p_holm_t": "p (t-test)"}
        columns = ["a", "b", "setting", "measure", "difference", "low", "high", *chances, "d", "wins", "ties", "losses"]
        parts.append(
            data.table(
                tests[columns].rename(columns=chances),
                "Tests of significance",
                formats=dict.fromkeys(chances.values(), ".2g") | {"d": ".2f"},
                row_headers=2,
                note="difference is a minus b, with its confidence interval; p of the paired randomisation test and of "
                "the t-test, both after Holm's correction over this table; d is Cohen's d_z; wins, ties and "
                "losses count questions on which a is better, equal and worse.",
            )
        )
    if len(comparison.by_training):
        seen = comparison.by_training.assign(system=comparison.by_training["system"].map(labels))
        parts.append(data.table(seen, "Languages seen in training and languages never seen"))
    if len(comparison.published):
        published = comparison.published[["system", "setting", "measure", "value"]]
        note = f"Not tested: no values per query were published. Sources: {'; '.join(comparison.sources())}."
        parts.append(data.table(published, "Published figures of other models", note=note))
    return Markup("").join(parts)


def _grid(shown: Iterable[Markup]) -> Markup:
    return Markup('<div class="grid">{}</div>').format(Markup("").join(shown))


def _matrix(data: ReportData, system: System) -> pd.DataFrame:
    """AP of one system: a row a query language, a column a document language, and the pool."""
    matrix = system.pairs.pivot(index="queries", columns="docs", values="AP")
    columns = [name for name in (*data.languages, MULTI) if name in matrix.columns]
    return matrix.reindex(columns=columns).rename(columns={MULTI: "pool"})


def languages(data: ReportData) -> str:
    if "AP" not in data.baseline.pairs:
        return ""
    baseline = _matrix(data, data.baseline)
    matrices = {system.name: _matrix(data, system) for system in data.systems}
    differences = {name: matrix - baseline for name, matrix in matrices.items()}
    span = _span(matrices.values())
    bound = max(0.05, *map(abs, _span(differences.values())))
    shown = []
    for number, system in enumerate(data.systems):
        tables = [_heat_table(data, matrices[system.name], f"AP of {system.label}", span, ".2f")]
        data.figures[f"languages-{number}"] = charts.heat(
            matrices[system.name], span, columns=f"documents, {system.label}", rows="queries"
        )
        if number:
            caption = f"{system.label} minus {data.baseline.label}, AP"
            tables.append(_heat_table(data, differences[system.name], caption, (-bound, bound), "+.2f"))
            data.figures[f"languages-{number}-difference"] = charts.heat(
                differences[system.name], (-bound, bound), columns=f"documents, {caption}", rows="queries"
            )
        shown.append({"label": system.label, "tables": tables, "open": number < 4})
    return render("languages.html", systems=shown)


def _span(matrices: Iterable[pd.DataFrame]) -> tuple[float, float]:
    values = np.concatenate([matrix.to_numpy(float).ravel() for matrix in matrices])
    return float(np.nanmin(values)), float(np.nanmax(values))


def _heat_table(data: ReportData, matrix: pd.DataFrame, caption: str, span: tuple[float, float], form: str) -> Markup:
    columns = list(map(str, matrix.columns))
    return data.table(matrix.reset_index(names="queries"), caption, default_format=form, shade=columns, span=span)


def landing(data: ReportData) -> str:
    shown, rows = [], []
    for number, system in enumerate(data.systems):
        found = data.landings.get(system.name)
        if found is None:
            continue
        bins = _bins(found.depth)
        shares = _shares(found, bins)
        own = shares.iloc[0]
        others = shares.iloc[1:]
        first = next(iter(bins))
        shown.append(
            data.chart(
                f"landing-{number}",
                charts.shares(shares, {name: name for name in bins}, "share of the relevant documents"),
                f"{system.label}: where relevant documents stand on the pool, by their language",
                f"In the {first}: {own[first]:.0%} of the relevant documents in the query's own language, and of those "
                "in other languages "
                + ", ".join(f"{row['row']} {row[first]:.0%}" for _, row in others.iterrows())
                + ".",
            )
        )
        rows += _landing_rows(found, system)
    if not rows:
        return _needs_runs(data.systems, data.benchmark)
    table = data.table(
        pd.DataFrame(rows),
        "Positions of relevant documents on the pool, by language of the document",
        formats={"median, own": ".0f", "median, other": ".0f"}
        | dict.fromkeys(("top 10, own", "top 10, other", "not in run, own", "not in run, other"), ".1%"),
        row_headers=2,
        note="own: for queries in the language of the document; other: for queries in other languages. A document that "
        "the run does not hold counts as standing just below its last one.",
    )
    lacking = [system for system in data.systems if system.name not in data.landings]
    return Markup("").join([_grid(shown), table, _needs_runs(lacking, data.benchmark) if lacking else ""])


def _bins(depth: int) -> dict[str, float]:
    """Words -> the last position of the bin; four bins at most."""
    edges = [edge for edge in (10, 100) if edge < depth] + [depth]
    starts = [1, *(edge + 1 for edge in edges[:-1])]
    words = [f"top {edge}" if start == 1 else f"{start}–{edge}" for start, edge in zip(starts, edges, strict=True)]
    return dict(zip([*words, "not in run"], [*edges, np.inf], strict=True))


def _shares(found: Landing, bins: dict[str, float]) -> pd.DataFrame:
    relevant = found.relevant
    own = relevant["docs"] == relevant["queries"]
    groups = {"own language": relevant[own]} | dict(iter(relevant[~own].groupby("docs")))
    rows = []
    for name, group in groups.items():
        cut = pd.cut(group["position"], [0, *bins.values()], labels=list(bins), include_lowest=True)
        rows.append({"row": name, **cut.value_counts(normalize=True).to_dict()})
    return pd.DataFrame(rows)


def _landing_rows(found: Landing, system: System) -> list[dict[str, Any]]:
    rows = []
    for lang, group in found.relevant.groupby("docs"):
        row: dict[str, Any] = {"system": system.label, "documents": lang}
        own = group["queries"] == lang
        for side, part in (("own", group[own]), ("other", group[~own])):
            position = part["position"].clip(upper=found.depth + 1)
            row[f"median, {side}"] = float(position.median())
            row[f"top 10, {side}"] = float((position <= 10).mean())
            row[f"not in run, {side}"] = float((position > found.depth).mean())
        rows.append(row)
    return rows


def _needs_runs(systems: Iterable[System], benchmark: str) -> Markup:
    commands = [
        f"hybrid-ir evaluate {benchmark} --encoder {shlex.quote(str(system.scores.get('encoder') or 'M'))} "
        f"--runs --output {shlex.quote(str(system.folder))}"
        for system in systems
    ]
    return render("needs_runs.html", commands=commands)


def bias(data: ReportData) -> str:
    frames = [
        system.pairs[system.pairs["setting"] == MULTI].assign(label=system.label)
        for system in data.systems
        if "RankDistance" in system.pairs
    ]
    figures = pd.concat(frames) if frames else pd.DataFrame()
    if figures.empty:
        return ""
    figures = figures.rename(columns={"queries": "row", "RankDistance": "value"})[["label", "row", "value"]]
    labels = [system.label for system in data.systems]
    wide = figures.pivot(index="row", columns="label", values="value").reindex(columns=labels)
    order = wide.mean(axis=1).sort_values(ascending=False).index.tolist()
    table = wide.copy()
    for label in labels[1:]:
        table[f"{label} − {labels[0]}"] = wide[label] - wide[labels[0]]
    spread = "; ".join(f"{label} from {wide[label].min():.0f} to {wide[label].max():.0f}" for label in labels)
    chart = data.chart(
        "rank-distance",
        charts.dots(figures, order, "RankDistance on the pool, lower is better"),
        "Rank distance on the pool, by language of the query",
        f"Mean over the queries of each language: {spread}. The language with the largest is {order[0]}.",
    )
    figures_table = data.table(
        table.reset_index(names="queries"),
        "Rank distance by language of the query",
        default_format=".1f",
        formats=dict.fromkeys(table.columns[len(labels) :], "+.1f"),
    )
    return _grid([chart, figures_table])


def alpha(data: ReportData) -> str:
    shown = []
    sweeps = _sweeps(data)
    for number, ((base, sources), points) in enumerate(sweeps.items()):
        of = f" of {base} on {sources}" if len(sweeps) > 1 else ""
        for measure, settings in (("AP", data.settings), ("RankDistance", (MULTI,))):
            lines = points[(points["measure"] == measure) & points["setting"].isin(settings)].assign(
                line=lambda frame: frame["setting"]
            )
            if len(lines):
                means = lines.groupby(["line", "alpha"], sort=False)["value"].mean()
                spoken = "; ".join(
                    f"{line} at {at:g}: {value:{_FORMS[measure]}}" for (line, at), value in means.items()
                )
                mark = f" Trained on {data.benchmark}, so not zero-shot." if points["marked"].any() else ""
                shown.append(
                    data.chart(
                        f"alpha-{number}-{measure.lower()}",
                        charts.curves(lines, f"{measure}, {_BETTER[measure]}"),
                        f"{measure} over alpha{of}: mean and range of {points['seed'].nunique()} seeds.{mark}",
                        f"0 stands for cross-lingual batches alone, 1 for monolingual ones. {spoken}.",
                    )
                )
    return _grid(shown) if shown else ""


def _sweeps(data: ReportData) -> dict[tuple[str, str], pd.DataFrame]:
    """Base model and sources -> figures with ``alpha`` and ``seed``, where there are three values of alpha or more."""
    rows = []
    for system in data.systems:
        trained = system.scores.get("encoder_settings") or {}
        at = {"mono": 1.0, "cross": 0.0, "hybrid": trained.get("alpha")}.get(str(trained.get("strategy")))
        if at is not None:
            rows.append(
                {
                    "system": system.name,
                    "base": str(trained.get("base_model")),
                    "sources": ", ".join(system.scores.get("trained_on") or []),
                    "alpha": float(at),
                    "seed": system.scores.get("seed"),
                    "marked": system.label != system.name,
                }
            )
    if not rows:
        return {}
    points = pd.DataFrame(rows).merge(data.comparison.figures, on="system")
    groups = points.groupby(["base", "sources"], sort=False)
    return {(str(base), str(sources)): group for (base, sources), group in groups if group["alpha"].nunique() >= 3}


def hardest(data: ReportData) -> str:
    if not data.landings:
        return _needs_runs(data.systems, data.benchmark)
    texts = {doc.id: doc.text for docs in data.task.docs.values() for doc in docs}
    languages = {doc.id: lang for lang, docs in data.task.docs.items() for doc in docs}
    asked = {query.id: query.text for queries in data.task.queries.values() for query in queries}
    shown = [system for system in data.systems if system.name in data.landings]
    scored = pd.concat([system.pooled.assign(system=system.name) for system in shown])
    scored["question"] = [
        query.removesuffix(f"_{lang}") for query, lang in zip(scored["query_id"], scored["queries"], strict=True)
    ]
    ranking = scored.groupby("question")["AP"].mean().sort_values(kind="stable")
    chosen = scored[scored["question"].isin(ranking.index[:_HARDEST])]
    top = {
        name: dict(iter(found.top[found.top["query_id"].isin(chosen["query_id"])].groupby("query_id")["doc_id"]))
        for name, found in data.landings.items()
    }
    firsts = {name: found.relevant.groupby("query_id")["position"].min() for name, found in data.landings.items()}
    questions = []
    for question in ranking.index[:_HARDEST]:
        rows = chosen[chosen["question"] == question]
        answers = []
        for system in shown:
            cards = []
            for row in rows[rows["system"] == system.name].sort_values("queries").itertuples():
                first = firsts[system.name].get(row.query_id, np.inf)
                relevant = set(data.task.relevant.get(row.query_id, ()))
                cards.append(
                    {
                        "lang": row.queries,
                        "text": asked.get(row.query_id, row.query_id),
                        "ap": f"{row.AP:.3f}",
                        "first": "not in the run" if np.isinf(first) else f"at rank {first:.0f}",
                        "docs": [
                            {"text": texts.get(i, i), "lang": languages.get(i, ""), "id": i, "relevant": i in relevant}
                            for i in top[system.name].get(row.query_id, ())
                        ],
                    }
                )
            answers.append({"label": system.label, "cards": cards})
        title = asked.get(f"{question}_en") or next(iter(asked.get(i, i) for i in rows["query_id"]))
        questions.append(
            {"title": title, "english": f"{question}_en" in asked, "ap": f"{ranking[question]:.3f}", "answers": answers}
        )
    lacking = [system for system in data.systems if system.name not in data.landings]
    return render("hardest.html", questions=questions) + (
        _needs_runs(lacking, data.benchmark) if lacking else Markup("")
    )


def provenance(data: ReportData) -> str:
    columns = {}
    for system in data.systems:
        scores = system.scores
        facts = {"folder": system.folder, "benchmark": scores.get("benchmark"), "zero-shot": system.zero_shot}
        facts |= {key: scores.get(key) for key in ("encoder", "runs", "trained_on", "seed", "depth", "runs_depth")}
        facts |= scores.get("encoder_settings") or {}
        facts |= {f"version of {name}": found for name, found in (scores.get("versions") or {}).items()}
        facts |= {f"SHA-256 of {name}": digest[:16] for name, digest in system.checksums.items()}
        columns[system.label] = {key: _fact(value) for key, value in facts.items()}
    frame = pd.DataFrame(columns).dropna(how="all").reset_index(names="what")
    method = pd.DataFrame(
        [(key, _fact(value)) for key, value in data.comparison.method.items()], columns=["what", "value"]
    )
    return data.table(frame, "What was evaluated, and how") + data.table(method, "How the tests were made")


def _fact(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)
