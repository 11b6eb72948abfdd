"""Figures from vectors, from run files, from ir_measures and from an independent implementation are one number."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import ir_datasets
import ir_measures
import numpy as np
import pandas as pd
import pytest
import torch

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.measures.base import pool_only
from hybrid_plugin.measures.named import DEFAULT_MEASURES, parse_measures
from hybrid_plugin.tasks.benchmark import SETTINGS, Pair
from hybrid_plugin.tasks.named import load_benchmark, load_pair
from hybrid_plugin.tasks.task import Task

LANGUAGES = ("en", "zh")


def by_pair(scores: Scores) -> pd.DataFrame:
    return scores.pairs.set_index(["docs", "queries"])


def run_figures(dataset_id: str, path: Path) -> dict[str, float]:
    """What ir_measures makes of a run file, with the qrels of an ir_datasets id."""
    measures = parse_measures(DEFAULT_MEASURES)
    if "/multi/" not in dataset_id:
        measures = [measure for measure in measures if not pool_only(measure)]
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
        found = by_pair(scores).loc[(docs, queries), list(scores.measures)].dropna().to_dict()
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


def test_one_file_scores_as_the_pair_it_is_a_run_of(evaluated: tuple[Scores, Path], tmp_path: Path) -> None:
    scores, folder = evaluated
    for dataset_id in ("mlqa-r/de/zh", "mlqa-r/zh/zh", "mlqa-r/multi/de"):
        benchmark, pair = load_pair(dataset_id)
        assert pair is not None
        path = tmp_path / "a run by any name.gz"
        path.write_bytes(gzip.compress((folder / "runs" / f"{pair.docs}.{pair.queries}.trec").read_bytes()))
        alone = evaluate_runs(benchmark, path, pair=pair)
        assert len(alone.pairs) == 1
        assert alone.settings.keys() == {pair.setting}
        found = by_pair(alone).loc[(pair.docs, pair.queries), list(alone.measures)].dropna().to_dict()
        expected = by_pair(scores).loc[(pair.docs, pair.queries), list(scores.measures)].dropna().to_dict()
        assert found == pytest.approx(expected, abs=1e-12)
        assert found == pytest.approx(run_figures(dataset_id, path), abs=1e-6)


def test_one_file_with_the_queries_of_all_languages_is_a_run_on_the_pool(
    evaluated: tuple[Scores, Path], tmp_path: Path
) -> None:
    scores, folder = evaluated
    lines = [line for lang in ("de", "zh") for line in (folder / "runs" / f"multi.{lang}.trec").open()]
    path = tmp_path / "run.trec"
    path.write_text("".join(lines[::2] + lines[1::2]))  # the lines of a query need not stand together
    again = evaluate_runs(load_benchmark("mlqa-r"), path, languages=("de", "zh"))
    assert again.settings.keys() == {"multi"}
    assert again.settings["multi"] == pytest.approx(scores.settings["multi"], abs=1e-12)
    for pair in again.pairs.itertuples():
        expected = run_figures(f"mlqa-r/multi/{pair.queries}", path)
        found = by_pair(again).loc[("multi", pair.queries), list(DEFAULT_MEASURES)].to_dict()
        assert found == pytest.approx(expected, abs=1e-6)
    with pytest.raises(UserError, match=r"run\.trec has no query of mlqa-r/multi/ar; narrow .* --languages"):
        evaluate_runs(load_benchmark("mlqa-r"), path)


def test_queries_that_a_run_lacks_count_as_having_found_nothing_and_are_counted(
    evaluated: tuple[Scores, Path], tmp_path: Path
) -> None:
    scores, folder = evaluated
    lines = (folder / "runs" / "de.de.trec").read_text().splitlines(keepends=True)
    queries = list(dict.fromkeys(line.split()[0] for line in lines))
    path = tmp_path / "de.de.trec"
    path.write_text("".join(line for line in lines if line.split()[0] not in queries[:3]))
    with pytest.warns(UserWarning, match=rf"^3 of {len(queries)} rankings are missing .* 3 of them in de/de"):
        fewer = evaluate_runs(load_benchmark("mlqa-r"), tmp_path, tmp_path / "out", languages=("de",))
    written = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert written["queries_missing"] == {"de/de": 3}
    nothing_found = fewer.per_query["AP"] == 0
    assert written["queries_undefined"] == {"mono": {"RankDistance": nothing_found.sum()}}
    assert (fewer.per_query["RankDistance"].isna() == nothing_found).all()
    figures = fewer.per_query.set_index("query_id")["AP"]
    whole = scores.per_query.query("docs == 'de' and queries == 'de'").set_index("query_id")["AP"]
    assert (figures[queries[:3]] == 0).all()
    assert (figures[queries[3:]] == whole[queries[3:]]).all()
    assert fewer.settings["mono"]["AP"] == pytest.approx(figures[queries[3:]].sum() / len(queries))


def test_queries_of_the_benchmark_that_a_pair_does_not_ask_are_passed_over(
    evaluated: tuple[Scores, Path], tmp_path: Path
) -> None:
    """In MLQA-R not every question is answered in every language; a system may have been asked all of them."""
    scores, folder = evaluated
    path = tmp_path / "run.trec"
    others = {query.id for query in Task.load(load_benchmark("mlqa-r")).queries["zh"]}
    lines = (folder / "runs" / "de.zh.trec").read_text()
    others -= {line.split()[0] for line in lines.splitlines()}
    assert others
    path.write_text(lines + "".join(f"{query_id} Q0 de_1_0 1 0.5 other\n" for query_id in others))
    benchmark, pair = load_pair("mlqa-r/de/zh")
    again = evaluate_runs(benchmark, path, pair=pair)
    assert by_pair(again).loc[("de", "zh"), "AP"] == by_pair(scores).loc[("de", "zh"), "AP"]


def test_what_one_file_cannot_be_a_run_of_is_refused(tmp_path: Path) -> None:
    benchmark, pair = load_pair("hybrid-demo/de/en")
    assert pair == Pair("de", "en", "cross")
    path = tmp_path / "run.trec"
    path.write_text("q Q0 de_1_0 1 0.5 tag\n")
    with pytest.raises(UserError, match=r"is a run on the pool, so of the setting 'multi'; .* hybrid-demo/ar/ar"):
        evaluate_runs(benchmark, path, settings=["mono"])
    with pytest.raises(UserError, match="hybrid-demo/de/en is one pair; it takes neither settings nor languages"):
        evaluate_runs(benchmark, path, pair=pair, languages=["de"])
    with pytest.raises(UserError, match="is not a file; hybrid-demo/de/en is scored on one run file"):
        evaluate_runs(benchmark, tmp_path, pair=pair)
    with pytest.raises(UserError, match="there is no folder or run file"):
        evaluate_runs(benchmark, tmp_path / "nothing")
    assert load_pair("hybrid-demo") == (benchmark, None)
    assert load_pair("hybrid-demo/multi/en")[1] == Pair("multi", "en", "multi")
    for wrong in ("hybrid-demo/xx/en", "hybrid-demo/de/xx", "hybrid-demo/multi/multi"):
        with pytest.raises(UserError, match=r"hybrid-demo has no language '(xx|multi)'"):
            load_pair(wrong)
    with pytest.raises(UserError, match="unknown benchmark 'nothing'"):
        load_pair("nothing/de/en")


def test_a_depth_gives_the_figures_of_run_files_of_that_depth(tiny: Path, tmp_path: Path) -> None:
    benchmark = load_benchmark("hybrid-demo")
    scores = evaluate(
        benchmark, Encoder.load(tiny), tmp_path / "out", languages=LANGUAGES, depth=20, runs=True, runs_depth=20
    )
    for pair in benchmark.pairs(SETTINGS, LANGUAGES):
        path = tmp_path / "out" / "runs" / f"{pair.docs}.{pair.queries}.trec"
        expected = run_figures(benchmark.dataset_id(pair), path)
        found = by_pair(scores).loc[(pair.docs, pair.queries), list(scores.measures)].dropna().to_dict()
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
