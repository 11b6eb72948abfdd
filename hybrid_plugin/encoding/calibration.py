"""Texts by which int8 is fitted to a model: always the same, of a collection that comes with the package.

No benchmark is made of them: they are of the part of hybrid-demo that tiny encoders train on.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.tasks.named import load_dataset

COLLECTION = "hybrid-demo-train"
_TEXTS: dict[Kind, int] = {"passage": 6, "query": 6}  # of each language


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
