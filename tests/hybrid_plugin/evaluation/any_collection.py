"""A collection as odd as published ones get: unparallel, graded, partly judged, and of judgements that disagree.

Written as files of the documented formats and a YAML benchmark over them. Nothing here is computed by this project.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

LANGUAGES = {"fa": 60, "ru": 45, "en": 70}  # language -> documents
TOPICS = 12
_WORDS = ("river", "mountain", "city", "bread", "winter", "music", "engine", "treaty", "market", "harbour", "garden")

_YAML = """
name: odd
measures: [nDCG@20, R@100]
licence: CC0
tasks:
  - name: fa/fa
    docs: [{file: docs.fa.jsonl, lang: fa}]
    queries: {file: queries.fa.jsonl, lang: fa}
    qrels: [qrels.fa.txt]
  - name: fa/en
    docs: [{file: docs.fa.jsonl, lang: fa}]
    queries: {file: queries.en.jsonl, lang: en, field: title}
    qrels: [qrels.fa.txt]
  - name: ru/en
    docs: [{file: docs.ru.jsonl.gz, lang: ru}]
    queries: {file: queries.en.jsonl, lang: en}
    qrels: [qrels.ru.txt]
  - name: multi/en
    docs:
      - {file: docs.fa.jsonl, lang: fa, prefix: fa/}
      - {file: docs.ru.jsonl.gz, lang: ru, prefix: ru/}
      - {file: docs.en.jsonl, prefix: en/}
    queries: {file: queries.en.jsonl, lang: en}
    qrels: [qrels.pool.txt]
  - name: multi/fa
    docs:
      - {file: docs.fa.jsonl, lang: fa, prefix: fa/}
      - {file: docs.ru.jsonl.gz, lang: ru, prefix: ru/}
      - {file: docs.en.jsonl, prefix: en/}
    queries: {file: queries.fa.jsonl, lang: fa}
    qrels: [{file: qrels.fa.txt, prefix: fa/}, {file: qrels.ru.txt, prefix: ru/}]
"""


def write_collection(folder: Path, seed: int = 0) -> Path:
    """The files of the collection; returns the YAML file."""
    import gzip

    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)

    def sentence(length: int = 6) -> str:
        return " ".join(rng.choice(_WORDS) for _ in range(length))

    for lang, count in LANGUAGES.items():
        lines = []
        for number in range(count):
            # Ids are those of every language; some texts are the same, so their scores tie.
            row = {"doc_id": f"d{number}", "text": "the same text" if number % 9 == 4 else sentence()}
            if number % 3:
                row["title"] = sentence(2)
            if lang == "en":
                row["lang"] = "en"
            lines.append(json.dumps(row))
        text = "\n".join(lines) + ("\n" if lang != "ru" else "")
        if lang == "ru":
            (folder / "docs.ru.jsonl.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / f"docs.{lang}.jsonl").write_text(text, encoding="utf-8")
    for lang in ("fa", "en"):
        lines = []
        for number in range(TOPICS):
            row = {"query_id": f"{number}", "text": sentence(), "title": sentence(3), "question": f"t{number}"}
            if number % 2:
                row["cluster"] = f"c{number // 4}"
            lines.append(json.dumps(row))
        (folder / f"queries.{lang}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for lang in ("fa", "ru"):
        _write_qrels(folder / f"qrels.{lang}.txt", rng, {"": LANGUAGES[lang]})
    _write_qrels(folder / "qrels.pool.txt", rng, {"fa/": LANGUAGES["fa"], "en/": LANGUAGES["en"]})  # none in Russian
    path = folder / "odd.yaml"
    path.write_text(_YAML, encoding="utf-8")
    return path


def _write_qrels(path: Path, rng: random.Random, sizes: dict[str, int]) -> None:
    lines = []
    for topic in range(TOPICS - 1):  # the last topic is not judged
        for prefix, size in sizes.items():
            for number in rng.sample(range(size), 8):
                lines.append((topic, f"{prefix}d{number}", rng.choice((-1, 0, 0, 1, 1, 2, 3))))
    prefix = next(iter(sizes))
    lines = [line for line in lines if line[0] not in (2, 3)]
    lines += [(2, f"{prefix}d{number}", 0) for number in range(5)]  # judged, and nothing of it relevant
    lines += [(3, f"{prefix}gone{number}", 2) for number in range(2)] + [(3, f"{prefix}d7", 1)]  # not in the collection
    lines += [(99, f"{prefix}d1", 1), (99, f"{prefix}d2", 0)]  # judged, and nobody asks it
    lines += [(5, f"{prefix}d4", 0), (5, f"{prefix}d4", 3), (6, f"{prefix}d4", 2), (6, f"{prefix}d4", 0)]  # repeated
    separators = (" ", "\t", "  ")
    path.write_text(
        "".join(
            f"{topic}{separators[i % 3]}0 {doc_id}{separators[i % 2]}{grade}\n"
            for i, (topic, doc_id, grade) in enumerate(lines)
        ),
        encoding="utf-8",
    )
