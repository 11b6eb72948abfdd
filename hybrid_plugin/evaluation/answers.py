"""Runs of passages scored by the answers that they hold: R@k or top-k accuracy, as question answering has it.

A question counts as found at k if one of its first k passages holds an answer (Karpukhin et al. 2020, arXiv
2004.04906). That is ``Success@k`` of ir_measures on the judgements that matching makes; :meth:`AnswerMatches.save`
writes them, for ir_measures and for a benchmark of one's own.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.matching import AnswerMatcher
from hybrid_plugin.files import StrPath, whole_file
from hybrid_plugin.outputs import OVERWRITE, say_done
from hybrid_plugin.retrieval.runs.positions import rankings_of_run
from hybrid_plugin.retrieval.runs.reader import read_run
from hybrid_plugin.tasks.reading import read_records, reading


class _Passage(NamedTuple):
    """A place in a ranking; None is what the run file does not say."""

    doc_id: str
    text: str | None = None
    holds: bool | None = None


class _Question(NamedTuple):
    answers: Sequence[str]
    lang: str | None = None


_Rankings = dict[str, list[_Passage]]


@dataclass(frozen=True)
class AnswerMatches:
    """Which passages of a run hold an answer.

    Parameters
    ----------
    holds : of each question that has an answer, its first passages from the best down, by document id, and whether they
        hold one; none where the run lacks the question.
    """

    holds: Mapping[str, Mapping[str, bool]]

    __repr__ = brief

    @property
    def missing(self) -> int:
        """How many questions the run lacks; they count as not found."""
        return sum(not passages for passages in self.holds.values())

    def success(self, k: int) -> float:
        """The share of questions with an answer in the first k passages."""
        return float(np.mean([any([*passages.values()][:k]) for passages in self.holds.values()]))

    def save(self, path: StrPath, *, overwrite: bool = False) -> None:
        """Write them as judgements in TREC's format: grade 1 for a passage that holds an answer, else 0.

        Raises
        ------
        UserError
            The file is there and holds something else.
        """
        path = Path(path)
        lines = "".join(
            f"{query_id} 0 {doc_id} {int(holds)}\n"
            for query_id, passages in self.holds.items()
            for doc_id, holds in passages.items()
        )
        if path.exists() and not overwrite:
            if path.is_dir() or path.read_bytes() != lines.encode():
                raise UserError(f"{path} exists and holds something else; {OVERWRITE}")
            return say_done(path)
        with whole_file(path) as file:
            file.write(lines)
        return None


def match_answers(
    run: StrPath,
    queries: Any = None,
    docs: Any = None,
    *,
    answers: Any = None,
    depth: int = 100,
    field: str = "text",
    progress: bool = False,
) -> AnswerMatches:
    """Find the passages of a run that hold an answer.

    Parameters
    ----------
    run : a run file in TREC's format; or JSON with the passages' texts, as Pyserini writes it for DPR's evaluation, or
        as DPR itself does.
    queries : an entry of ir_datasets whose queries have ``answers``, such as ``mkqa/multi/de``; those without an answer
        are left out. Run files may have their ``parallel_id`` in place of their ``query_id``. May be None for JSON,
        which has answers of its own.
    docs : an entry of ir_datasets with the texts of the run's documents; not needed for JSON.
    answers : another entry whose queries have the answers, by ``parallel_id``: ``mkqa/multi/en`` for passages in
        English, whatever the language of the questions.
    depth : passages of a question that are looked at.
    field : of a passage, in which to look: ``text`` as DPR does, ``title text`` as BGE-M3 does.
    progress : show a bar.

    Raises
    ------
    UserError
        Something is missing to find answers, or an id of the run is unknown; names it.
    """
    path = Path(run)
    ranked, said = _of_json(path, depth, field) if _is_json(path) else (_of_trec(path, depth), {})
    if queries is not None:
        asked = _asked(queries, answers)
        ranked = _by_query_id(ranked, queries, path)
    elif said and answers is None:
        asked = {query_id: _Question(found) for query_id, found in said.items() if found}
    else:
        raise UserError(f"whose answers does {path} have to hold? Name the queries, such as mkqa/multi/en")
    if not asked:
        raise UserError(f"nothing is asked of {path}: no question has an answer")
    if said and queries is not None:  # by answers that are not the file's
        ranked = {query_id: [one._replace(holds=None) for one in found] for query_id, found in ranked.items()}
    texts = None if docs is None else _Texts(docs, field)
    holds = {}
    for query_id, question in tqdm(asked.items(), desc="matching answers", unit=" questions", disable=not progress):
        passages = ranked.get(query_id, [])
        holds[query_id] = dict(_matched(passages, AnswerMatcher(*question), texts, path))
    matches = AnswerMatches(holds)
    if matches.missing == len(holds):
        raise UserError(f"{path} has none of the questions that have an answer, such as '{next(iter(asked))}'")
    if matches.missing:
        warnings.warn(
            f"{matches.missing} of {len(holds)} questions are not in {path} and count as not found", stacklevel=2
        )
    return matches


def _matched(
    passages: Sequence[_Passage], matcher: AnswerMatcher, texts: _Texts | None, path: Path
) -> Iterator[tuple[str, bool]]:
    unknown = [one.doc_id for one in passages if one.text is None and one.holds is None]
    if unknown and texts is None:
        raise UserError(f"{path} has no text of '{unknown[0]}'; name the collection or the file that has them (docs)")
    found = texts.of(unknown, path) if unknown and texts is not None else {}
    for doc_id, text, holds in passages:
        yield doc_id, matcher.in_passage(found.get(doc_id, text or "")) if holds is None else holds


class _Texts:
    """The texts of documents by id, looked up as they are needed."""

    def __init__(self, docs: Any, field: str):
        self._name, self._fields = docs.dataset_id(), field.split()
        if not docs.has("docs"):
            raise UserError(f"'{self._name}' has no docs")
        known = docs.docs_cls()._fields
        strange = next((one for one in self._fields if one not in known), None)
        if strange is not None:
            raise UserError(f"the docs of '{self._name}' have no field '{strange}'; they have: {', '.join(known)}")
        with reading(self._name):
            self._store = docs.docs_store()

    def of(self, doc_ids: Sequence[str], path: Path) -> dict[str, str]:
        with reading(self._name):
            found = self._store.get_many(doc_ids)
        strange = next((one for one in doc_ids if one not in found), None)
        if strange is not None:
            raise UserError(f"{path}: '{strange}' is no document of '{self._name}'")
        return {doc_id: " ".join(getattr(doc, one) or "" for one in self._fields) for doc_id, doc in found.items()}


def _asked(queries: Any, answers: Any) -> dict[str, _Question]:
    """The queries of an entry that have an answer, by id."""
    if answers is None:
        found = {query.query_id: _question(query) for query in _queries(queries, "answers")}
    else:
        theirs = {query.parallel_id: _question(query) for query in _queries(answers, "parallel_id", "answers")}
        found = {
            query.query_id: theirs[query.parallel_id]
            for query in _queries(queries, "parallel_id")
            if query.parallel_id in theirs
        }
    return {query_id: question for query_id, question in found.items() if question.answers}


def _question(query: Any) -> _Question:
    return _Question(query.answers, getattr(query, "lang", None))


def _queries(entry: Any, *fields: str) -> Iterator[Any]:
    """The queries of an entry, which have some fields."""
    name = entry.dataset_id()
    if not entry.has("queries"):
        raise UserError(f"'{name}' has no queries")
    known = entry.queries_cls()._fields
    lacking = next((field for field in fields if field not in known), None)
    if lacking is not None:
        raise UserError(f"the queries of '{name}' have no field '{lacking}'; they have: {', '.join(known)}")
    return read_records(name, entry.queries_iter)


def _by_query_id(ranked: _Rankings, queries: Any, path: Path) -> _Rankings:
    """The rankings by the ids of the queries, where the run has their parallel ids.

    Raises
    ------
    UserError
        The run has a query that is neither.
    """
    known = {query.query_id: getattr(query, "parallel_id", query.query_id) for query in queries.queries_iter()}
    if not ranked.keys() & known.keys():
        made = {parallel_id: query_id for query_id, parallel_id in known.items()}
        if len(made) == len(known) and ranked.keys() <= made.keys():
            return {made[query_id]: passages for query_id, passages in ranked.items()}
    strange = next((query_id for query_id in ranked if query_id not in known), None)
    if strange is not None:
        example = next(iter(known), None)
        raise UserError(f"{path}: '{strange}' is no query of '{queries.dataset_id()}', such as '{example}'")
    return ranked


def _of_trec(path: Path, depth: int) -> _Rankings:
    run = read_run(path)
    rankings = rankings_of_run(run, [*run.rankings], {}, depth)
    return {
        query_id: [_Passage(doc_id) for doc_id in doc_ids[:depth]]
        for query_id, doc_ids in zip(rankings.query_ids, rankings.doc_ids, strict=True)
    }


def _is_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def _of_json(path: Path, depth: int, field: str) -> tuple[_Rankings, dict[str, Sequence[str]]]:
    """Rankings with texts, and answers: of Pyserini ``{id: {answers, contexts}}``, of DPR ``[{answers, ctxs}]``."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        if isinstance(content, list):
            content = {str(row.get("id", n)): row for n, row in enumerate(content)}
        ranked = {
            query_id: [
                _Passage(str(one.get("docid", one.get("id", n))), _text(one, field), one.get("has_answer"))
                for n, one in enumerate((row["contexts"] if "contexts" in row else row["ctxs"])[:depth])
            ]
            for query_id, row in content.items()
        }
        return ranked, {query_id: row["answers"] for query_id, row in content.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is no run in DPR's format, of 'answers' and 'contexts' or 'ctxs': {type(error).__name__}: {error}"
        ) from error


def _text(passage: Mapping[str, Any], field: str) -> str | None:
    """The text of a passage, where Pyserini has the title in its first line and DPR by itself."""
    text = passage.get("text")
    if text is None:
        return None
    title = passage.get("title")
    if title is None and "\n" in text:
        title, text = text.split("\n", 1)
    return str(text) if field == "text" or not title else f"{title} {text}"
