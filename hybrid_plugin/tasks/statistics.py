"""What a benchmark holds, counted: texts, their lengths, languages, and relevant documents per question.

Those of the collections that were read when they were last looked at lie beside their documentation
(``datasets_ext/docs/statistics``), so that a file which has changed since is noticed.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from hybrid_plugin.files import StrPath, whole_file
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checksum import Summed
from hybrid_plugin.tasks.judgements import Judgements
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import Text, documents, query_texts

_SIDES = ("documents", "queries", "tasks")


def statistics(benchmark: Benchmark, *, progress: bool = False) -> dict[str, Any]:
    """Count what the tasks of a benchmark hold.

    Returns
    -------
    As JSON: ``documents`` and ``queries``, by view: how many texts, the mean, median and longest length in characters,
    how many are empty, how many say again what another one says, and a checksum of ids and texts; ``tasks``, by name:
    how many queries have a relevant document, the mean and largest number of those, and judgements by grade.
    """
    views = [*((view, "docs") for view in benchmark.doc_views), *((view, "queries") for view in benchmark.query_views)]
    found: dict[str, Any] = {"benchmark": benchmark.name, "documents": {}, "queries": {}, "tasks": {}}
    with tqdm(total=len(views) + len(benchmark.tasks), desc=benchmark.name, disable=not progress or None) as bar:
        for view, side in views:
            texts = documents(view.plain) if side == "docs" else query_texts(view.plain)
            found["documents" if side == "docs" else side][_called(view)] = {"language": view.lang, **_of_texts(texts)}
            bar.update()
        for task in benchmark.tasks:
            found["tasks"][task.name] = {"setting": task.setting, **_of_judgements(Judgements.load(task))}
            bar.update()
    return found


def _called(view: View) -> str:
    return f"{view.dataset_id} {view.field}" if view.field else view.dataset_id


def _of_texts(texts: Iterable[Text]) -> dict[str, Any]:
    summed, lengths, hashes = Summed(texts), array("Q"), array("q")  # of millions: 16 bytes a text
    for text in summed:
        lengths.append(len(text.text))
        hashes.append(hash(text.text))
    sizes = np.frombuffer(lengths, dtype=np.uint64) if lengths else np.zeros(1, dtype=np.uint64)
    return {
        "texts": len(lengths),
        "characters": {
            "mean": round(float(sizes.mean()), 1),
            "median": float(np.median(sizes)),
            "max": int(sizes.max()),
        },
        "empty": int((sizes == 0).sum()) if lengths else 0,
        "repeated": len(hashes) - len(np.unique(np.frombuffer(hashes, dtype=np.int64))) if hashes else 0,
        "checksum": summed.checksum,
    }


def _of_judgements(judgements: Judgements) -> dict[str, Any]:
    relevant = [sum(grade > 0 for grade in judged.values()) for judged in judgements.by_query.values()]
    answered = [number for number in relevant if number]
    grades = Counter(grade for judged in judgements.by_query.values() for grade in judged.values())
    return {
        "queries": len(answered),
        "relevant": {"mean": round(sum(answered) / max(len(answered), 1), 2), "max": max(answered, default=0)},
        "grades": {str(grade): grades[grade] for grade in sorted(grades)},
    }


def write_statistics(target: StrPath, found: Mapping[str, Any]) -> None:
    """Write what :func:`statistics` found as JSON, a line a view and a line a task, so that changes can be seen."""
    sides = [
        f"  {json.dumps(side)}: {{\n"
        + ",\n".join(f"    {json.dumps(name)}: {json.dumps(of)}" for name, of in found[side].items())
        + "\n  }"
        for side in _SIDES
    ]
    with whole_file(Path(target)) as file:
        file.write(f'{{\n  "benchmark": {json.dumps(found["benchmark"])},\n' + ",\n".join(sides) + "\n}\n")


def known_statistics(benchmark: Benchmark) -> dict[str, Any] | None:
    """What :func:`statistics` found when the collection was last looked at; None where nobody has."""
    path = files("datasets_ext") / "docs" / "statistics" / f"{benchmark.whole.name}.json"
    if benchmark.file or not path.is_file():
        return None
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return known


def changes(found: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """What is no longer as it was, a line each; of a part of a benchmark that part is compared."""
    return [
        f"{name}: {key} was {before}, is {now}"
        for side in _SIDES
        for name in found[side]
        for key, before, now in _differences(found[side][name], known[side].get(name))
    ]


def _differences(found: Mapping[str, Any], known: Mapping[str, Any] | None) -> Iterator[tuple[str, Any, Any]]:
    if known is None:
        yield "it", "not there", "new"
        return
    for key in found:
        if found[key] != known.get(key):
            yield key, known.get(key), found[key]
