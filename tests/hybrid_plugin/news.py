"""A small collection that is not parallel: two languages with documents of their own and ids in common, topics of two
years, grades, and a pool; in one YAML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

YEARS = ("2022", "2023")
WORDS = (
    "Havanna Kuba Hauptstadt",
    "Berg Fluss",
    "Stadt am Meer",
    "Musik",
    "ein Fluss in Kuba",
    "Brücke",
    "Turm",
    "Bahn",
)


def write_news(folder: Path, measures: tuple[str, ...] = ("nDCG@5", "AP"), *, pool: bool = True) -> Path:
    """Write the collection; the YAML file.

    Parameters
    ----------
    pool : with tasks on the pool of both languages, in which ids have a prefix; else only tasks within a language and
        across two.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for lang in ("de", "zh"):
        lines = [{"doc_id": f"d{i}", "text": f"{lang} {words}", "title": "T"} for i, words in enumerate(WORDS)]
        _write(folder / f"docs.{lang}.jsonl", lines)
    tasks: list[dict[str, Any]] = []
    for year in YEARS:
        for lang in ("de", "en"):
            topics = [
                {
                    "query_id": f"{year}-{i}",
                    "text": f"{WORDS[i]} {WORDS[i + 2]}",
                    "question": f"topic {year}-{i}",
                    "cluster": year,
                }
                for i in range(4)
            ]
            _write(folder / f"topics.{year}.{lang}.jsonl", topics)
        for lang in ("de", "zh"):
            # Topic 0 has a document that answers it better than the other; of topic 3 nothing is an answer.
            judged = [(0, 0, 3), (0, 4, 1), (1, 1, 1), (2, 2, 2), (2, 5, 0), (3, 6, 0)]
            qrels = "".join(f"{year}-{topic} 0 d{doc} {grade}\n" for topic, doc, grade in judged)
            (folder / f"qrels.{year}.{lang}.txt").write_text(qrels)
        tasks += [
            _task(f"{year}/de/de", year, "de", [("de", "")]),
            _task(f"{year}/de/en", year, "en", [("de", "")]),
            _task(f"{year}/multi/en", year, "en", [("de", "de/"), ("zh", "zh/")])
            if pool
            else _task(f"{year}/zh/en", year, "en", [("zh", "")]),
        ]
    path = folder / "news.yaml"
    path.write_text(yaml.safe_dump({"name": "news", "measures": list(measures), "tasks": tasks}))
    return path


def _task(name: str, year: str, queries: str, docs: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "name": name,
        "docs": [{"file": f"docs.{lang}.jsonl", "lang": lang, "prefix": prefix} for lang, prefix in docs],
        "queries": {"file": f"topics.{year}.{queries}.jsonl", "lang": queries},
        "qrels": [{"file": f"qrels.{year}.{lang}.txt", "prefix": prefix} for lang, prefix in docs],
    }


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
