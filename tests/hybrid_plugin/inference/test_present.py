"""A comparison as it is shown: verdicts that can be quoted, tables, and what is saved."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.compare import compare
from hybrid_plugin.inference.load.published import published_figures
from hybrid_plugin.inference.present.tables import comparison_tables
from hybrid_plugin.outputs import AlreadyDone
from tests.conftest import SHARED, run_cli
from tests.hybrid_plugin.cli.test_cli import refused
from tests.hybrid_plugin.inference.made_up import (
    FAST,
    saved,
    truncate,
)


def test_the_verdict_says_who_is_better_and_where_nothing_is_shown(three: list[Path]) -> None:
    found = compare(three, **FAST)
    assert len(found.tests) == 8, "RankDistance is 0 within one language, and is tested on the pool alone"
    texts = {(t.a, t.setting, t.measure): s for t, s in zip(found.tests.itertuples(), found.verdict[:8], strict=True)}
    for key, text in texts.items():
        assert text.startswith("better beats base in" if key[0] == "better" else "No difference shown between equal")
        assert "after Holm over 8 tests" in text
    assert "in the multilingual setting (RankDistance -" in texts["better", "multi", "RankDistance"]
    assert "lower is better" in texts["better", "multi", "RankDistance"]
    assert "(AP +0." in texts["better", "cross", "AP"]
    assert (found.tests.query("a == 'better'")[["wins"]] > 45).all(axis=None), "fewer positions apart is a win"
    flipped = compare([three[2], three[0]], **FAST)
    assert all(text.startswith("better beats base") for text in flipped.verdict[: len(flipped.tests)])


def test_runs_of_one_system_are_told_on_the_command_line(tmp_path: Path) -> None:
    runs: dict[str, list[Path]] = {}
    for name, gain in (("cross", 0.0), ("mono", 0.1)):
        runs[name] = [saved(tmp_path / f"alpha={gain},seed={seed}", gain, int(100 * gain) + seed) for seed in range(2)]
    named = [f"{name}={folder}" for name, folders in runs.items() for folder in folders]
    printed = run_cli("compare", *named, "--resamples", 4000).stdout
    assert "mono beats cross in the monolingual setting" in printed
    assert "± standard deviation over runs" in printed
    printed = run_cli("compare", runs["cross"][0], runs["mono"][0], "--resamples", 4000).stdout
    assert "alpha=0.1,seed=0 beats alpha=0.0,seed=0" in printed, "a folder's name may hold an equals sign"
    assert "folders of two systems or more" in refused("compare", *named[:2])


def test_what_was_trained_on_the_benchmark_is_marked(tmp_path: Path) -> None:
    folders = [
        saved(tmp_path / "base", zero_shot=None),
        saved(tmp_path / "taught", 0.1, zero_shot=False, trained_on=["made-up"]),
    ]
    found = compare(folders, **FAST)
    assert "taught (trained on made-up, not zero-shot) beats base" in found.verdict[0]
    assert found.verdict[-1] == "What base was trained on is not recorded, so whether it is zero-shot is not known."
    found.save(tmp_path / "out")
    assert r"taught$^\ast$ &" in (tmp_path / "out" / "table.tex").read_text()


def test_published_figures_beside_a_part_are_said_to_be_of_the_whole(tmp_path: Path) -> None:
    folders = [saved(tmp_path / name, benchmark="xquad-r") for name in ("base", "other")]
    found = compare(folders, published=True, **FAST)
    assert "Published figures are of the whole benchmark." in next(comparison_tables(found)).notes
    assert "as published, not tested, of the whole benchmark." in found.latex


def test_published_figures_are_those_of_the_record_and_are_never_tested(three: list[Path]) -> None:
    rows = published_figures("xquad-r").set_index(["system", "setting", "measure"])["value"]
    assert rows["LaBSE, hybrid batches (Elmahdy et al. 2024)", "multi", "RankDistance"] == 221.1
    assert rows["mBERT, X-Y (Roy et al. 2020)", "multi", "AP"] == 0.66
    assert len(published_figures("made-up")) == len(compare(three, published=True, **FAST).published) == 0
    reference = SHARED / "reference" / "published_results.json"
    if not reference.is_file():
        pytest.skip(f"needs {reference}")
    record = json.loads(reference.read_text())
    names = {"xlm-r": "XLM-R", "labse": "LaBSE"}
    for benchmark in ("xquad-r", "mlqa-r"):
        rows = published_figures(benchmark).set_index(["system", "setting", "measure"])["value"]
        expected = {}
        for model, strategies in record["hybrid_batch_training"]["map"][benchmark].items():
            for strategy, figures in strategies.items():
                name = f"{names[model]}, {strategy} batches (Elmahdy et al. 2024)"
                expected |= {(name, setting, "AP"): value for setting, value in figures.items()}
                distance = record["hybrid_batch_training"]["rank_distance"][benchmark][model][strategy]["mean"]
                expected[name, "multi", "RankDistance"] = distance
        for name, value in record["lareqa"]["map"][benchmark].items():
            expected[f"mBERT, {name} (Roy et al. 2020)", "multi", "AP"] = value
        assert rows.to_dict() == expected


def test_the_command_prints_what_the_function_found(three: list[Path], tmp_path: Path) -> None:
    found = compare(three, measures=["AP", "R@1"], resamples=4000)
    command = ("compare", *three, "--measures", "AP", "R@1", "--resamples", 4000)
    printed = run_cli(*command).stdout
    assert printed.endswith("\n".join(found.verdict) + "\n")
    for expected in ("95% intervals", "seen: de zh", "better minus base by query language", "R@1 mono"):
        assert expected in printed
    quiet = run_cli(*command, "--output", tmp_path / "out").stdout
    assert quiet.splitlines() == [*found.verdict, str(tmp_path / "out" / "comparison.json")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "by_language.csv", "by_training.csv", "comparison.json", "directions.csv", "figures.csv", "gaps.csv",
        "languages.csv", "table.tex", "tests.csv",
    ]  # fmt: skip
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert written["verdict"] == list(found.verdict)
    assert written["about"]["better"]["languages_trained_on"] == ["de", "zh"]
    with (tmp_path / "out" / "tests.csv").open() as file:
        assert [float(row["p_t"]) for row in csv.DictReader(file)] == pytest.approx(list(found.tests["p_t"]))
    assert [row["p_t"] for row in written["tests"]] == pytest.approx(list(found.tests["p_t"]))


def test_the_same_comparison_again_is_done_and_another_is_refused(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ("compare", *three[:2], "--measures", "AP", "--resamples", 4000, "--output", out)
    first = run_cli(*command).stdout
    stamp = (out / "comparison.json").stat().st_mtime_ns
    again = run_cli(*command)
    assert again.stdout == first
    assert f"{out} is done already" in again.stderr
    with pytest.warns(AlreadyDone):
        compare(three[:2], measures=["AP"], resamples=4000).save(out)
    assert (out / "comparison.json").stat().st_mtime_ns == stamp
    assert "(seed was 0, is 1); choose another output, or replace it with --overwrite" in refused(*command, "--seed", 1)
    swapped = compare(three[1::-1], measures=["AP"], resamples=4000)
    with pytest.raises(UserError, match=r"other settings \(systems was base equal, is equal base\)"):
        swapped.save(out)
    swapped.save(out, overwrite=True)
    assert json.loads((out / "comparison.json").read_text())["systems"] == ["equal", "base"]
    saved(three[1], gain=0.2)
    with pytest.raises(UserError, match=r"\(evaluations equal was sha256:.*, is sha256:"):
        compare(three[1::-1], measures=["AP"], resamples=4000).save(out)


def test_the_latex_table_marks_the_best_and_explains_its_marks(tmp_path: Path) -> None:
    folders = [saved(tmp_path / "a_b", benchmark="xquad-r"), saved(tmp_path / "100%", 0.1, seed=6, benchmark="xquad-r")]
    compare(folders, published=True, **FAST).save(tmp_path / "out")
    table = (tmp_path / "out" / "table.tex").read_text()
    assert r" & \multicolumn{1}{c}{mono} & \multicolumn{1}{c}{cross} & \multicolumn{2}{c}{multi} \\" in table
    assert r"\cmidrule(lr){2-2}\cmidrule(lr){3-3}\cmidrule(lr){4-5}" in table
    assert r"system & AP $\uparrow$ & AP $\uparrow$ & AP $\uparrow$ & RankDistance $\downarrow$ \\" in table
    best = next(line for line in table.splitlines() if line.startswith(r"100\%"))
    assert best.count(r"\textbf{") == best.count(r"$^\dagger$") == 4
    assert r"a\_b & 0." in table
    assert r"$^\dagger$: differs from a\_b (paired randomisation test over 30 clusters" in table
    assert "XLM-R, cross batches$^a$ & 0.755 & 0.700 & 0.593 & 295.4" in table
    assert r"\begin{adjustbox}{max width=\columnwidth}" in table


def test_the_latex_table_names_the_tests_that_were_made(three: list[Path]) -> None:
    systems = {"base": [three[0]], "other": [three[1]], "both": [three[2], three[2].parent / "again"]}
    saved(systems["both"][1], 0.12, seed=7, languages_trained_on=["de", "zh"])
    mixed = compare(systems, measures="AP", **FAST).latex
    assert (
        "base (paired randomisation test over 30 clusters, of several runs t-test, clusters and runs random," in mixed
    )
    del systems["other"]
    assert "differs from base (t-test, clusters and runs random," in compare(systems, measures="AP", **FAST).latex


def test_the_latex_table_shows_names_as_they_are(tmp_path: Path) -> None:
    names = ("a~b^c", "{x}#$&\\", "@dagger")
    folders = [saved(tmp_path / name, 0.1 * number) for number, name in enumerate(names)]
    table = compare(folders, **FAST).latex
    printed = (r"a\textasciitilde{}b\textasciicircum{}c", r"\{x\}\#\$\&\textbackslash{}", "@dagger")
    for name in printed:
        assert any(line.startswith(f"{name} & ") for line in table.splitlines())
    assert f"differs from {printed[0]} (" in table


def test_the_csv_files_hold_no_formulas(tmp_path: Path) -> None:
    names = ("=1+1", "-lr", "+x", "@y", "\tz")
    folders = [saved(tmp_path / name, -0.1 * (number == 1), seed=number) for number, name in enumerate(names)]
    found = compare(folders, **FAST)
    found.save(tmp_path / "out")
    with (tmp_path / "out" / "tests.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["b"] for row in rows} == {"'=1+1"}
    assert list(dict.fromkeys(row["a"] for row in rows)) == [f"'{name}" for name in names[1:]]
    assert {row["winner"] for row in rows} >= {"'=1+1", ""}
    assert [float(row["difference"]) for row in rows] == list(found.tests["difference"]), "numbers stay as they are"
    assert any(row["difference"].startswith("-") for row in rows)
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert written["systems"] == list(names)


def test_the_command_refuses_in_one_sentence_and_writes_nothing(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "folders of two systems or more" in refused("compare", three[0], "--output", out, writes=out)
    assert "base was not scored with P@5, but with AP, R@1, RankDistance; evaluate it with --measures P@5" in refused(
        "compare", *three, "--measures", "P@5", "AP", "--output", out, writes=out
    )
    truncate(three[1])
    assert "cannot be read" in refused("compare", *three, "--output", out, writes=out)
    assert "is not ours to replace" in refused("compare", three[0], three[2], "--output", three[1].parent)
