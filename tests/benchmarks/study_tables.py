"""The tables of docs/study.md from the folders of its sweeps, as Markdown.

    hybrid-ir sweep docs/study-strategies.yaml --output study/strategies
    python tests/benchmarks/study_tables.py study/strategies study/losses

Runs that differ in nothing but the seed are one row: means and standard deviations over seeds, on the validation and,
where the row was chosen by it, on the benchmark of the end. ``--compare`` tests rows against the first of them on the
latter, ``--languages`` shows them by query language. ``--export`` writes what the page keeps, beside what is there of
other sweeps: the figures of all runs, the logs, and of each run of the end, on a collection that has all questions in
all languages, an evaluation folder that ``hybrid-ir compare`` reads, a twentieth of the whole, whose values are means
of each question over languages.

What was exported can be read in the place of a sweep. ``rows.csv`` beside it says what the page calls a row:

    python tests/benchmarks/study_tables.py docs/study --compare hybrid mono cross
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin import compare
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.evaluation.scores import PER_QUERY
from hybrid_plugin.files import SCORES, read_json, write_json
from hybrid_plugin.training.log import LOG
from hybrid_plugin.training.sweep import TABLE

SETTINGS = ("mono", "cross", "multi")
_FIGURES = ("AP mono", "AP cross", "AP multi", "RankDistance")
_OWN = ("minutes", "scores")  # what is not exported of a run
_KEPT = ["AP", "RankDistance"]
_RUNS, _ROWS = "runs.csv", "rows.csv"
_ABOUT = ("benchmark", "zero_shot", "in_domain", "trained_on", "languages_trained_on", "seed", "depth", "versions")


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a Markdown table, each row as soon as it is there."""
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
    print()


def without_seed(run: str) -> str:
    """What runs that differ in nothing but the seed have as their name."""
    return re.sub(r",?seed=\d+", "", run)


def spread(values: pd.Series, digits: int) -> str:
    """The mean, and of more than one value the standard deviation."""
    text = f"{values.mean():.{digits}f}"
    return f"{text} ± {values.std():.{digits}f}" if len(values) > 1 else text


def scored(folder: Path, use: str) -> pd.DataFrame:
    """One row a run: ``name`` of its row, the four figures, minutes of training, ``scores``, its evaluation folder."""
    exported = (folder / _RUNS).exists()
    found = _of_export(folder, use) if exported else _of_sweep(folder, use)
    names = dict(pd.read_csv(folder / _ROWS)[["run", "row"]].to_numpy()) if (folder / _ROWS).exists() else {}
    found["name"] = [names.get(name, name) for name in map(without_seed, found["run"])]
    return found


def _of_sweep(folder: Path, use: str) -> pd.DataFrame:
    found = pd.read_csv(folder / TABLE)
    found = found[found["use"] == use]
    rows = []
    for (run, benchmark), parts in found.groupby(["run", "benchmark"], sort=False):
        by_setting = parts.set_index("setting")
        figures = [by_setting["AP"].get(name) for name in SETTINGS] + [by_setting["RankDistance"].get("multi")]
        own = folder / "runs" / str(run)
        rows.append([run, benchmark, *figures, _minutes(own), own / str(benchmark)])
    return pd.DataFrame(rows, columns=["run", "benchmark", *_FIGURES, *_OWN])


def _of_export(folder: Path, use: str) -> pd.DataFrame:
    found = pd.read_csv(folder / _RUNS)
    found = found[found["use"] == use].drop(columns="use")
    folders = [folder / row.benchmark / _as_file(row.run) for row in found.itertuples()]
    return found.assign(minutes=None, scores=folders)


def _as_file(run: str) -> str:
    return run.replace(":", "-")  # which Windows has no files of


def _minutes(folder: Path) -> float | None:
    record = folder / "checkpoint" / RECORD
    if not record.exists() or "seconds_per_step" not in read_json(record):
        return None
    about = read_json(record)
    return float(about["seconds_per_step"] * about["steps_done"] / 60)


def cells(several: pd.DataFrame) -> list[str]:
    """The figures of some runs, and AP as the mean over the settings, by which a validation chooses."""
    shown = [spread(several[name], 1 if name == "RankDistance" else 4) for name in _FIGURES]
    return [*shown, spread(several[list(_FIGURES[:3])].mean(axis=1), 4)]


def summary(data: pd.DataFrame) -> None:
    for benchmark, part in data.groupby("benchmark", sort=False):
        rows = []
        for name, several in part.groupby("name", sort=False):
            minutes = several["minutes"].astype(float).mean()
            rows.append([name, len(several), *cells(several), "" if pd.isna(minutes) else f"{minutes:.1f}"])
        table([f"on {benchmark}", "seeds", *_FIGURES, "mean AP", "minutes"], rows)


def tests(data: pd.DataFrame, names: Sequence[str]) -> None:
    """The tests of each row against the first, over clusters and, where there are several, seeds."""
    folders = {name: data[data["name"] == name]["scores"].tolist() for name in names}
    result = compare(folders, measures=["AP", "RankDistance"])
    print(*result.verdict, "", sep="\n")
    rows = []
    for row in result.tests.itertuples():
        digits = 4 if row.measure == "AP" else 1
        rows.append(
            [
                f"{row.a} − {row.b}",
                row.setting,
                row.measure,
                f"{row.difference:+.{digits}f}",
                f"{row.low:.{digits}f} to {row.high:.{digits}f}",
                "< 0.001" if row.p_holm < 0.001 else f"{row.p_holm:.3f}",
            ]
        )
    table(["", "setting", "measure", "difference", "95% interval", "p (Holm)"], rows)


def languages(data: pd.DataFrame, names: Sequence[str]) -> None:
    """Rows by query language: means over runs, and of the setting cross over document languages."""
    parts = {}
    for name in names:
        scores = [read_json(folder / SCORES) for folder in data[data["name"] == name]["scores"]]
        pairs = pd.concat(pd.DataFrame(one["pairs"]) for one in scores)
        means = pairs.groupby(["queries", "setting"])[["AP", "RankDistance"]].mean().unstack("setting")
        columns = [means["AP"][one] for one in SETTINGS] + [means["RankDistance"]["multi"]]
        parts[name] = pd.concat(columns, axis=1, keys=_FIGURES)
        seen = {lang for one in scores for lang in one["languages_trained_on"]}
    for figure in _FIGURES:
        digits = 1 if figure == "RankDistance" else 3
        langs = sorted(next(iter(parts.values())).index, key=lambda lang: (lang not in seen, lang))
        table(
            [figure, *(lang if lang in seen else f"*{lang}*" for lang in langs)],
            ([name, *(f"{part.at[lang, figure]:.{digits}f}" for lang in langs)] for name, part in parts.items()),
        )


def condensed(folder: Path, to: Path) -> None:
    """Write an evaluation folder with one row for each setting and question: the mean over its languages.

    Where questions differ in their languages (MLQA-R), means over them are not those over tasks: nothing is written.
    """
    stated, rows = read_json(folder / SCORES), pd.read_parquet(folder / PER_QUERY)
    if (rows.groupby(["setting", "question"]).size().groupby("setting").nunique() > 1).any():
        return
    units = ["setting", "question", "cluster", "article"]
    means = rows.groupby(units, as_index=False)[_KEPT].mean().astype(dict.fromkeys(_KEPT, "float32"))
    to.mkdir(parents=True, exist_ok=True)
    labels = {"task": means["setting"], "docs": "all", "queries": "all", "query_id": means["question"]}
    means.assign(**labels).to_parquet(to / PER_QUERY, compression="zstd", index=False)
    figures = means.groupby("setting")[_KEPT].mean().astype(float)
    kept = {name: stated[name] for name in _ABOUT if name in stated}
    write_json(to / SCORES, kept | {"settings": figures.T.to_dict()})


def export(parts: dict[str, pd.DataFrame], sweeps: Sequence[Path], to: Path) -> None:
    """Write what the page keeps, beside what it keeps of other sweeps."""
    to.mkdir(parents=True, exist_ok=True)
    found = pd.concat([part.assign(use=use) for use, part in parts.items() if not part.empty])
    found = found.drop(columns=["name", *_OWN]).round(5)
    before = [pd.read_csv(to / _RUNS)] if (to / _RUNS).exists() else []
    everything = pd.concat([*before, found]).drop_duplicates(["run", "benchmark", "use"], keep="last")
    everything.sort_values(["use", "run"], ascending=[False, True]).to_csv(to / _RUNS, index=False)
    logs = [folder / LOG for folder in (to, *sweeps) if (folder / LOG).exists()]
    lines = {line for log in logs for line in log.read_text().splitlines()}  # each begins with its time
    (to / LOG).write_text("".join(line + "\n" for line in sorted(lines)))
    for row in parts["final"].itertuples():
        condensed(row.scores, to / row.benchmark / _as_file(row.run))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweeps", nargs="+", type=Path, help="the output folders of sweeps, or of exports")
    parser.add_argument("--compare", nargs="+", default=[], metavar="ROW", help="rows to test against the first")
    parser.add_argument("--languages", nargs="+", default=[], metavar="ROW", help="rows to show by query language")
    parser.add_argument("--export", type=Path, metavar="DIR", help="where to write the figures of all runs")
    options = parser.parse_args()
    parts = {}
    for use in ("validate", "final"):
        found = pd.concat([scored(folder, use) for folder in options.sweeps])
        parts[use] = found.drop_duplicates(["run", "benchmark"])  # a run that two sweeps have is one
    for use, title in (("validate", "Validation"), ("final", "In the end")):
        if not parts[use].empty:
            print(f"## {title}\n")
            summary(parts[use])
    data = parts["final"]
    if data.empty and (options.compare or options.languages):
        parser.error("nothing was chosen yet, so there is nothing to compare in the end")
    if options.compare:
        tests(data, options.compare)
    if options.languages:
        languages(data, options.languages)
    if options.export:
        export(parts, options.sweeps, options.export)


if __name__ == "__main__":
    main()
