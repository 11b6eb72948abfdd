"""Random texts of each language, from ir_datasets ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.texts import Text, texts_of


def sample_texts(
    dataset_ids: Sequence[str], number: int, seed: int
) -> tuple[dict[tuple[str, str], list[Text]], dict[str, list[str]]]:
    """Random texts of each language, and the languages taken from each id.

    Parameters
    ----------
    number : of each language, so many documents and so many queries.
    seed : of the draw.

    Returns
    -------
    (language, ``docs`` or ``queries``) to at most ``number`` texts; ir_datasets id to languages.

    Raises
    ------
    UserError
        An id is unknown, does not say the languages of its texts, or has none that is not taken from another already.
    """
    if number < 1:
        raise UserError(f"the number of texts is {number}; it must be at least 1")
    datasets = {dataset_id: load_dataset(dataset_id) for dataset_id in dataset_ids}
    found: dict[tuple[str, str], list[Text]] = {}
    taken: dict[str, list[str]] = {}
    for dataset_id, dataset in datasets.items():
        done = {lang for langs in taken.values() for lang in langs}
        new: set[str] = set()
        for side in ("docs", "queries"):
            if not dataset.has(side):
                continue
            for lang, drawn in draw_texts(texts_of(dataset, side), number, np.random.default_rng(seed)).items():
                if lang is None:
                    raise UserError(f"'{dataset_id}' does not say the language of its {side}")
                if lang not in done:
                    found[lang, side] = drawn
                    new.add(lang)
        if not new:
            raise UserError(f"'{dataset_id}' has no texts of a language that is not fitted yet")
        taken[dataset_id] = sorted(new)
    return dict(sorted(found.items())), taken


def draw_texts(texts: Iterable[Text], number: int, rng: np.random.Generator) -> dict[str | None, list[Text]]:
    """At most ``number`` texts of each language of a stream, all of them equally likely.

    Source: Vitter, "Random Sampling with a Reservoir", ACM Transactions on Mathematical Software 11(1), 1985,
    Algorithm R.
    """
    drawn: dict[str | None, list[Text]] = {}
    seen: dict[str | None, int] = {}
    for text in texts:
        kept = drawn.setdefault(text.lang, [])
        seen[text.lang] = seen.get(text.lang, 0) + 1
        if len(kept) < number:
            kept.append(text)
        elif (place := rng.integers(seen[text.lang])) < number:
            kept[place] = text
    return drawn
