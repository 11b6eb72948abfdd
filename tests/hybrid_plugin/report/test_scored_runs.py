"""Run files are drawn only under the scores that were computed from them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.report.landings import Landing, Pooled, read_landing
from hybrid_plugin.report.page import write_report
from hybrid_plugin.report.system import load_systems, pool_of

pytestmark = pytest.mark.xdist_group("report")  # one worker makes what they share

Lines = list[str]


@pytest.fixture(scope="module")
def pooled(folders: list[Path]) -> Pooled:
    return Pooled.load(pool_of(load_systems(folders[:1], ComparisonSettings())))


def drawn(folder: Path, pooled: Pooled) -> Landing:
    (system,) = load_systems([folder], ComparisonSettings())
    return read_landing(system.runs[0], pooled)


def with_runs(scores: Path, runs: Path, target: Path, change: Callable[[Lines], Lines] = lambda lines: lines) -> Path:
    """A copy of an evaluation with the run files of one, changed."""
    shutil.copytree(scores, target, ignore=shutil.ignore_patterns("runs"))
    (target / "runs").mkdir()
    for path in (runs / "runs").glob("multi.*.trec"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        (target / "runs" / path.name).write_text("".join(change(lines)), encoding="utf-8")
    return target


def cut(depth: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for line in lines if int(line.split()[3]) <= depth]


def test_run_files_of_another_system_are_refused_by_name(folders: list[Path], tmp_path: Path) -> None:
    folder = with_runs(folders[0], folders[1], tmp_path / "scores")
    with pytest.raises(UserError) as caught:
        write_report([folder], tmp_path / "report.html", bootstraps=9)
    text = str(caught.value)
    assert text.startswith(f"{folder}/runs/multi.de.trec is not of the rankings that were scored in {folder}: query '")
    assert text.endswith("evaluate again with --runs, or take the folder away")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("depth", [1, 10, 100])
def test_cut_run_files_are_known_too(folders: list[Path], pooled: Pooled, tmp_path: Path, depth: int) -> None:
    assert drawn(with_runs(folders[0], folders[0], tmp_path / "own", cut(depth)), pooled).depth == depth
    with pytest.raises(UserError, match="is not of the rankings that were scored"):
        drawn(with_runs(folders[0], folders[1], tmp_path / "other", cut(depth)), pooled)


def test_a_run_file_that_lost_its_end_or_a_query_is_refused(
    folders: list[Path], pooled: Pooled, tmp_path: Path
) -> None:
    def shortened(lines: Lines) -> Lines:
        return lines[: len(lines) - 200]

    def without_a_query(lines: Lines) -> Lines:
        first = lines[0].split()[0]
        return [line for line in lines if line.split()[0] != first]

    for change in (shortened, without_a_query):
        with pytest.raises(UserError, match="is not of the rankings that were scored"):
            drawn(with_runs(folders[1], folders[1], tmp_path / change.__name__, change), pooled)


def test_scores_of_cut_rankings_fit_their_longer_run_files(folders: list[Path], pooled: Pooled, tmp_path: Path) -> None:
    """As ``evaluate(depth=...)`` writes them: figures of so many documents, and run files of more."""
    folder = shutil.copytree(folders[0], tmp_path / "scores")
    rows = pd.read_parquet(folder / "per_query.parquet")
    scores = json.loads((folder / "scores.json").read_text()) | {"depth": 10}
    (folder / "scores.json").write_text(json.dumps(scores))
    with pytest.raises(UserError, match=r"has AP .* there and .* in the scores"):
        drawn(folder, pooled)
    kept = ["R@1", "R@10", "nDCG@10", "Success@1", "Success@10"]  # which look no deeper
    measures = [name for name in rows if rows[name].dtype == float]
    rows.drop(columns=[name for name in measures if name not in kept]).to_parquet(folder / "per_query.parquet")
    for part in (*scores["settings"].values(), *scores["tasks"], *scores["pairs"]):
        for name in {*measures} - {*kept}:
            part.pop(name, None)
    (folder / "scores.json").write_text(json.dumps(scores))
    assert len(drawn(folder, pooled).relevant)


def test_folders_of_version_01_are_asked_as_well(folders: list[Path], pooled: Pooled, tmp_path: Path) -> None:
    for name, runs in (("own", folders[0]), ("other", folders[1])):
        folder = with_runs(folders[0], runs, tmp_path / name)
        path = folder / "per_query.parquet"
        pd.read_parquet(path).drop(columns=["task", "question", "cluster"]).to_parquet(path, index=False)
    assert drawn(tmp_path / "own", pooled).depth > 1000
    with pytest.raises(UserError, match="is not of the rankings that were scored"):
        drawn(tmp_path / "other", pooled)
