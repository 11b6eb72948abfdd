"""A benchmark and an encoder to scores."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.asked import chosen, named, request_of
from hybrid_plugin.evaluation.scores import PARTS, RUNS, Scores
from hybrid_plugin.evaluation.scoring import measures_of
from hybrid_plugin.evaluation.seen import seen_in_training, trained_on
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.evaluation.stored import encoded_vectors, stored_vectors
from hybrid_plugin.evaluation.vectors import RankingOptions, evaluate_vectors
from hybrid_plugin.files import SCORES, StrPath, scratch_folder
from hybrid_plugin.outputs import REQUEST, folder_is_done, replace_parts, say_done
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.versions import versions


def evaluate(
    benchmark: Benchmark,
    encoder: Encoder,
    output: StrPath | None = None,
    asked: EvaluationSettings | None = None,
    *,
    depth: int | None = None,
    runs: bool = False,
    runs_depth: int | None = DEFAULT_DEPTH,
    vectors: StrPath | None = None,
    progress: bool = False,
    overwrite: bool = False,
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
    overwrite : replace other scores in the output; the same are done at once.

    Raises
    ------
    UserError
        A setting, language, task or measure is unknown, the vectors are not the encoder's or not of the benchmark, or
        the output folder holds other scores or is not ours.

    Examples
    --------
    >>> scores = evaluate(load_benchmark("xquad-r"), Encoder.load("out"), Path("scores"))   # doctest: +SKIP
    >>> scores.settings["multi"]["AP"]                                                      # doctest: +SKIP
    """
    output = None if output is None else Path(output)
    vectors = None if vectors is None else Path(vectors)
    asked = replace(asked or EvaluationSettings(), **changes)
    part = chosen(benchmark, asked)
    measures = measures_of(part, asked)  # complain before the minutes that encoding may take
    identity = encoder.identity
    request = request_of(
        part,
        measures,
        encoder=identity,
        depth=depth,
        runs=runs and output is not None,
        runs_depth=runs_depth if runs else None,
    )
    if output is not None and folder_is_done(output, SCORES, request, overwrite, PARTS):
        say_done(output)
        return Scores.load(output)
    transform = None
    if encoder.transform is not None:
        transform = encoder.transform.against(benchmark.name, part.languages)
    about = {
        **named(part),
        "scope": part.scope,
        "encoder": encoder.name,
        "identity": identity,
        "encoder_settings": {key: encoder.record.get(key) for key in ("base_model", "strategy", "alpha")}
        | vars(encoder.settings)
        | {"precision": encoder.precision, "runtime": encoder.runtime, "transform": transform},
        **seen_in_training(encoder.record, benchmark),
        "trained_on": sorted(trained_on(encoder.record)),
        "languages_trained_on": encoder.record.get("languages", []),
        "seed": encoder.record.get("seed"),
        "depth": depth,
        "runs_depth": (runs_depth if runs else None),
        "versions": versions(),
        REQUEST: request,
    }
    with _scratch(output) as scratch:
        options = RankingOptions(
            depth,
            scratch / RUNS if output is not None and runs else None,
            runs_depth,
            device=str(encoder.device) if encoder.device.type == "cuda" else None,
        )
        docs, queries = (
            encoded_vectors(part, encoder, scratch, progress=progress, identity=identity)
            if vectors is None
            else stored_vectors(part, vectors, encoder)
        )
        result = evaluate_vectors(part, docs, queries, measures, options, about=about, progress=progress)
        del docs, queries  # before their files
        if output is not None:
            result.save(scratch)
            replace_parts(scratch, output, SCORES, PARTS)
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
