"""A benchmark and an encoder to scores."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.asked import chosen, named
from hybrid_plugin.evaluation.scores import PER_QUERY, RUNS, Scores
from hybrid_plugin.evaluation.scoring import measures_of
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.evaluation.stored import encoded_vectors, stored_vectors
from hybrid_plugin.evaluation.vectors import RankingOptions, evaluate_vectors
from hybrid_plugin.files import SCORES, check_output, scratch_folder
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH
from hybrid_plugin.tasks.benchmark import Benchmark
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
    """Score an encoder on the tasks of a benchmark; each text is encoded once, and vectors lie on disk.

    Parameters
    ----------
    output : gets ``scores.json`` and ``per_query.parquet``, and with ``runs`` a folder ``runs``.
    asked, changes : what is scored; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by
        name, such as ``measures=["AP", "nDCG@10"]``.
    depth : score rankings of so many documents; None scores the full ranking.
    runs : also write a run file a task, ``runs/{docs}.{queries}.trec``.
    runs_depth : documents a query in the run files; None writes all.
    vectors : take the encoder's vectors of the benchmark from this folder, see :func:`stored_vectors`.

    Raises
    ------
    UserError
        A setting, language, task or measure is unknown, or the output folder is not ours.

    Examples
    --------
    >>> scores = evaluate(load_benchmark("xquad-r"), Encoder.load("out"), Path("scores"))   # doctest: +SKIP
    >>> scores.settings["multi"]["AP"]                                                      # doctest: +SKIP
    """
    asked = replace(asked or EvaluationSettings(), **changes)
    part = chosen(benchmark, asked)
    measures = measures_of(part, asked)  # complain before the minutes that encoding may take
    if output is not None:
        check_output(output, SCORES, (PER_QUERY, RUNS))
    transform = None
    if encoder.transform is not None:
        transform = encoder.transform.against(benchmark.name, part.languages)
    seen, own = trained_on(encoder.record), benchmark.whole.dataset_ids
    about = {
        **named(benchmark),
        "encoder": encoder.name,
        "encoder_settings": {key: encoder.record.get(key) for key in ("base_model", "strategy", "alpha")}
        | vars(encoder.settings)
        | {"precision": encoder.precision, "transform": transform},
        "zero_shot": not any(one in own or one.startswith(f"{benchmark.name}/") for one in seen),
        "trained_on": sorted(seen),
        "languages_trained_on": encoder.record.get("languages", []),
        "seed": encoder.record.get("seed"),
        "depth": depth,
        "runs_depth": (runs_depth if runs else None),
        "versions": versions(),
    }
    options = RankingOptions(depth, output / RUNS if output is not None and runs else None, runs_depth)
    with _scratch(output) as scratch:
        docs, queries = (
            encoded_vectors(part, encoder, scratch, batch_size=batch_size, progress=progress)
            if vectors is None
            else stored_vectors(part, vectors)
        )
        result = evaluate_vectors(part, docs, queries, measures, options, about=about, progress=progress)
        del docs, queries  # before their files
    if output is not None:
        result.save(output)
    return result


@contextmanager
def _scratch(output: Path | None) -> Iterator[Path]:
    """A folder for vectors: where there is room for the output, if there is one."""
    if output is None:
        with tempfile.TemporaryDirectory(prefix="hybrid-ir-") as folder:
            yield Path(folder)
    else:
        with scratch_folder(output.parent, output.name) as folder:
            yield folder


def trained_on(record: Mapping[str, Any]) -> set[str]:
    """What a checkpoint was trained on, by its record: the names of its sources, and what these were made from."""
    sources = record.get("sources", [])
    return {name for source in sources for name in (source["name"], *source.get("origins", ()))}
