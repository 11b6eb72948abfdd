"""The questions that all systems find hardest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import render
from hybrid_plugin.report.landings import Landing
from hybrid_plugin.report.missing_runs import missing_runs
from hybrid_plugin.report.section import Section
from hybrid_plugin.tasks.task import Task
from hybrid_plugin.tasks.texts import Text

_HARDEST = 5  # questions


def hardest(data: ReportData) -> str:
    if not data.landings:
        return missing_runs(data)
    shown = [system for system in data.systems if system.name in data.landings]
    scored = pd.concat([system.pooled.assign(system=system.name) for system in shown])
    scored["question"] = [
        query.removesuffix(f"_{lang}") for query, lang in zip(scored["query_id"], scored["queries"], strict=True)
    ]
    lowest = scored.groupby("question")["AP"].mean().sort_values(kind="stable")[:_HARDEST]
    texts = _Texts.of(data.task)
    questions = []
    for question, ap in lowest.items():
        rows = scored[scored["question"] == question]
        english = texts.queries.get(f"{question}_en")
        wanted = dict.fromkeys(i for query_id in rows["query_id"] for i in texts.relevant.get(query_id, ()))
        answers = []
        for system in shown:
            own = rows[rows["system"] == system.name]
            answers.append({"label": system.label, "cards": _cards(data.landings[system.name], texts, own)})
        questions.append(
            {
                "title": (english or texts.query(rows["query_id"].iloc[0])).text,
                "english": english is not None,
                "ap": f"{ap:.3f}",
                "relevant": sorted(map(texts.doc, wanted), key=lambda doc: doc.lang or ""),
                "answers": answers,
            }
        )
    return render("hardest.html", questions=questions) + missing_runs(data)


@dataclass(frozen=True)
class _Texts:
    """The benchmark's texts and relevance by id; an id that it lacks stands for its text."""

    docs: dict[str, Text]
    queries: dict[str, Text]
    relevant: dict[str, list[str]]

    @classmethod
    def of(cls, task: Task) -> _Texts:
        docs, queries = (
            {text.id: text for texts in side.values() for text in texts} for side in (task.docs, task.queries)
        )
        return cls(docs, queries, task.relevant)

    def doc(self, doc_id: str) -> Text:
        return self.docs.get(doc_id, Text(doc_id, doc_id, ""))

    def query(self, query_id: str) -> Text:
        return self.queries.get(query_id, Text(query_id, query_id))


def _cards(landing: Landing, texts: _Texts, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """What one system makes of a question: a card a language, with the documents ranked first."""
    relevant = landing.relevant[landing.relevant["query_id"].isin(rows["query_id"])]
    firsts = relevant.groupby("query_id")["position"].min()
    cards = []
    for row in rows.sort_values("queries").itertuples():
        first = firsts.get(row.query_id, np.inf)
        judged = texts.relevant.get(row.query_id, ())
        top = landing.top.loc[landing.top["query_id"] == row.query_id, "doc_id"]
        cards.append(
            {
                "lang": row.queries,
                "text": texts.query(row.query_id).text,
                "ap": f"{row.AP:.3f}",
                "first": "not in the run" if np.isinf(first) else f"at rank {first:.0f}",
                "docs": [texts.doc(doc_id)._asdict() | {"relevant": doc_id in judged} for doc_id in top],
            }
        )
    return cards


SECTION = Section("hardest", "Hardest questions", 70, hardest)
