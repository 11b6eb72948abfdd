"""The built-in sections: each reads the evaluations and returns HTML, as those of a plugin do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from datasets_ext import MULTI
from hybrid_plugin.measures import higher_is_better, parse_measures, pool_only
from hybrid_plugin.report import charts
from hybrid_plugin.report.data import NOT_ZERO_SHOT, Landing, ReportData, System
from hybrid_plugin.report.html import render, slug

_HEADLINE = (("AP", "mono"), ("AP", "cross"), ("AP", "multi"), ("RankDistance", "multi"))
_FORMS = {"AP": ".3f", "RankDistance": ".1f"}
_BETTER = {"AP": "higher is better", "RankDistance": "lower is better"}
_SETTINGS = {
    "mono": "query and documents in one language",
    "cross": "query and documents in two languages",
    "multi": "the pool of all languages",
}
_HARDEST = 5  # questions
_SENTENCES = 16  # of the verdict, before the rest is folded away
_READING = {  # how to read a measure of language bias
    "LanguageSkew": "the share of {who} among the first {k} documents minus the share among the relevant ones; from −1 "
    "to 1, above 0 is preferred, 0 is fair.",
    "LanguageDivergence": "how far the languages of the first {k} documents are from those of the relevant ones "
    "(Jensen-Shannon divergence); from 0, the same mix, to 1, lower is better.",
    "FirstRank": "the mean position of the first relevant document in {who}; 1 and up, lower is better between systems "
    "(of more languages the first comes sooner by their number alone).",
    "WeakAlignment": "how often a document in the query's language that is not relevant stands above a relevant one in "
    "another; from 0 to 1, lower is better, 0.5 is chance.",
    "LanguageAP": "average precision where only the relevant documents in {who} count; from 0 to 1, higher is better.",
    "PEER": "the probability that documents of all languages have the same expected rank among the first {k}; from 0 "
    "to 1, higher is better.",
}
_VARIED = ("alpha", "seed", "strategy", "evaluate")  # settings of a sweep that make no other curve
_WHO = {"query": "the query's language", "other": "the other languages"}


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
    sentences = [_typeset(sentence) for sentence in data.comparison.verdict]
    shown = len(sentences) if len(sentences) <= _SENTENCES else _SENTENCES - 4
    return render("verdict.html", sentences=sentences, shown=shown, alone=len(data.systems) == 1, table=table)


def _typeset(sentence: str) -> str:
    """With true minus signs, and no line break in ``d = 0.5``."""
    return re.sub(r"(?<=[ (])-(?=\d)", "−", sentence).replace(" = ", "\u00a0=\u00a0")


def _not_zero_shot(data: ReportData) -> str:
    if all(system.label == system.name for system in data.systems):
        return ""
    return f" {NOT_ZERO_SHOT} trained on {data.benchmark}, so not zero-shot."


def settings(data: ReportData) -> str:
    comparison = data.comparison
    labels = {system.name: system.label for system in data.systems}
    figures = comparison.figures.assign(label=comparison.figures["system"].map(labels))
    figures = _headline(figures)
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
    interval = figures.assign(system=figures["label"]).drop(columns=["label", "runs", "spread"])  # a folder is a run
    parts.append(data.table(interval, "Figures with 95% confidence intervals"))
    if len(comparison.tests):
        tests = comparison.tests.assign(a=comparison.tests["a"].map(labels), b=comparison.tests["b"].map(labels))
        chances = {"p_holm_randomization": "p", "p_holm_t": "p (t-test)"}
        columns = ["a", "b", "setting", "measure", "difference", "low", "high", *chances, "d", "wins", "ties", "losses"]
        parts.append(
            data.table(
                tests[columns].rename(columns=chances),
                "Tests of significance",
                formats=dict.fromkeys(chances.values(), _chance) | {"d": ".2f"},
                row_headers=2,
                note="difference is a minus b, with its confidence interval; p of the paired randomisation test and of "
                "the t-test, both after Holm's correction over this table; d is Cohen's d_z; wins, ties and "
                "losses count questions on which a is better, equal and worse.",
            )
        )
    if len(comparison.by_training):
        seen = _headline(comparison.by_training).assign(system=lambda rows: rows["system"].map(labels))
        if seen["trained_on"].nunique() == 1:
            seen = seen.drop(columns="trained_on")
        parts.append(
            data.table(
                seen.rename(
                    columns={"trained_on": "trained on", "part": "in training", "languages": "query languages"}
                ),
                "Query languages seen in training and query languages never seen",
                note="value with its 95% confidence interval, for every system, so that those that were trained have "
                "something to stand beside.",
            )
        )
    if len(comparison.published):
        parts.append(_published(data))
    return Markup("").join(parts)


def _headline(figures: pd.DataFrame) -> pd.DataFrame:
    """The rows that say something about a system at a glance."""
    return figures[[pair in _HEADLINE for pair in zip(figures["measure"], figures["setting"], strict=True)]]


def _chance(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _published(data: ReportData) -> Markup:
    """The systems of the report, and below them what was published of others, with the digits it was published with."""
    own = main_table(data)
    rows: dict[str, dict[str, Any]] = {}
    for row in data.comparison.published.itertuples():
        row_of = rows.setdefault(row.system, {"system": row.system})
        row_of[f"{row.measure} {row.setting}"] = Decimal(f"{row.value:.{row.digits}f}")
    frame = pd.concat([own, pd.DataFrame(rows.values())[lambda frame: own.columns.intersection(frame.columns)]])
    return data.table(
        frame.astype(object).where(frame.notna(), None),
        "Beside published figures of other models",
        formats={name: _FORMS[name.split()[0]] for name in own.columns[1:]},
        note="Published figures are not tested: no values per query were published. Sources: "
        f"{'; '.join(data.comparison.sources())}.{_not_zero_shot(data)}",
    )


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
    commands = []
    for system in systems:
        pool = f"{system.folder}-pool"
        evaluate = ["hybrid-ir", "evaluate", benchmark, *_ranker(system), "--settings", "multi", "--runs"]
        commands += [
            shlex.join([*evaluate, "--output", pool]),
            shlex.join(["mv", f"{pool}/runs", f"{system.folder}/"]),
        ]
    return render("needs_runs.html", commands=commands)


def _ranker(system: System) -> list[str]:
    """The options of `hybrid-ir evaluate` that name what was evaluated."""
    if "bm25" in system.scores:
        return ["--bm25"]
    settings = system.scores.get("encoder_settings") or {}
    options = ["--encoder", str(system.scores.get("encoder") or "M")]
    if settings.get("strategy") is None:  # no checkpoint that knows its own
        for name in ("query_prefix", "passage_prefix"):
            if settings.get(name):
                options += [f"--{name.replace('_', '-')}", settings[name].strip()]
    return options


def distance(data: ReportData) -> str:
    frames = [
        system.pairs[system.pairs["setting"] == MULTI].assign(label=system.label)
        for system in data.systems
        if "RankDistance" in system.pairs
    ]
    figures = pd.concat(frames) if frames else pd.DataFrame()
    if figures.empty:
        return ""
    figures = figures.rename(columns={"queries": "row", "RankDistance": "value"})[["label", "row", "value"]]
    labels = list(dict.fromkeys(figures["label"]))
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
    return _grid([chart]) + figures_table


def bias(data: ReportData) -> str:
    names = dict.fromkeys(name for system in data.systems for name in system.scores["settings"].get(MULTI, {}))
    measures = [
        measure
        for measure in parse_measures([*names])
        if pool_only(measure) and measure.params.get("lang", "query") in _WHO
    ]
    if not measures:
        return ""
    overall = pd.DataFrame(
        [
            {"system": system.label}
            | {str(measure): system.scores["settings"].get(MULTI, {}).get(str(measure)) for measure in measures}
            for system in data.systems
        ]
    )
    frames = [system.pairs[system.pairs["setting"] == MULTI].assign(system=system.label) for system in data.systems]
    columns = ["system", "queries", *map(str, measures)]
    by_language = pd.concat(frames).reindex(columns=columns)
    formats = {name: ".1f" if by_language[name].abs().max() > 1 else ".4f" for name in columns[2:]}
    order = sorted(by_language["queries"].unique())
    shown = []
    for measure in measures:
        name = str(measure)
        part = by_language.rename(columns={"system": "label", "queries": "row", name: "value"}).dropna(subset="value")
        spread = part.groupby("label", sort=False)["value"].agg(["min", "max"])
        spoken = "; ".join(
            f"{row.Index} from {row.min:{formats[name]}} to {row.max:{formats[name]}}" for row in spread.itertuples()
        )
        shown.append(
            data.chart(
                f"bias-{slug(name)}",
                charts.dots(part, order, f"{name} on the pool, {_better(measure)}"),
                f"{name} on the pool, by language of the query",
                f"Mean over the queries of each language: {spoken}.",
            )
        )
    return render(
        "bias.html",
        measures=[(str(measure), _reading(measure)) for measure in measures],
        overall=data.table(
            overall,
            "Language bias on the pool",
            formats=formats,
            note=Markup(
                "Macro averages over the languages of the queries, not tested here: "
                "<code>hybrid-ir compare --measures</code> tests them."
            ),
        ),
        charts=_grid(shown),
        by_language=data.table(
            by_language, "Language bias on the pool, by language of the query", formats=formats, row_headers=2
        ),
    )


def _reading(measure: Any) -> str:
    """A sentence on what a measure of language bias says, its range and its direction."""
    if measure.NAME in _READING:
        return _READING[measure.NAME].format(
            who=_WHO[measure.params.get("lang", "query")], k=measure.params.get("cutoff")
        )
    return f"{measure.SHORT_DESC.rstrip('.')}; {_better(measure)}."


def _better(measure: Any) -> str:
    return "higher is better" if higher_is_better(measure) else "lower is better"


def alpha(data: ReportData) -> str:
    shown, unclear = [], []
    for number, (of, points) in enumerate(_sweeps(data).items()):
        run = points.groupby(["alpha", "seed"], dropna=False)["system"].unique()
        twice = next((systems for systems in run if len(systems) > 1), None)
        if twice is not None:
            unclear.append((points["system"].nunique(), *twice[:2]))
            continue
        for measure, settings in (("AP", data.settings), ("RankDistance", (MULTI,))):
            lines = points[(points["measure"] == measure) & points["setting"].isin(settings)]
            if len(lines):
                means = lines.groupby(["setting", "alpha"], sort=False)["value"].mean()
                spoken = "; ".join(
                    f"{setting} at {at:g}: {value:{_FORMS[measure]}}" for (setting, at), value in means.items()
                )
                mark = f" Trained on {data.benchmark}, so not zero-shot." if points["marked"].any() else ""
                seeds = points["seed"].nunique()
                drawn = f"mean and range of {seeds} seeds" if seeds > 1 else "one seed"
                shown.append(
                    data.chart(
                        f"alpha-{number}-{measure.lower()}",
                        charts.curves(lines, f"{measure}, {_BETTER[measure]}"),
                        f"{measure} over alpha{of}: {drawn}.{mark}",
                        f"0 stands for cross-lingual batches alone, 1 for monolingual ones. {spoken}.",
                    )
                )
    return render("alpha.html", charts=_grid(shown) if shown else "", unclear=unclear) if shown or unclear else ""


def _sweeps(data: ReportData) -> dict[str, pd.DataFrame]:
    """Figures with ``alpha`` and ``seed`` of systems that differ in these alone, where there are three values of alpha
    or more, by what tells them from the others: base model, sources and, of a sweep, its other settings."""
    rows: list[dict[str, Any]] = []
    for system in data.systems:
        trained = system.scores.get("encoder_settings") or {}
        at = {"mono": 1.0, "cross": 0.0, "hybrid": trained.get("alpha")}.get(str(trained.get("strategy")))
        if at is not None:
            rows.append(
                {
                    "system": system.name,
                    "rest": {"model": trained.get("base_model"), "source": system.scores.get("trained_on")}
                    | {key: value for key, value in system.sweep.items() if key not in _VARIED},
                    "alpha": float(at),
                    "seed": system.scores.get("seed"),
                    "marked": system.label != system.name,
                }
            )
    if not rows:
        return {}
    settings = dict.fromkeys(key for row in rows for key in row["rest"])
    varied = [key for key in settings if len({str(row["rest"].get(key)) for row in rows}) > 1]
    for row in rows:
        told = ", ".join(f"{key.replace('_', ' ')} {_fact(row['rest'].get(key)) or 'unset'}" for key in varied)
        row["rest"] = f" with {told}" if told else ""
    points = pd.DataFrame(rows).merge(data.comparison.figures, on="system")
    groups = points.groupby("rest", sort=False)
    return {str(rest): group for rest, group in groups if group["alpha"].nunique() >= 3}


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
        wanted = dict.fromkeys(i for query_id in rows["query_id"] for i in data.task.relevant.get(query_id, ()))
        relevant_docs = [{"text": texts.get(i, i), "lang": languages.get(i, ""), "id": i} for i in wanted]
        questions.append(
            {
                "title": title,
                "english": f"{question}_en" in asked,
                "ap": f"{ranking[question]:.3f}",
                "relevant": sorted(relevant_docs, key=lambda doc: doc["lang"]),
                "answers": answers,
            }
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
        facts |= system.sweep | (scores.get("encoder_settings") or {})
        facts |= {f"version of {name}": found for name, found in (scores.get("versions") or {}).items()}
        facts |= {f"SHA-256 of {name}": digest[:16] for name, digest in system.checksums.items()}
        columns[system.label] = {key.replace("_", " "): _fact(value) for key, value in facts.items()}
    frame = pd.DataFrame(columns).dropna(how="all").reset_index(names="what")
    method = pd.DataFrame(
        [(key.replace("_", " "), _fact(value)) for key, value in data.comparison.method.items()],
        columns=["what", "value"],
    )
    return data.table(frame, "What was evaluated, and how") + data.table(method, "How the tests were made")


def _fact(value: Any) -> str | None:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_fact(one)}" for key, one in value.items()) or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)
