"""A sweep chooses by validation, merges runs, and looks at the end once, when all is chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from datasets_ext.parallel import (
    LanguagePart,
    PackageDocumentation,
    ParallelCollection,
    ParallelDoc,
    ParallelQuery,
    register_collection,
    unregister_collection,
)
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.files import SCORES, read_json, write_json
from hybrid_plugin.training.choice import choose
from hybrid_plugin.training.grid import Run, read_sweep
from hybrid_plugin.training.log import LOG, Log
from hybrid_plugin.training.plan import TABLE, plan, times
from hybrid_plugin.training.sweep import SweepFailed, sweep

END = "end-of-sweep"
VALIDATION = "hybrid-demo/de/de"


def runs_of(folder: Path, content: str) -> list[Run]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "grid.yaml").write_text(content, encoding="utf-8")
    return read_sweep(folder / "grid.yaml")


# --- the file ---------------------------------------------------------------------------------------------------

BASE = "base: {model: m, source: s, validate: v}\n"
MERGED = """
  - {strategy: merge, merge: [["strategy=mono,seed={seed}", "strategy=cross,seed={seed}"]], weights: [[0.5, 0.5]],
     method: [linear, spherical], seed: [0, 1]}
  - {strategy: [mono, cross], seed: [0, 1]}
"""


def test_merges_come_after_the_runs_that_they_are_made_of(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, f"{BASE}grids:{MERGED}")
    assert [run.name for run in runs] == [
        "strategy=mono,seed=0",
        "strategy=cross,seed=0",
        "strategy=merge,merge=mono+cross,weights=0.5+0.5,method=linear,seed=0",
        "strategy=mono,seed=1",
        "strategy=cross,seed=1",
        "strategy=merge,merge=mono+cross,weights=0.5+0.5,method=linear,seed=1",
        "strategy=merge,merge=mono+cross,weights=0.5+0.5,method=spherical,seed=0",
        "strategy=merge,merge=mono+cross,weights=0.5+0.5,method=spherical,seed=1",
    ]
    assert runs[5].merged == ["strategy=mono,seed=1", "strategy=cross,seed=1"]


@pytest.mark.parametrize(
    ("grid", "name"),
    [
        ("{loss: {info_nce: 1, align_queries: 0.5}}", "loss=info_nce:1+align_queries:0.5"),
        ("{trainer: [{max_grad_norm: 1}]}", "trainer=max_grad_norm:1"),
        ("{source: mlqa-r:training, seed: 3}", "source=mlqa-r:training,seed=3"),
        ("{source: [[a/b.jsonl, c]]}", "source=b.jsonl+c"),
    ],
)
def test_names_are_short_and_those_of_folders(tmp_path: Path, grid: str, name: str) -> None:
    assert [run.name for run in runs_of(tmp_path, f"{BASE}grids: [{grid}]")] == [name]


def test_names_that_are_too_long_for_a_folder_are_cut_and_differ(tmp_path: Path) -> None:
    long = "ü" * 150
    names = [run.name for run in runs_of(tmp_path, f"{BASE}grids: [{{source: [{long}, {long}x]}}]")]
    assert len(set(names)) == 2
    assert all(len(name.encode()) <= 200 for name in names)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("grids: [{strategy: merge}]", "lacks the key 'merge'"),
        ("grids: [{strategy: merge, merge: [a, b]}]", r"merge is 'a'; it takes a list within the list"),
        ("grids: [{strategy: merge, merge: [[a, b]]}]", "merges 'a', which is no run"),
        ("grids: [{strategy: merge, merge: [['{seed}', b]]}]", "a placeholder in 'merge' is no key of the run: 'seed'"),
        ("grids: [{strategy: merge, merge: [['{', b]]}]", "a placeholder in 'merge'"),
        ("grids: [{strategy: merge, merge: [[1, 2]]}]", "merge is 1; it takes a name"),
        ("grids: [{strategy: mono, weights: [[1, 2]]}]", "'weights' goes with the strategy 'merge' alone"),
        ("grids: [{strategy: untouched}, {strategy: merge, merge: [[strategy=untouched, b]]}]", "has no checkpoint"),
        ("grids: [{validate: 3}]", "validate is 3; it takes a name"),
        ("grids: [{validate: v, evaluate: v}]", "have one name"),
        ("grids: [{}]\nfinal: {evaluate: v}", "have one name"),
        ("grids: [{}]\nfinal: x", "takes the key 'evaluate'"),
        ("grids: [{}]\nfinal: {evaluate: x, amnog: [steps]}", "takes the key 'evaluate', beside 'among' and 'by'"),
        ("grids: [{}]\nfinal: {evaluate: x, among: [stesp]}", "'stesp' in 'among' .*; did you mean 'steps'"),
        ("grids: [{}]\nfinal: {evaluate: x, among: seed}", "'seed' in 'among' is no key that can be chosen"),
        ("grids: [{}]\nfinal: {evaluate: [1]}", "has 1; it takes a name"),
        ("grids: [{}]\nfinals: {evaluate: x}", "beside 'base' and 'final', and no other"),
    ],
)
def test_a_bad_file_is_refused_at_once(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        runs_of(tmp_path, BASE + content)


def test_a_run_that_is_made_of_itself_is_refused(tmp_path: Path) -> None:
    merged = "{strategy: merge, merge: [['strategy=merge,merge={method},steps={steps}', x]], steps: 1}"
    with pytest.raises(UserError, match=r"the run 'strategy=merge,merge=merge\+x,steps=1' is made of itself"):
        runs_of(tmp_path, f"base: {{model: m, validate: v, method: merge+x}}\ngrids: [{merged}]")


# --- the choice -------------------------------------------------------------------------------------------------

VARIED = """
base: {model: m, source: s, validate: v, evaluate: e}
grids:
  - {strategy: untouched}
  - {strategy: [mono, cross], temperature: [0.01, 0.02, 0.05], seed: [0, 1]}
final: {evaluate: x, among: temperature}
"""


def write_scores(output: Path, run: Run, **settings: dict[str, float]) -> None:
    folder = output / "runs" / run.name / "v"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SCORES, {"settings": settings})


def test_the_mean_over_seeds_and_settings_decides(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, VARIED)
    # One seed of 0.01 is the best of all, and so is one setting of 0.05; the means of 0.02 are higher.
    figures = {0.01: ((0.9, 0.9), (0.1, 0.1)), 0.02: ((0.6, 0.6), (0.6, 0.7)), 0.05: ((1.0, 0.0), (1.0, 0.0))}
    for run in runs:
        mono, multi = figures[run.settings.get("temperature", 0.05)][run.settings.get("seed", 0)]
        if run.settings["strategy"] == "cross":
            mono, multi = 1 - mono, 1 - multi
        write_scores(tmp_path, run, mono={"AP": mono, "R@1": 1}, multi={"AP": multi, "RankDistance": 100 * multi})
    final = runs[0].final
    assert final is not None
    chosen = choose(runs, final, tmp_path)
    assert [[run.name for run in one.chosen.runs] for one in chosen] == [
        ["strategy=untouched"],
        [f"strategy=mono,temperature=0.02,seed={seed}" for seed in (0, 1)],
        [f"strategy=cross,temperature=0.01,seed={seed}" for seed in (0, 1)],  # the first of two that are best
    ]
    noted = chosen[1].as_json()
    assert (noted["by"], noted["validation"]) == ("AP", "v")
    assert [one["values"] for one in noted["candidates"]] == [{"temperature": value} for value in (0.01, 0.02, 0.05)]
    assert [one["mean"] for one in noted["candidates"]] == pytest.approx([0.5, 0.625, 0.5])
    assert noted["candidates"][0]["figures"] == {
        f"strategy=mono,temperature=0.01,seed={seed}": pytest.approx(value) for seed, value in ((0, 0.9), (1, 0.1))
    }
    lowest = runs_of(tmp_path, VARIED.replace("temperature}", "temperature, by: RankDistance}"))
    chosen = choose(lowest, lowest[0].final, tmp_path)  # type: ignore[arg-type]
    assert chosen[1].chosen.values == {"temperature": 0.05}
    other = runs_of(tmp_path, VARIED.replace("temperature}", "temperature, by: nDCG@10}"))
    with pytest.raises(UserError, match=r"the final choice is by nDCG@10, and .* has only AP, R@1, RankDistance"):
        choose(other, other[0].final, tmp_path)  # type: ignore[arg-type]


def test_what_is_to_be_chosen_needs_one_validation(tmp_path: Path) -> None:
    for blind, message in (
        ("{temperature: 0.01}, {temperature: 0.02, validate: w}", "have not the same validation"),
        ("{temperature: 0.01}, {temperature: 0.02, validate: null}", "temperature=0.02.* lacks the key 'validate'"),
    ):
        runs = runs_of(tmp_path, f"{BASE}grids: [{blind}]\nfinal: {{evaluate: x, among: temperature}}")
        with pytest.raises(UserError, match=message):
            choose(runs, runs[0].final, tmp_path)  # type: ignore[arg-type]


def test_a_run_alone_needs_no_validation(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, "grids: [{model: m, source: s, seed: [0, 1]}]\nfinal: {evaluate: x}")
    (choice,) = choose(runs, runs[0].final, tmp_path)  # type: ignore[arg-type]
    assert choice.chosen.runs == tuple(runs)
    assert choice.as_json()["candidates"] == [{"values": {}, "mean": None, "figures": None}]


def test_the_log_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    log = Log(tmp_path / LOG)
    assert list(log.events("read")) == []
    log.add("read", {"use": "train"})
    with log.path.open("a") as file:
        file.write('{"time": "20')
    log.add("read", {"use": "final"})
    assert [entry["use"] for entry in log.events("read")] == ["train", "final"]


# --- the whole --------------------------------------------------------------------------------------------------

SWEEP = f"""
base: {{model: MODEL, source: hybrid-demo-train/de/de, validate: {VALIDATION}, steps: 1, batch_size: 4}}
grids:
  - {{strategy: mono, learning_rate: [1.0e-3, 1.0e-5]}}
  - {{strategy: merge, merge: [["strategy=mono,learning_rate=0.001", "strategy=mono,learning_rate=1e-05"]]}}
final: {{evaluate: {END}, among: [learning_rate]}}
"""


@pytest.fixture
def end(tmp_path: Path) -> Iterator[str]:
    """A benchmark that cannot be read before three runs have been validated."""

    def load(lang: str) -> LanguagePart:
        validated = list(tmp_path.glob(f"out/runs/*/{VALIDATION}/{SCORES}"))
        assert len(validated) >= 3, "it was looked at before the choice"
        docs = [ParallelDoc(f"{lang}_{i}_0", f"{lang} {i}", "", "", lang) for i in range(3)]
        queries = [ParallelQuery(f"q{i}_{lang}", f"{i}?", lang, f"q{i}") for i in range(3)]
        return LanguagePart(docs, queries, {f"q{i}": [f"{lang}_{i}_0"] for i in range(3)})

    collection = ParallelCollection(END, ["de", "en"], load, "1", at_hand=lambda lang: True)
    register_collection(collection, PackageDocumentation("parallel.yaml"))
    yield END
    unregister_collection(END)


def test_the_end_is_read_once_when_all_is_chosen_and_by_the_chosen_alone(tiny: Path, tmp_path: Path, end: str) -> None:
    content, output = SWEEP.replace("MODEL", f"'{tiny}'"), tmp_path / "out"
    runs = runs_of(tmp_path, content)
    plan(runs, output)
    broken: set[str] = {"validation"}
    read: list[str] = []

    def watched(benchmark: Any, encoder: Encoder, folder: Path | None = None, **options: Any) -> Any:
        if "validation" in broken and "1e-05" in str(folder):
            raise MemoryError("no room")
        if benchmark.name == end and "end" in broken and read.count(end):
            raise KeyboardInterrupt
        read.append(benchmark.name)
        return evaluate(benchmark, encoder, folder, **options)

    said: list[str] = []
    with pytest.raises(SweepFailed, match="no room"):
        sweep(runs, output, watched, say=said.append)
    assert said[-1] == f"nothing is chosen, and {end} not read, before 'strategy=mono,learning_rate=1e-05' is done"
    assert end not in read
    assert not list(Log(output / LOG).events("choose"))

    broken = {"end"}
    with pytest.raises(KeyboardInterrupt):
        sweep(runs, output, watched, say=said.append)
    assert read.count(end) == 1
    broken = set()
    sweep(runs, output, watched, say=said.append)
    sweep(runs, output, watched, say=said.append)
    assert read.count(end) == 2, "one trained run is chosen, and the merge"

    log = [json.loads(line) for line in (output / LOG).read_text(encoding="utf-8").splitlines()]
    steps = [entry.get("use", "choose") for entry in log]
    assert steps.count("choose") == 2, "what was chosen before is not chosen again"
    assert set(steps[: steps.index("choose")]) == {"train", "validate"}
    assert set(steps[steps.index("choose") :]) == {"choose", "final"}
    assert [entry["ids"] for entry in log if entry.get("use") == "train"] == [["hybrid-demo-train/de/de"]] * 2
    assert all((end in entry["ids"]) == (entry["use"] == "final") for entry in log if entry["event"] == "read")
    assert sorted(entry["time"] for entry in log) == [entry["time"] for entry in log]

    table = pd.read_csv(output / TABLE)
    figures = table[table["use"] == "validate"].groupby("run")["AP"].mean()
    trained, merged = [run.name for run in runs[:2]], runs[2].name
    best = max(trained, key=lambda name: figures[name])
    assert {*table.loc[table["chosen"], "run"]} == {*table.loc[table["use"] == "final", "run"]} == {best, merged}
    assert {*table["benchmark"]} == {VALIDATION, end}
    choice = next(entry for entry in log if entry["event"] == "choose")
    assert choice["chosen"] == [best]
    assert [one["mean"] for one in choice["candidates"]] == pytest.approx([figures[name] for name in trained])

    record = read_json(output / "runs" / merged / "checkpoint" / RECORD)
    assert [part["weight"] for part in record["merged"]["checkpoints"]] == [0.5, 0.5]

    more = runs_of(tmp_path, content.replace("1.0e-5]", "1.0e-5, 1.0e-4]"))
    with pytest.warns(UserWarning, match=f"{end} was read before, so what is chosen now comes after a look"):
        sweep(more, output, watched, say=said.append)

    other = runs_of(tmp_path, content.replace("steps: 1,", "steps: 2,"))
    with pytest.raises(UserError, match="with other settings"):
        plan(other, output)
    planned = plan(other, output, overwrite=True)
    assert [one.train for one in planned] == [True] * 3, "what is merged of other runs is another merge"
    expected = times(planned)
    assert expected["seconds"].notna().all()
    (last,) = expected[expected["end"].notna()].itertuples()
    assert (last.end, last.chosen) == (end, 2), "of two that differ in their learning rate one, and the merge"
    assert plan(runs, output)[0].evaluate == []
    assert times(plan(runs, output))["end"].isna().all(), "all that was chosen is scored"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[learning_rate]}}", "[learning_rate], by: APP}}"), "unknown measure 'APP'"),
        (("final: {evaluate: end-of-sweep", "final: {evaluate: end-of-swep"), "unknown benchmark 'end-of-swep'"),
        (
            ("final: {evaluate: end-of-sweep", "final: {evaluate: hybrid-demo"),
            "it reads hybrid-demo/.* for the end alone",
        ),
        (
            ("final: {evaluate: end-of-sweep", "final: {evaluate: hybrid-demo-train/de/de"),
            "it reads hybrid-demo-train/de/de, and",
        ),
        (('1e-05"]]', '1e-05"]], weights: [[1, -1]]'), "the weights are 1 -1"),
        (('1e-05"]]', '1e-05"]], method: slerp'), "unknown method 'slerp'"),
    ],
)
def test_what_cannot_be_done_in_the_end_is_refused_before_the_start(
    tiny: Path, tmp_path: Path, end: str, change: tuple[str, str], message: str
) -> None:
    content = SWEEP.replace("MODEL", f"'{tiny}'")
    before, after = (one.replace("}}", "}") for one in change)
    assert before in content
    with pytest.raises(UserError, match=message):
        sweep(runs_of(tmp_path, content.replace(before, after)), tmp_path / "out", evaluate, say=lambda _: None)
    assert not (tmp_path / "out").exists()


def test_a_part_of_the_end_is_the_end(tiny: Path, tmp_path: Path, lareqa: Path) -> None:
    content = f"""
base: {{model: '{tiny}', source: hybrid-demo, steps: 1, batch_size: 4}}
grids: [{{strategy: mono, validate: mlqa-r:validation}}]
final: {{evaluate: mlqa-r}}
"""
    with pytest.raises(UserError, match="it reads mlqa-r-validation, and mlqa-r is for the end alone"):
        plan(runs_of(tmp_path, content), tmp_path / "out")
    (one,) = plan(runs_of(tmp_path, content.replace("evaluate: mlqa-r}", "evaluate: mlqa-r:training}")), tmp_path / "o")
    assert one.evaluate == ["mlqa-r:validation"]
