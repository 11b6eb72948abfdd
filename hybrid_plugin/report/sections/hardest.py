"""The questions that all systems find hardest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import form
from hybrid_plugin.report.html import render
from hybrid_plugin.report.landings import Landing, Pooled
from hybrid_plugin.report.missing_runs import missing_runs
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.texts import find_documents
from hybrid_plugin.tasks.texts import Query, Text, queries

_HARDEST = 5  # questions
_Key = tuple[str, str]  # task and query id


def hardest(data: ReportData) -> str:
    measure = data.measure
    if not data.has_pool:
        return ""
    if not data.landings:
        return missing_runs(data)
    if data.too_many:
        return render("too_many.html", what="texts", documents=data.too_many)
    shown = [system for system in data.systems if system.name in data.landings]
    scored = pd.concat([data.landings[system.name].run.pooled.assign(system=system.name) for system in shown])
    scored = scored[
        [bool(data.pooled.relevant.get(key)) for key in zip(scored["task"], scored["query_id"], strict=True)]
    ]
    towards = data.direction(measure)
    goodness = towards.sign * towards.compared(scored[measure])
    hardest_first = goodness.groupby(scored["question"]).mean().sort_values(kind="stable").index[:_HARDEST]
    worst = scored.groupby("question")[measure].mean().reindex(hardest_first)
    rows = scored[scored["question"].isin(worst.index)]
    texts = _Texts.of(data.pooled, rows, [data.landings[system.name] for system in shown])
    printed = form(data, measure)
    questions = []
    for question, value in worst.items():
        own = rows[rows["question"] == question]
        english = texts.english(str(question))
        wanted = dict.fromkeys(texts.doc(key[0], doc_id) for key in _asked(own) for doc_id in texts.relevant(key))
        answers = []
        for system in shown:
            cards = _cards(data.landings[system.name], texts, own[own["system"] == system.name], measure, printed)
            answers.append({"label": system.label_of(data.landings[system.name].run), "cards": cards})
        questions.append(
            {
                "title": (english or texts.query(_asked(own)[0])).text,
                "english": english is not None,
                "value": format(value, printed),
                "relevant": sorted(wanted, key=lambda doc: doc.lang or ""),
                "answers": answers,
            }
        )
    extreme = "farthest" if towards.has_target else "lowest" if towards.sign > 0 else "highest"
    return render("hardest.html", questions=questions, measure=measure, extreme=extreme) + missing_runs(data)


def _asked(rows: pd.DataFrame) -> list[_Key]:
    return list(dict.fromkeys(zip(rows["task"], rows["query_id"], strict=True)))


@dataclass(frozen=True)
class _Texts:
    """What is shown of a benchmark's texts; an id that it lacks stands for its text."""

    pooled: Pooled
    docs: dict[_Key, Text]
    queries: dict[_Key, Query]

    @classmethod
    def of(cls, pooled: Pooled, rows: pd.DataFrame, landings: Sequence[Landing]) -> _Texts:
        """The texts of some rows of ``per_query``, read from the collection."""
        asked, questions = {*_asked(rows)}, {*rows["question"]}
        found = {
            (task.name, query.id): query
            for task in pooled.tasks
            for query in queries(task)
            if query.question in questions or (task.name, query.id) in asked
        }
        wanted: dict[str, set[str]] = {}
        for task, query_id in asked:
            wanted.setdefault(task, set()).update(pooled.relevant.get((task, query_id), ()))
        for landing in landings:
            for row in landing.top.itertuples():
                if (row.task, row.query_id) in asked:
                    wanted[row.task].add(row.doc_id)
        return cls(pooled, find_documents(pooled.tasks, wanted), found)

    def doc(self, task: str, doc_id: str) -> Text:
        return self.docs.get((task, doc_id), Text(doc_id, doc_id, ""))

    def query(self, key: _Key) -> Query:
        return self.queries.get(key, Query(key[1], key[1], None, *[key[1]] * 3))

    def english(self, question: str) -> Query | None:
        return next((one for one in self.queries.values() if (one.question, one.lang) == (question, "en")), None)

    def relevant(self, key: _Key) -> Sequence[str]:
        return self.pooled.relevant.get(key, ())


def _cards(landing: Landing, texts: _Texts, rows: pd.DataFrame, measure: str, printed: str) -> list[dict[str, Any]]:
    """What one system makes of a question: a card a query, with the documents ranked first."""
    relevant = landing.relevant[landing.relevant["query_id"].isin(rows["query_id"])]
    firsts = relevant.groupby(["task", "query_id"])["position"].min()
    cards = []
    for row in rows.sort_values(["queries", "task"]).to_dict(orient="records"):
        key = (row["task"], row["query_id"])
        first, query, judged = firsts.get(key, np.inf), texts.query(key), texts.relevant(key)
        top = landing.top.loc[(landing.top["task"] == key[0]) & (landing.top["query_id"] == key[1]), "doc_id"]
        cards.append(
            {
                "lang": query.lang or row["queries"],
                "text": query.text,
                "value": format(row[measure], printed),
                "first": "not in the run" if np.isinf(first) else f"at rank {first:.0f}",
                "docs": [texts.doc(key[0], doc_id)._asdict() | {"relevant": doc_id in judged} for doc_id in top],
            }
        )
    return cards


SECTION = Section("hardest", "Hardest questions", 70, hardest)
