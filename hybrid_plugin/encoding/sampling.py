"""Random texts of each language, or the same passages in several, from ir_datasets ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.reading import read_records
from hybrid_plugin.tasks.texts import Text, texts_of


class Sample(NamedTuple):
    """Texts that were drawn.

    Parameters
    ----------
    texts : (language, ``docs`` or ``queries``) to texts.
    languages : ir_datasets id to those that were taken from it.
    rows : of translations, language to the number of each text, int64, which the same one has in every language.
    """

    texts: dict[tuple[str, str], list[Text]]
    languages: dict[str, list[str]]
    rows: dict[str, np.ndarray] | None = None

    def __repr__(self) -> str:
        return brief(self)


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
    _check_number(number)
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


def _check_number(number: int) -> None:
    if number < 1:
        raise UserError(f"the number of texts is {number}; it must be at least 1")


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


def sample_parallel(dataset_ids: Sequence[str], number: int, seed: int, source: str) -> list[Sample]:
    """Random passages that are there in a source language and in others; see :func:`parallel_passages`.

    Parameters
    ----------
    number : of each language but the source; they share as many passages of the source as they can.
    seed : of the draw.

    Returns
    -------
    One sample an id, with the source language and those that no id before has.

    Raises
    ------
    UserError
        An id is unknown or has no parallel passages, or none in a language that is not taken from another already.
    """
    _check_number(number)
    samples: list[Sample] = []
    for dataset_id in dataset_ids:
        found = parallel_passages(dataset_id, source)
        done = {source, *(lang for sample in samples for lang in sample.rows or ())}
        new = sorted({lang for passage in found for lang in passage} - done)
        if not new:
            raise UserError(
                f"'{dataset_id}' has no passages in '{source}' that are there in a language that is not fitted yet, too"
            )
        texts: dict[str, list[Text]] = {lang: [] for lang in sorted([source, *new])}
        rows: dict[str, list[int]] = {lang: [] for lang in texts}
        for place in np.random.default_rng(seed).permutation(len(found)):
            wanted = [lang for lang in new if lang in found[place] and len(texts[lang]) < number]
            row = len(texts[source])
            for lang in [source, *wanted] if wanted else []:
                texts[lang].append(found[place][lang])
                rows[lang].append(row)
        drawn = {(lang, "docs"): passages for lang, passages in texts.items()}
        samples.append(
            Sample(drawn, {dataset_id: [*texts]}, {lang: np.array(places, np.int64) for lang, places in rows.items()})
        )
    return samples


def parallel_passages(dataset_id: str, source: str) -> list[dict[str, Text]]:
    """Passages of a parallel collection that are translations of each other, as its judgements link them.

    They answer the same question in their languages, and each is the only one that does in its own.

    Returns
    -------
    Language to passage, of each passage in the source language, in the order of the questions.

    Raises
    ------
    UserError
        The id is unknown, or has no documents, judgements and questions that are linked by a ``parallel_id``.
    """
    dataset = load_dataset(dataset_id)
    if not (all(map(dataset.has, ("docs", "queries", "qrels"))) and hasattr(dataset.queries_cls(), "parallel_id")):
        raise UserError(
            f"'{dataset_id}' has no parallel passages: they are documents that judgements link to queries with a "
            "parallel_id"
        )
    questions = {query.query_id: query.parallel_id for query in read_records(dataset_id, dataset.queries_iter)}
    answers: dict[str, dict[str, None]] = {}
    for judged in read_records(dataset_id, dataset.qrels_iter):
        if judged.relevance > 0 and judged.query_id in questions:
            answers.setdefault(questions[judged.query_id], {})[judged.doc_id] = None
    wanted = {doc_id for ids in answers.values() for doc_id in ids}
    texts = {text.id: text for text in texts_of(dataset, "docs") if text.id in wanted}
    found: dict[str, dict[str, Text]] = {}
    for ids in answers.values():
        passages = [texts[doc_id] for doc_id in ids if doc_id in texts]
        count = Counter(passage.lang for passage in passages)
        alone = {passage.lang: passage for passage in passages if passage.lang and count[passage.lang] == 1}
        if source in alone:
            found.setdefault(alone[source].id, alone)
    return list(found.values())
