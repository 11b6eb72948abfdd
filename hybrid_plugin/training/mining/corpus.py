"""All documents of a collection, among which negatives are looked for as well."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.sides import said_of_texts, views_of
from hybrid_plugin.tasks.texts import Text, count_texts, documents, texts_of


class Corpus:
    """The documents of an ir_datasets id, or of all tasks of a benchmark.

    Parameters
    ----------
    name : the id, or what :func:`hybrid_plugin.load_benchmark` takes.

    Raises
    ------
    UserError
        There is no such id, or it has no documents.
    """

    def __init__(self, name: str):
        self.name = name
        self._benchmark = views_of(name)
        if self._benchmark is None and not load_dataset(name).has("docs"):
            raise UserError(f"'{name}' has no documents to look for negatives among")

    def __repr__(self) -> str:
        return f"Corpus({self.name!r})"

    @property
    def state(self) -> dict[str, Any]:
        """What tells its documents from others, as JSON."""
        return said_of_texts(self.name, self, "docs")

    @property
    def total(self) -> int | None:
        """How many documents there are, if anybody knows."""
        return count_texts(load_dataset(self.name), "docs") if self._benchmark is None else None

    def __iter__(self) -> Iterator[Text]:
        """The documents; those without a text are left out.

        Raises
        ------
        UserError
            One does not say its language.
        """
        if self._benchmark is None:
            texts = texts_of(load_dataset(self.name), "docs")
        else:
            views = dict.fromkeys(view.plain for view in self._benchmark.doc_views)
            texts = chain.from_iterable(map(documents, views))
        for text in texts:
            if not text.lang:
                raise UserError(
                    f"'{self.name}' does not say the language of its document '{text.id}'; name it in the view of a "
                    "benchmark"
                )
            if text.text:
                yield text
