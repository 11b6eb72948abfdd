"""The Declaration of Human Rights in thirty languages: the benchmark of docs/study.md that nobody has tuned on.

    hybrid-ir datasets add udhr FOLDER
    python tests/benchmarks/study_udhr.py study/udhr
    hybrid-ir evaluate study/udhr/udhr-30.yaml --encoder study/strategies/runs/RUN/checkpoint --output scores

``udhr`` by itself has 506 languages, of most of which an encoder has read nothing. The thirty are those of XQuAD-R and
nineteen others that XLM-R's tokenizer was made for. An article asks for itself in each other language (cross), and on
the pool of all thirty (multi), where its own text is taken out of the ranking. Writes documents, queries and judgements
as JSON lines and ``udhr-30.yaml`` over them.

``--uncut MODEL`` is for studies whose model had its vocabulary cut: it writes each of the checkpoints beside them,
``--checkpoints``, with the whole vocabulary of MODEL, whose further rows training has left as they were.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path

import yaml

from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.texts import texts_of

TRAINED_ON = ("arb", "deu_1996", "eng", "spa", "hin", "vie", "cmn_hans")
IN_XQUAD_R = ("ell_monotonic", "rus", "tha", "tur")
OTHERS = (
    *("bul", "ces", "fin", "fra", "heb", "hun", "ind", "ita", "jpn", "kor", "nld", "pol", "por_PT", "ron_2006"),
    *("swe", "swh", "tam", "ukr", "urd"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write the benchmark, and models")
    parser.add_argument("--uncut", type=Path, metavar="MODEL", help="the model with its whole vocabulary")
    parser.add_argument("--checkpoints", type=Path, nargs="*", default=[], metavar="DIR", help="models with a cut one")
    arguments = parser.parse_args()
    write_benchmark(arguments.folder)
    for checkpoint in arguments.checkpoints:
        # a run of a sweep is named by its folder, and a model by its own
        name = checkpoint.parent.name if checkpoint.name == "checkpoint" else checkpoint.name
        uncut(checkpoint, arguments.uncut, arguments.folder / "models" / name)


def write_benchmark(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    langs = [*TRAINED_ON, *IN_XQUAD_R, *OTHERS]
    articles = _articles(langs)
    for lang, texts in articles.items():
        _write(folder / f"docs.{lang}.jsonl", ({"doc_id": f"{lang}_{n}", "text": text} for n, text in texts.items()))
        _write(
            folder / f"queries.{lang}.jsonl",
            ({"query_id": f"{lang}_{n}", "question": n, "cluster": n, "text": text} for n, text in texts.items()),
        )
    for asked in langs:
        pairs = ((n, lang) for n in articles[asked] for lang in langs if lang != asked)
        lines = [f"{asked}_{n} 0 {lang}_{n} 1\n" for n, lang in pairs]
        (folder / f"qrels.{asked}.txt").write_text("".join(lines))
        for lang in langs:
            own = [line for line in lines if line.split()[2].rpartition("_")[0] == lang]
            (folder / f"qrels.{lang}.{asked}.txt").write_text("".join(own))
    docs = {lang: {"file": f"docs.{lang}.jsonl", "lang": lang} for lang in langs}
    queries = {lang: {"file": f"queries.{lang}.jsonl", "lang": lang} for lang in langs}
    tasks: list[dict[str, object]] = [
        {
            "name": f"{lang}/{asked}",
            "docs": [docs[lang]],
            "queries": queries[asked],
            "qrels": [f"qrels.{lang}.{asked}.txt"],
        }
        for lang, asked in permutations(langs, 2)
    ]
    tasks += [
        {
            "name": f"multi/{asked}",
            "docs": [*docs.values()],
            "queries": queries[asked],
            "qrels": [f"qrels.{asked}.txt"],
            "dropped": "same-id",
        }
        for asked in langs
    ]
    stated = {"name": "udhr-30", "measures": ["AP", "Success@1", "RankDistance"], "tasks": tasks}
    (folder / "udhr-30.yaml").write_text(yaml.safe_dump(stated, sort_keys=False))


def _articles(langs: Iterable[str]) -> dict[str, dict[str, str]]:
    """Language to number to text."""
    return {
        lang: {text.id.removeprefix(f"{lang}_"): text.text for text in texts_of(load_dataset(f"udhr/{lang}"), "docs")}
        for lang in langs
    }


def _write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def uncut(checkpoint: Path, whole: Path, output: Path) -> None:
    """Write a checkpoint with the tokenizer of a model that it began with, and that model's rows of what it lacks."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoTokenizer

    shutil.copytree(checkpoint, output)
    for file in whole.glob("tokenizer*"):
        shutil.copy(file, output)
    own, rest = load_file(checkpoint / "model.safetensors"), load_file(whole / "model.safetensors")
    words = "embeddings.word_embeddings.weight"
    known = AutoTokenizer.from_pretrained(whole).get_vocab()
    rows = AutoTokenizer.from_pretrained(checkpoint).get_vocab()
    table = rest[words].clone()
    table[[known[piece] for piece in rows]] = own[words][list(rows.values())].to(table.dtype)
    save_file(own | {words: table}, output / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((output / "config.json").read_text())
    (output / "config.json").write_text(json.dumps(config | {"vocab_size": len(table)}, indent=2))


if __name__ == "__main__":
    main()
