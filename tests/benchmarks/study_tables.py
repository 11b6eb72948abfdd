"""The tables and the plot of docs/study.md from the folder of its sweep, as Markdown.

hybrid-ir sweep docs/study.yaml --output study
python tests/benchmarks/study_tables.py study --plot docs/study-alpha.svg
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hybrid_plugin import compare, published_figures
from hybrid_plugin.files import SCORES, read_json

SETTINGS = ("mono", "cross", "multi")
_FIGURES = ("AP mono", "AP cross", "AP multi", "RankDistance")
_STRATEGIES = {"mono": 1, "cross": 0, "hybrid": 0.5}  # by alpha, so that nothing else differs
_VARIED = {"strategy", "alpha", "seed"}  # in the main grid


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def figures(settings: dict[str, dict[str, float]]) -> list[float]:
    return [settings[name]["AP"] for name in SETTINGS] + [settings["multi"]["RankDistance"]]


def shown(values: Sequence[float]) -> list[str]:
    return [*(f"{value:.4f}" for value in values[:3]), f"{values[3]:.1f}"]


def by_language(folders: Sequence[Path]) -> pd.DataFrame:
    """Rows query languages, columns as in the other tables: means over runs, and of cross over document languages."""
    pairs = pd.concat(pd.DataFrame(read_json(folder / SCORES)["pairs"]) for folder in folders)
    means = pairs.groupby(["queries", "setting"])[["AP", "RankDistance"]].mean().unstack("setting")
    columns = [means["AP"][name] for name in SETTINGS] + [means["RankDistance"]["multi"]]
    return pd.concat(columns, axis=1, keys=_FIGURES)


def tests(systems: dict[str, list[Path]]) -> None:
    """The tests of every two systems, each the mean of its runs."""
    result = compare(systems, all_pairs=True)
    table(
        ["", "setting", "measure", "difference", "95% interval", "p (Holm)", "d", "wins", "losses"],
        (
            [
                f"{row.a} − {row.b}",
                row.setting,
                row.measure,
                f"{row.difference:+.4f}" if row.measure == "AP" else f"{row.difference:+.1f}",
                f"{row.low:.4f} to {row.high:.4f}" if row.measure == "AP" else f"{row.low:.1f} to {row.high:.1f}",
                "< 0.001" if row.p_holm < 0.001 else f"{row.p_holm:.3f}",
                f"{row.d:.2f}",
                row.wins,
                row.losses,
            ]
            for row in result.tests.itertuples()
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="the output folder of the sweep")
    parser.add_argument("--plot", type=Path, help="write the plot of the settings over alpha there")
    options = parser.parse_args()
    found: dict[tuple[str, str], Path] = {
        (path.parents[1].name, path.parent.name): path.parent for path in options.sweep.glob(f"runs/*/*/{SCORES}")
    }
    runs = {key: read_json(path.parent / "run.json") for key, path in found.items()}
    scores = {key: figures(read_json(path / SCORES)["settings"]) for key, path in found.items()}

    print("## All runs\n")
    for benchmark in sorted({name for _, name in found}):
        keys = sorted((key for key in found if key[1] == benchmark), key=lambda key: key[0])
        table([f"run, on {benchmark}", *_FIGURES], ([key[0], *shown(scores[key])] for key in keys))

    grids = {
        benchmark: {
            key: settings
            for key, settings in runs.items()
            if key[1] == benchmark
            and settings["strategy"] == "hybrid"
            and {part.split("=")[0] for part in key[0].split(",")} <= varied
        }
        for benchmark, varied in (("xquad-r", _VARIED), ("mlqa-r", {*_VARIED, "source", "evaluate"}))
    }
    for (benchmark, grid), untouched in zip(grids.items(), ("", ",evaluate=mlqa-r"), strict=True):
        print(f"## {benchmark}\n")
        rows = []
        for alpha in sorted({settings["alpha"] for settings in grid.values()}):
            several = pd.DataFrame([scores[key] for key, settings in grid.items() if settings["alpha"] == alpha])
            cells = shown(several.mean())
            if len(several) > 1:
                cells = [f"{mean} ± {spread}" for mean, spread in zip(cells, shown(several.std()), strict=True)]
            rows.append([alpha, len(several), *cells])
        table(["alpha", "seeds", *_FIGURES], rows)
        systems = {"untouched": [found[f"strategy=untouched{untouched}", benchmark]]} | {
            name: [found[key] for key, settings in grid.items() if settings["alpha"] == alpha]
            for name, alpha in _STRATEGIES.items()
        }
        seen = set(read_json(systems["hybrid"][0] / SCORES)["languages_trained_on"])
        parts = {name: by_language(folders) for name, folders in systems.items()}
        for figure in _FIGURES:
            digits = 1 if figure == "RankDistance" else 3
            languages = sorted(parts["hybrid"].index, key=lambda lang: (lang not in seen, lang))
            table(
                [figure, *(lang if lang in seen else f"*{lang}*" for lang in languages)],
                (
                    [name, *(f"{part.at[lang, figure]:.{digits}f}" for lang in languages)]
                    for name, part in parts.items()
                ),
            )
        tests(systems)
    print("## Published\n")
    published = published_figures("xquad-r")
    print(published.to_string())

    if options.plot:
        plot(grids["xquad-r"], scores, options.plot)


def plot(runs: dict[tuple[str, str], dict[str, Any]], scores: dict[tuple[str, str], list[float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    data = pd.DataFrame(
        [[settings["seed"], settings["alpha"], *scores[key]] for key, settings in runs.items()],
        columns=["seed", "alpha", *_FIGURES],
    ).sort_values("alpha")
    figure, axes = pyplot.subplots(1, 4, figsize=(12, 3), layout="constrained")
    for axis, name in zip(axes, _FIGURES, strict=True):
        for (seed, line), marker in zip(data.groupby("seed"), "o^s", strict=False):
            axis.plot(line["alpha"], line[name], marker=marker, label=f"seed {seed}")
        axis.set(title=name, xlabel="alpha", xticks=[0, 0.25, 0.5, 0.75, 1])
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
