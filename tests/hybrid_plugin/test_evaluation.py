"""Figures from vectors, from run files, from ir_measures and from an independent implementation are one number."""

from __future__ import annotations

import json
from pathlib import Path

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pytest
import torch

from hybrid_plugin.benchmarks import SETTINGS, load_benchmark
from hybrid_plugin.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import Scores, Task, evaluate, evaluate_runs
from hybrid_plugin.measures import DEFAULT_MEASURES, parse_measures

LANGUAGES = ("en", "zh")


def by_pair(scores: Scores) -> pd.DataFrame:
    return scores.pairs.set_index(["docs", "queries"])


def run_figures(dataset_id: str, path: Path) -> dict[str, float]:
    """What ir_measures makes of a run file, with the qrels of an ir_datasets id."""
    measures = parse_measures(DEFAULT_MEASURES)
    qrels = list(ir_datasets.load(dataset_id).qrels_iter())
    figures = ir_measures.calc_aggregate(measures, qrels, ir_measures.read_trec_run(str(path)))
    return {str(measure): float(figures[measure]) for measure in measures}


@pytest.fixture(scope="module")
def evaluated(tiny: Path, lareqa: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scores, Path]:
    """Real MLQA-R, ranked by an untrained encoder to a depth of 300, with run files of that depth."""
    folder = tmp_path_factory.mktemp("evaluation") / "mlqa-r"
    encoder = Encoder.load(tiny)
    scores = evaluate(
        load_benchmark("mlqa-r"), encoder, folder, languages=("de", "zh"), depth=300, runs=True, runs_depth=300
    )
    return scores, folder


def assert_scores_are_those_of_ir_measures(scores: Scores, runs: Path) -> int:
    """Compare all pairs; returns how many documents are tied with the one above them."""
    tied = 0
    for path in sorted(runs.iterdir()):
        docs, queries, _ = path.name.split(".")
        expected = run_figures(f"{scores.about['benchmark']}/{docs}/{queries}", path)
        found = by_pair(scores).loc[(docs, queries), list(DEFAULT_MEASURES)].to_dict()
        assert found == pytest.approx(expected, abs=1e-6)
        run = pd.read_csv(path, sep=" ", header=None, usecols=[0, 2, 4], names=["q", "d", "s"], quoting=3)
        tied += int(run.duplicated(["q", "s"]).sum())
    return tied


def test_scores_are_those_of_ir_measures_on_the_run_files_ties_included(evaluated: tuple[Scores, Path]) -> None:
    scores, folder = evaluated
    assert {path.name for path in (folder / "runs").iterdir()} == {
        f"{pair.docs}.{pair.queries}.trec" for pair in load_benchmark("mlqa-r").pairs(SETTINGS, ("de", "zh"))
    }
    assert assert_scores_are_those_of_ir_measures(scores, folder / "runs") > 100, "the proof needs real ties"


def test_so_are_the_scores_of_full_rankings(tiny: Path, lareqa: Path, tmp_path: Path) -> None:
    scores = evaluate(
        load_benchmark("xquad-r"), Encoder.load(tiny), tmp_path / "out", languages=("zh",), settings=("mono",),
        runs=True, runs_depth=None,
    )  # fmt: skip
    assert assert_scores_are_those_of_ir_measures(scores, tmp_path / "out" / "runs") > 100
    assert len((tmp_path / "out" / "runs" / "zh.zh.trec").read_text().splitlines()) == 1190 * 1196


def test_run_files_score_as_the_vectors_they_came_from(evaluated: tuple[Scores, Path]) -> None:
    scores, folder = evaluated
    again = evaluate_runs(load_benchmark("mlqa-r"), folder, languages=("de", "zh"))
    for setting in SETTINGS:
        assert again.settings[setting] == pytest.approx(scores.settings[setting], abs=1e-12)


def test_scores_say_the_precision_of_the_encoding(evaluated: tuple[Scores, Path]) -> None:
    settings = json.loads((evaluated[1] / "scores.json").read_text())["encoder_settings"]
    assert settings["precision"] == ("bfloat16" if torch.cuda.is_available() else "float32")
    assert (settings["pooling"], settings["max_length"]) == ("mean", 128)


def test_a_depth_gives_the_figures_of_run_files_of_that_depth(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    scores = evaluate(
        benchmark, Encoder.load(tiny), tmp_path / "out", languages=LANGUAGES, depth=20, runs=True, runs_depth=20
    )
    for pair in benchmark.pairs(SETTINGS, LANGUAGES):
        path = tmp_path / "out" / "runs" / f"{pair.docs}.{pair.queries}.trec"
        expected = run_figures(benchmark.dataset_id(pair), path)
        found = by_pair(scores).loc[(pair.docs, pair.queries), list(DEFAULT_MEASURES)].to_dict()
        assert found == pytest.approx(expected, abs=1e-6)


def test_an_independent_implementation_gives_the_same_average_precision(tiny: Path, lareqa: Path) -> None:
    encoder = Encoder.load(tiny)
    benchmark = load_benchmark("xquad-r")
    scores = by_pair(evaluate(benchmark, encoder, languages=LANGUAGES, settings=("mono", "cross")))
    for docs_lang in LANGUAGES:
        dataset = ir_datasets.load(f"xquad-r/{docs_lang}")
        docs = list(dataset.docs_iter())
        matrix = encoder.encode([doc.text for doc in docs], "passage")
        for query_lang in LANGUAGES:
            pair = ir_datasets.load(f"xquad-r/{docs_lang}/{query_lang}")
            relevant = pair.qrels_dict()
            values = []
            queries = list(pair.queries_iter())
            for query, vector in zip(queries, encoder.encode([q.text for q in queries], "query"), strict=True):
                ranking = sorted(zip(matrix @ vector, (doc.doc_id for doc in docs), strict=True), reverse=True)
                hits, precisions = 0, []
                for position, (_, doc_id) in enumerate(ranking, start=1):
                    if doc_id in relevant[query.query_id]:
                        hits += 1
                        precisions.append(hits / position)
                values.append(sum(precisions) / len(relevant[query.query_id]))
            assert scores.loc[(docs_lang, query_lang), "AP"] == pytest.approx(np.mean(values), abs=1e-3)


def test_setting_figures_are_macro_averages_over_languages_and_ordered_pairs(evaluated: tuple[Scores, Path]) -> None:
    scores, folder = evaluated
    written = json.loads((folder / "scores.json").read_text())
    assert written["settings"] == scores.settings
    for setting, number in (("mono", 2), ("cross", 2), ("multi", 2)):
        values = [pair["AP"] for pair in written["pairs"] if pair["setting"] == setting]
        assert len(values) == number
        assert written["settings"][setting]["AP"] == pytest.approx(sum(values) / number)
    per_query = pd.read_parquet(folder / "per_query.parquet")
    assert len(per_query) == sum(pair["queries_scored"] for pair in written["pairs"])


def test_narrowing_languages_keeps_the_pool_whole(evaluated: tuple[Scores, Path], tiny: Path) -> None:
    _, folder = evaluated
    run = ir_measures.read_trec_run(str(folder / "runs" / "multi.de.trec"))
    languages = {scored.doc_id.split("_")[0] for scored in run}
    assert languages == set(load_benchmark("mlqa-r").languages)


def test_a_benchmark_that_the_checkpoint_was_trained_on_is_never_zero_shot(tiny: Path, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    benchmark = load_benchmark("hybrid-demo")
    options = {"settings": ("mono",), "languages": ("en",)}
    assert evaluate(benchmark, encoder, **options).about["zero_shot"] is True  # type: ignore[arg-type]
    encoder.record = {"sources": [{"name": "hybrid-demo", "languages": ["en"]}]}
    assert evaluate(benchmark, encoder, **options).about["zero_shot"] is False  # type: ignore[arg-type]


def test_run_files_need_every_pair_of_a_setting(evaluated: tuple[Scores, Path], tmp_path: Path) -> None:
    _, folder = evaluated
    (tmp_path / "de.de.trec").write_bytes((folder / "runs" / "de.de.trec").read_bytes())
    benchmark = load_benchmark("mlqa-r")
    alone = evaluate_runs(benchmark, tmp_path, languages=("de",))
    assert set(alone.settings) == {"mono"}
    with pytest.raises(UserError, match=r"has no ar\.ar\.trec, which the setting 'mono' needs"):
        evaluate_runs(benchmark, tmp_path)


def test_unknown_settings_and_languages_are_named() -> None:
    benchmark = load_benchmark("hybrid-demo")
    with pytest.raises(UserError, match="no language 'xx'; it has: ar, de"):
        benchmark.pairs(languages=["xx"])
    with pytest.raises(UserError, match="unknown setting 'bi'; known: mono, cross, multi"):
        benchmark.pairs(["bi"])


def test_all_settings_of_a_benchmark_are_its_language_pairs(lareqa: Path) -> None:
    pairs = load_benchmark("xquad-r").pairs()
    assert len(pairs) == 132
    assert sum(pair.setting == "cross" for pair in pairs) == 110
    task = Task.load(load_benchmark("mlqa-r"))
    cross = load_benchmark("mlqa-r").pairs(["cross"])
    assert len(cross) == 42
    for pair in cross:
        assert len(task.relevant_of(pair)) == ir_datasets.load(f"mlqa-r/{pair.docs}/{pair.queries}").queries_count()
