"""What collections make of the original ids in a user's own files: of ``p17`` ``en_p17``, of ``q3`` ``q3_en``."""

from __future__ import annotations

from typing import Any, NamedTuple

from datasets_ext import ParallelQuery
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.reading import read_records
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import query_texts


class IdForm(NamedTuple):
    """What a task's ids have around the original ones; nothing where they are the same."""

    before: str
    after: str

    def made_of(self, original: str) -> str:
        """The id that a task knows."""
        return f"{self.before}{original}{self.after}"

    def original(self, made: str) -> str:
        """The id as it was before."""
        return made.removeprefix(self.before).removesuffix(self.after)


def id_form(view: View, side: str) -> IdForm:
    """What the ids of a view's ``docs`` or ``queries`` have around the original ones: language and prefix."""
    form = getattr(load_dataset(view.dataset_id), f"{side}_id_form", None)
    before, after = form() if form else ("", "")
    return IdForm(view.prefix + before, after)


def id_examples(dataset: Any) -> dict[str, dict[str, str]]:
    """Of a user's own parallel collection the first document's and the first query's id, each beside its original."""
    originals = dataset.docs_originals() if hasattr(dataset, "docs_originals") else ""
    if not originals:
        return {}
    found = {}
    for side in filter(dataset.has, ("docs", "queries")):
        for record in read_records(dataset.dataset_id(), getattr(dataset, f"{side}_iter")):
            is_query = isinstance(record, ParallelQuery)
            original = record.parallel_id if is_query else record.doc_id.removeprefix(f"{record.lang}_")
            file = originals.format(side=side, lang=record.lang)
            found[side] = {"file": file, "original": original, "id": record[0]}
            break
    return found


def query_ids(view: View) -> set[str]:
    """All query ids of a view, those that nothing answers too: a system may have been asked them."""
    unanswered = getattr(load_dataset(view.dataset_id), "queries_unanswered", tuple)
    return {text.id for text in query_texts(view)}.union(view.prefix + one for one in unanswered())
