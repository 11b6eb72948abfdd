"""Texts by which int8 is fitted to a model: always the same, of a collection that comes with the package.

No benchmark is made of them: they are of the part of hybrid-demo that tiny encoders train on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.tokens import Tokens
from hybrid_plugin.tasks.named import load_dataset

COLLECTION = "hybrid-demo-train"
_TEXTS: dict[Kind, int] = {"passage": 6, "query": 6}  # of each language


def calibration_tokens(tokenize: Callable[[Sequence[str], Kind], Tokens], vocabulary: int) -> Tokens:
    """The tokens of the texts; and once more, with others in their place from the whole vocabulary.

    The latter are for the languages that the collection does not have: without them int8 loses more.

    Parameters
    ----------
    tokenize : as an encoder does.
    vocabulary : its size.
    """
    texts = Tokens.joined(tokenize(some, kind) for kind, some in calibration_texts().items())
    inner = np.ones(len(texts.ids), bool)
    inner[texts.ends - texts.lengths] = inner[texts.ends - 1] = False  # as a rule special tokens
    drawn = np.random.default_rng(0).integers(vocabulary, size=len(inner), dtype=np.int32)
    return Tokens.joined([texts, Tokens(np.where(inner, drawn, texts.ids), texts.ends)])


def calibration_texts() -> dict[Kind, list[str]]:
    """Whole paragraphs and questions in each of the collection's eight languages."""
    collection = load_dataset(COLLECTION)
    return {
        "passage": _chosen("passage", ((doc.lang, doc.context) for doc in collection.docs_iter())),
        "query": _chosen("query", ((query.lang, query.text) for query in collection.queries_iter())),
    }


def _chosen(kind: Kind, texts: Iterable[tuple[str, str]]) -> list[str]:
    """Some of each language, evenly from its first to its last."""
    of: dict[str, dict[str, None]] = {}
    for lang, text in texts:
        of.setdefault(lang, {})[text] = None
    number = _TEXTS[kind]
    return [[*some][place] for some in of.values() for place in np.linspace(0, len(some) - 1, number).astype(int)]
