"""A benchmark and an encoder to scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybrid_plugin.encoding.encode import encode_texts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.vectors import stored_vectors as stored_vectors  # once to be had from this wing
from hybrid_plugin.evaluation.scores import PER_QUERY, RUNS, Scores
from hybrid_plugin.evaluation.scoring import parsed_measures
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.evaluation.vectors import evaluate_vectors
from hybrid_plugin.files import SCORES, check_output
from hybrid_plugin.measures.named import DEFAULT_MEASURES
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH
from hybrid_plugin.tasks.benchmark import SETTINGS, Benchmark
from hybrid_plugin.tasks.task import Task as Task  # once to be had from this wing
from hybrid_plugin.tasks.task import document_languages
from hybrid_plugin.versions import versions


def evaluate(
    benchmark: Benchmark,
    encoder: Encoder,
    output: Path | None = None,
    asked: EvaluationSettings | None = None,
    *,
    depth: int | None = None,
    runs: bool = False,
    runs_depth: int | None = DEFAULT_DEPTH,
    vectors: Path | None = None,
    batch_size: int | None = None,
    progress: bool = False,
    **changes: Any,
) -> Scores:
    """Score an encoder in the three settings; each language's texts are encoded once.

    Parameters
    ----------
    output : gets ``scores.json`` and ``per_query.parquet``, and with ``runs`` a folder ``runs``.
    asked, changes : what is scored; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by
        name, such as ``measures=["AP", "nDCG@10"]``.
    depth : score rankings of so many documents; None scores the full ranking.
    runs : also write a run file a pair, ``runs/{docs}.{queries}.trec``.
    runs_depth : documents a query in the run files; None writes all.
    vectors : take the encoder's vectors of the benchmark from this folder, see :func:`stored_vectors`.

    Raises
    ------
    UserError
        A setting, language or measure is unknown, or the output folder is not ours.

    Examples
    --------
    >>> scores = evaluate(load_benchmark("xquad-r"), Encoder.load("out"), Path("scores"))   # doctest: +SKIP
    >>> scores.settings["multi"]["AP"]                                                      # doctest: +SKIP
    """
    asked = replace(asked or EvaluationSettings(), **changes)
    measures = asked.measures or DEFAULT_MEASURES
    pairs = benchmark.pairs(asked.settings or SETTINGS, asked.languages or None)
    parsed_measures(measures, benchmark, pairs)  # complain before the minutes that encoding may take
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    task = Task.load(benchmark)
    transform = None
    if encoder.transform is not None:
        scored = {*document_languages(benchmark, pairs), *(pair.queries for pair in pairs)}
        transform = encoder.transform.against(benchmark.name, scored)
    if vectors is None:
        docs = {
            lang: encode_texts(encoder, task.docs[lang], "passage", batch_size=batch_size, progress=progress)
            for lang in document_languages(benchmark, pairs)
        }
        queries = {
            lang: encode_texts(encoder, task.queries[lang], "query", batch_size=batch_size, progress=progress)
            for lang in dict.fromkeys(pair.queries for pair in pairs)
        }
    else:
        docs, queries = stored_vectors(task, vectors)
    seen = trained_on(encoder.record)
    about = {
        "benchmark": benchmark.name,
        "encoder": encoder.name,
        "encoder_settings": {key: encoder.record.get(key) for key in ("base_model", "strategy", "alpha")}
        | vars(encoder.settings)
        | {"precision": encoder.precision, "transform": transform},
        "zero_shot": seen.isdisjoint({benchmark.name, *map(benchmark.dataset_id, benchmark.pairs())}),
        "trained_on": sorted(seen),
        "languages_trained_on": encoder.record.get("languages", []),
        "seed": encoder.record.get("seed"),
        "depth": depth,
        "runs_depth": (runs_depth if runs else None),
        "versions": versions(),
    }
    run_folder = output / RUNS if output is not None and runs else None
    result = evaluate_vectors(
        task,
        docs,
        queries,
        pairs,
        measures=measures,
        depth=depth,
        run_folder=run_folder,
        runs_depth=runs_depth,
        about=about,
    )
    if output is not None:
        result.save(output)
    return result


def trained_on(record: Mapping[str, Any]) -> set[str]:
    """What a checkpoint was trained on, by its record: the names of its sources, and what these were made from."""
    sources = record.get("sources", [])
    return {name for source in sources for name in (source["name"], *source.get("origins", ()))}
