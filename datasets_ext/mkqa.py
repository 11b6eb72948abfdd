"""MKQA (Longpre et al. 2021, arXiv 2007.15207): 10,000 questions of Natural Questions in 26 languages, with answers.

From https://github.com/apple/ml-mkqa, one JSON lines file for all languages. Documents are the questions themselves, so
the task is to find a question's translations. A query has its short answers in its own language, by which a run of
passages is scored with :func:`hybrid_plugin.evaluation.match_answers`.

Which questions have an answer that a passage can hold is decided as for Contriever and BGE-M3: by the type of the last
English answer, which may not be ``unanswerable``, ``binary`` or ``long_answer``.
"""

# Without `from __future__ import annotations`, as in parallel.py: the exporters of ir_datasets look at annotations.
from pathlib import Path
from typing import Any, NamedTuple, Tuple  # noqa: UP035 - ir_datasets exports this one alone

from datasets_ext.errors import CollectionError
from datasets_ext.lines import check_id, kept, read_jsonl
from datasets_ext.parallel import LanguagePart, ParallelCollection, ParallelDoc
from datasets_ext.published import Published

FILE = "mkqa.jsonl.gz"
LANGUAGES = (
    *("ar", "da", "de", "en", "es", "fi", "fr", "he", "hu", "it", "ja", "km", "ko", "ms", "nl", "no", "pl", "pt", "ru"),
    *("sv", "th", "tr", "vi", "zh_cn", "zh_hk", "zh_tw"),
)
NOT_IN_A_PASSAGE = {"unanswerable", "binary", "long_answer"}  # types of answers


class MkqaQuery(NamedTuple):
    """A question in one language, with its answers there."""

    query_id: str  # {parallel_id}_{lang}
    text: str
    lang: str
    parallel_id: str  # the example_id, which is that of Natural Questions
    cluster: str = ""
    answers: Tuple[str, ...] = ()  # noqa: UP006  with aliases; none where no passage can hold one

    def default_text(self) -> str:
        return self.text


def collection(published: Published) -> ParallelCollection:
    """``mkqa``: find the same question in another language."""
    return published.collection(
        LANGUAGES,
        _load,
        lambda lang: [FILE],
        licence="CC BY-SA 3.0",
        answers_itself=True,
        description="parallel questions: find the translations; answers to match in passages",
        qrels_defs={1: "the same question"},
        query_type=MkqaQuery,
    )


def _load(published: Published, lang: str) -> LanguagePart:
    queries = _questions(published.path(FILE))[lang]
    docs = [ParallelDoc(f"{lang}_{one.parallel_id}", one.text, "", "", lang) for one in queries]
    return LanguagePart(docs, queries, {one.parallel_id: (f"{lang}_{one.parallel_id}",) for one in queries})


@kept
def _questions(path: Path) -> dict[str, list[MkqaQuery]]:
    """The questions of every language; without those that are blank in it."""
    found: dict[str, list[MkqaQuery]] = {lang: [] for lang in LANGUAGES}
    seen: set[str] = set()
    for number, row in read_jsonl(path, {"queries": dict, "answers": dict}):
        parallel_id = str(row.get("example_id", ""))
        check_id(path, number, "example_id", parallel_id, seen)
        seen.add(parallel_id)
        for lang in LANGUAGES:
            if lang not in row["queries"] or lang not in row["answers"]:
                raise CollectionError(f"{path} line {number} has no '{lang}' in its queries or its answers")
        asked = all(answer.get("type") not in NOT_IN_A_PASSAGE for answer in row["answers"]["en"][-1:])
        for lang, text in row["queries"].items():
            if lang in found and text and not text.isspace():
                answers = _texts(row["answers"][lang]) if asked else ()
                found[lang].append(MkqaQuery(f"{parallel_id}_{lang}", text, lang, parallel_id, "", answers))
    return found


def _texts(answers: list[dict[str, Any]]) -> tuple[str, ...]:
    """The texts and aliases of answers, each once."""
    texts: dict[str | None, None] = {}
    for answer in answers:
        if answer.get("type") not in NOT_IN_A_PASSAGE:
            texts |= dict.fromkeys([answer.get("text"), *(answer.get("aliases") or ())])
    return tuple(text for text in texts if text and not text.isspace())
