"""The documents and the queries that a name stands for: of an ir_datasets id, or of a benchmark's task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checksum import Summed, checksum, is_few
from hybrid_plugin.tasks.named import all_benchmarks, ids_under, is_dataset, load_benchmark, load_dataset
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import Text, count_documents, count_texts, documents, query_texts, texts_of


class Side(NamedTuple):
    """Documents or queries, and how many there are, if anybody knows."""

    texts: Iterator[Text]
    total: int | None


def load_side(name: str, side: str) -> Side | None:
    """The ``docs`` or ``queries`` to index, or to search with; None if there are none.

    Parameters
    ----------
    name : an ir_datasets id, or what :func:`load_benchmark` takes, of which all tasks have one pool of documents, or
        one set of queries.

    Raises
    ------
    UserError
        The name is unknown, or stands for several pools or sets of queries.
    """
    benchmark = views_of(name)
    if benchmark is None:
        dataset = load_dataset(name)
        return Side(texts_of(dataset, side), count_texts(dataset, side)) if dataset.has(side) else None
    pools = benchmark.query_views if side == "queries" else tuple(dict.fromkeys(task.docs for task in benchmark.tasks))
    if len(pools) > 1:
        what = "sets of queries" if side == "queries" else "pools of documents"
        raise UserError(f"{name} has several {what}; name a task, such as {benchmark.address(benchmark.tasks[0])}")
    if side == "queries":
        return Side(query_texts(benchmark.query_views[0]), None)
    counts = [count_documents(view) for view in benchmark.doc_views]
    total = None if None in counts else sum(filter(None, counts))
    return Side(chain.from_iterable(map(documents, benchmark.doc_views)), total)


def views_of(name: str) -> Benchmark | None:
    """The benchmark whose views a name stands for; None for the name of an ir_datasets id, which is taken as it is.

    Raises
    ------
    UserError
        It is neither.
    """
    if is_dataset(name) and (load_dataset(name).has("docs") or load_dataset(name).has("queries")):
        return None
    if _is_benchmark(name):
        try:
            return load_benchmark(name)
        except UserError as error:
            said = str(error)
            raise UserError(
                said if said.endswith("?") else f"{said}{ids_under(name)}"
            ) from error  # unless it knows better
    load_dataset(name)
    return None


def texts_of_views(views: tuple[View, ...], side: str, found: list[dict[str, object]]) -> Iterator[Text]:
    """The texts of several views, one after another; notes in ``found`` which rows are whose."""
    row = 0
    for view in dict.fromkeys(view.plain for view in views):
        start, summed = row, Summed(documents(view) if side == "docs" else query_texts(view))
        for text in summed:
            yield text
            row += 1
        rows = {"start": start, "stop": row, "checksum": summed.checksum}
        found.append({"dataset_id": view.dataset_id, "field": view.field, **rows})


def said_of_texts(name: str, texts: Iterable[Text], side: str) -> dict[str, object]:
    """What tells the documents or queries of a name from others, as JSON, without reading many.

    Parameters
    ----------
    texts : all of them; read if they are few.

    Returns
    -------
    ``checksum``, or of too many ``name``.
    """
    benchmark = views_of(name)
    if benchmark is None:
        ids = {name}
    else:
        ids = {view.dataset_id for view in (benchmark.doc_views if side == "docs" else benchmark.query_views)}
    if all(is_few(dataset_id, side) for dataset_id in ids):
        return {"checksum": checksum(texts)}
    return {"name": name}


def _is_benchmark(name: str) -> bool:
    return ".yaml" in name or ".yml" in name or any(f"{name}/".startswith(f"{one}/") for one in all_benchmarks())
