"""BM25 as a baseline."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybrid_plugin.evaluation.asked import chosen, request_of
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import PARTS, RUNS, Scores
from hybrid_plugin.evaluation.scoring import measures_of
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import SCORES, StrPath, scratch_folder
from hybrid_plugin.java import import_pyserini
from hybrid_plugin.outputs import REQUEST, folder_is_done, replace_parts, say_done
from hybrid_plugin.retrieval.bm25 import K1, Analyzers, B, index_texts, search_texts, silence_java
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.task import View, run_name
from hybrid_plugin.tasks.texts import Text, documents, query_texts

SETTINGS = ("mono", "multi")


def evaluate_bm25(
    benchmark: Benchmark,
    output: StrPath | None = None,
    asked: EvaluationSettings | None = None,
    *,
    depth: int | None = DEFAULT_DEPTH,
    runs: bool = False,
    overwrite: bool = False,
    **changes: Any,
) -> Scores:
    """Score BM25 (k1 0.9, b 0.4: Pyserini's defaults), indexed and searched by Pyserini's own Lucene.

    Documents and queries are analysed in their own languages before they are indexed and searched, so that the pool of
    ``multi`` is one index with one set of statistics. Within one language this gives the very run of Pyserini's
    ``--language``. A language's analyzer is Anserini's, or else Lucene's, or else Anserini's default, the English one;
    ``scores.json`` names it.

    Parameters
    ----------
    output : gets ``scores.json`` and ``per_query.parquet``, and with ``runs`` a folder ``runs``.
    asked, changes : what is scored; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by
        name, such as ``measures=["AP", "nDCG@10"]``.
        By default the settings are mono and multi: words seldom match across languages.
    depth : documents a query that are searched and scored; None for all that share a word with it.
    overwrite : replace other scores in the output; the same are done at once.

    Raises
    ------
    UserError
        A setting or language is unknown, Pyserini or Java is missing, or the output folder holds other scores or is not
        ours.
    """
    output = None if output is None else Path(output)
    asked = replace(asked or EvaluationSettings(), **changes)
    if not asked.settings and not asked.tasks:
        asked = replace(asked, settings=tuple(one for one in SETTINGS if one in benchmark.settings))
    part = chosen(benchmark, asked)
    kept = runs and output is not None
    request = request_of(part, measures_of(part, asked), bm25={"k1": K1, "b": B}, depth=depth, runs=kept)
    if output is not None and folder_is_done(output, SCORES, request, overwrite, PARTS):
        say_done(output)
        return Scores.load(output)
    import_pyserini()
    silence_java()
    analyzers = Analyzers()
    with tempfile.TemporaryDirectory(prefix="bm25-") as scratch:
        folder = Path(scratch, RUNS)
        folder.mkdir()
        words = _Words(analyzers, Path(scratch))
        for number, docs in enumerate(dict.fromkeys(task.docs for task in part.tasks)):
            index = Path(scratch, f"index{number}")
            index_texts(index, (text for view in docs for text in words.of(view)))
            size = sum(words.count(view) for view in docs)
            for task in part.tasks:
                if task.docs == docs:
                    queries = list(analyzers.analysed(query_texts(task.queries)))
                    run, dropped = folder / run_name(task), Judgements.load(task).dropped
                    more = max(map(len, dropped.values()), default=0)
                    search_texts(index, queries, run, min((depth or size) + more, size))
                    if dropped:
                        _drop(run, dropped, depth)
            shutil.rmtree(index)
        with warnings.catch_warnings():
            # A query of which no word occurs is missing in the run; that is no fault of the run.
            warnings.filterwarnings("ignore", ".* rankings are missing")
            scores = evaluate_runs(
                benchmark,
                folder,
                None,
                asked,
                depth=depth,
                about={
                    "bm25": {"k1": K1, "b": B, "analyzers": analyzers.names},
                    "runs": None,
                    "depth": depth,
                    "zero_shot": True,
                    "trained_on": [],
                    REQUEST: request,
                },
            )
        if output is not None:
            with scratch_folder(output.parent, output.name) as whole:
                if runs:
                    shutil.copytree(folder, whole / RUNS)
                scores.save(whole)
                replace_parts(whole, output, SCORES, PARTS)
        return scores


def _drop(run: Path, dropped: Mapping[str, Collection[str]], depth: int | None) -> None:
    """Take documents out of a run file, and what was found beyond the depth in their place."""
    kept: list[str] = []
    counts: Counter[str] = Counter()
    for line in run.read_text(encoding="utf-8").splitlines(keepends=True):
        query_id, _, doc_id, *_ = line.split()
        if doc_id not in dropped.get(query_id, ()) and (depth is None or counts[query_id] < depth):
            counts[query_id] += 1
            kept.append(line)
    run.write_text("".join(kept), encoding="utf-8")


class _Words:
    """The analysed documents of views, each analysed once and kept in a file."""

    def __init__(self, analyzers: Analyzers, folder: Path):
        self._analyzers, self._folder = analyzers, folder
        self._files: dict[View, Path] = {}
        self._counts: dict[View, int] = {}

    def of(self, view: View) -> Iterator[Text]:
        """The documents of a view."""
        plain = view.plain
        if plain not in self._files:
            path = self._folder / f"words{len(self._files)}"
            with path.open("w", encoding="utf-8") as file:
                count = 0
                for text in self._analyzers.analysed(documents(plain)):
                    file.write(f"{text.id}\t{text.text}\n")
                    count += 1
            self._files[plain], self._counts[plain] = path, count
        with self._files[plain].open(encoding="utf-8", newline="\n") as file:
            for line in file:
                text_id, _, words = line.removesuffix("\n").partition("\t")
                yield Text(view.prefix + text_id, words)

    def count(self, view: View) -> int:
        """How many documents a view has that was read."""
        return self._counts[view.plain]
