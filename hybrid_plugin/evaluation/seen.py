"""Whether a checkpoint has seen in training what it is scored on, by the names in its record.

The rule goes by the ir_datasets ids that rows were made from, and those that a benchmark's queries and judgements are
read from. Two ids of one collection have no question in common where both say which part they are, and it is not the
same (``mmarco/v2/de/train``, ``mmarco/v2/fr/dev/small``), or where one is the train part of the other
(``hybrid-demo-train``, ``hybrid-demo``). All others may, a part and the whole (``mlqa-r-training``, ``mlqa-r``) among
them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from datasets_ext.parallel import whole_of
from hybrid_plugin.encoding.formats import known_sources
from hybrid_plugin.tasks.benchmark import Benchmark

_PART = re.compile(r"(train|dev|valid|test|eval)[-_a-z0-9]*")  # in an id, between slashes
_TRAIN = "-train"  # ends the name of a parallel collection that is the train part of another
_TRANSLATED = {"mmarco": "msmarco-passage", "neumarco": "msmarco-passage"}


class _Id(NamedTuple):
    """What an ir_datasets id says of its questions."""

    collection: str
    part: str | None
    train_part: bool  # of the collection that has the rest of its name

    @classmethod
    def read(cls, dataset_id: str) -> _Id:
        name, *rest = dataset_id.split("/")
        whole = whole_of(name)
        if whole:
            return cls(whole, name, False)
        if name.endswith(_TRAIN):
            return cls(name.removesuffix(_TRAIN), "train", True)
        parts = [match[1] for match in map(_PART.fullmatch, rest) if match]
        return cls(_TRANSLATED.get(name, name), parts[0] if parts else None, False)

    def may_share(self, other: _Id) -> bool:
        """Whether a question may be in both."""
        known = None not in (self.part, other.part) or self.train_part or other.train_part
        return self.collection == other.collection and (self.part == other.part or not known)


def trained_on(record: Mapping[str, Any]) -> set[str]:
    """What a checkpoint was trained on, by its record: what its sources were made from, or else their names.

    The sources of a teacher that it was distilled from are among them.
    """
    return {name for source in known_sources(record) for name in source.get("origins") or [source["name"]]}


def part_seen(about: Mapping[str, Any]) -> str:
    """What of its benchmark a system was trained on, in words, by the head of ``scores.json``; empty for nothing."""
    if about.get("zero_shot") is not False:
        return ""
    name = str(about["benchmark"])
    return f"another part of {whole_of(name) or name}" if about.get("in_domain") else name


def seen_in_training(record: Mapping[str, Any], benchmark: Benchmark) -> dict[str, bool]:
    """What ``scores.json`` says of it.

    Returns
    -------
    ``zero_shot`` : the checkpoint was trained on nothing of the benchmark's collection.
    ``in_domain`` : it was trained on the collection, and on no question that is scored.
    """
    tasks, name = benchmark.whole.tasks, _Id.read(benchmark.whole.name)
    ids = [one.dataset_id for task in tasks for one in task.qrels] + [task.queries.dataset_id for task in tasks]
    scored = set(map(_Id.read, ids))
    if name.collection not in {one.collection for one in scored}:
        scored.add(name)
    seen = {_Id.read(one) for one in trained_on(record)}
    kin = [(one, other) for one in seen for other in scored if one.collection == other.collection]
    return {"zero_shot": not kin, "in_domain": bool(kin) and not any(one.may_share(other) for one, other in kin)}
