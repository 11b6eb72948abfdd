"""XQuAD-R and MLQA-R (LAReQA, Roy et al. 2020, arXiv 2004.05484): questions, and the sentences that answer them.

Both come from https://github.com/google-research-datasets/lareqa, one SQuAD-like JSON file a language, with the
sentences of each paragraph. ``etc/downloads.json`` names the commits and checksums, ``etc/metadata.json`` the counts.

The questions of a paragraph are a cluster. XQuAD-R has the same paragraphs in all languages, so their number names it.
MLQA-R has other paragraphs in each language: there a cluster is what is linked by questions that share a paragraph in
any language, named by the number of its first English paragraph, and ``etc/clusters.json`` has it for each paragraph of
each file, so that one file can be read without the others.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import ir_datasets
from ir_datasets.util.download import _DownloadConfig

from datasets_ext.errors import CollectionError
from datasets_ext.parallel import (
    LanguagePart,
    PackageDocumentation,
    ParallelCollection,
    ParallelDoc,
    ParallelQuery,
    package_json,
    register_collection,
    remove_stores,
    shipped_metadata,
)

LANGUAGES = {
    "xquad-r": ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    "mlqa-r": ("ar", "de", "en", "es", "hi", "vi", "zh"),
}
LICENCES = {"xquad-r": "CC BY-SA 4.0", "mlqa-r": "CC BY-SA 3.0"}


def local_path(name: str, lang: str) -> Path:
    """Where ir_datasets keeps this file, whether it is there yet or not."""
    return Path(ir_datasets.util.home_path()) / name / package_json("downloads.json")[name][lang]["cache_path"]


def verify(name: str, lang: str, contents: bytes, path: Path) -> None:
    """Compare a file's contents with the published checksum.

    Raises
    ------
    CollectionError
        Names the file and both checksums.
    """
    expected = package_json("downloads.json")[name][lang]["expected_md5"]
    found = hashlib.md5(contents).hexdigest()
    if found != expected:
        raise CollectionError(
            f"{path} is not the published {name} file for '{lang}': its md5 is {found}, expected {expected}; "
            "get a fresh copy"
        )


def parse(contents: bytes, lang: str, clusters: Sequence[int] | None = None) -> LanguagePart:
    """One published file as documents, queries and relevance.

    A sentence is relevant where the answer starts in it, and so is every sentence of the same paragraph with the
    same text.

    Parameters
    ----------
    clusters : of the file's paragraphs in their order; by default each is one, by its number.
    """
    docs: list[ParallelDoc] = []
    queries: list[ParallelQuery] = []
    relevant: dict[str, list[str]] = {}
    paragraphs = [(art.get("title", ""), par) for art in json.loads(contents)["data"] for par in art["paragraphs"]]
    for number, (title, paragraph) in enumerate(paragraphs, start=1):
        sentences: list[str] = paragraph["sentences"]
        ids = [f"{lang}_{number}_{i}" for i in range(len(sentences))]
        docs += [
            ParallelDoc(doc_id, text, paragraph["context"], title, lang)
            for doc_id, text in zip(ids, sentences, strict=True)
        ]
        cluster = str(clusters[number - 1] if clusters else number)
        for question in paragraph["qas"]:
            parallel_id = question["id"]
            queries.append(ParallelQuery(f"{parallel_id}_{lang}", question["question"], lang, parallel_id, cluster))
            starts = [answer["answer_start"] for answer in question["answers"]]
            answering = {
                text
                for text, (start, end) in zip(sentences, paragraph["sentence_breaks"], strict=True)
                if any(start <= at < end for at in starts)
            }
            relevant[parallel_id] = [doc_id for doc_id, text in zip(ids, sentences, strict=True) if text in answering]
    return LanguagePart(docs, queries, relevant)


def _load(name: str, lang: str) -> LanguagePart:
    downloads = _DownloadConfig(contents=package_json("downloads.json")).context(
        name, str(ir_datasets.util.home_path() / name)
    )
    try:
        path = Path(downloads[lang].path())  # downloads it unless it is there, and checks what it downloads
    except Exception as error:  # ir_datasets raises whatever its HTTP library raised
        raise CollectionError(
            f"cannot download {name} '{lang}' ({type(error).__name__}: {error}); "
            f"if you have the files, run: hybrid-ir datasets add {name} FOLDER"
        ) from error
    contents = path.read_bytes()
    verify(name, lang, contents, path)
    return parse(contents, lang, package_json("clusters.json").get(name, {}).get(lang))


def _at_hand(name: str, lang: str) -> bool:
    return local_path(name, lang).is_file()


def register() -> None:
    """Register ``xquad-r`` and ``mlqa-r``; downloads nothing."""
    for name, languages in LANGUAGES.items():
        collection = ParallelCollection(
            name,
            languages,
            partial(_load, name),
            "1",
            at_hand=partial(_at_hand, name),
            metadata=shipped_metadata,
            licence=LICENCES[name],
        )
        register_collection(collection, PackageDocumentation(f"{name}.yaml"))


def add(name: str, folder: Path) -> list[Path]:
    """Verify local copies of the published files and put them where ir_datasets looks.

    Parameters
    ----------
    folder : holds ``{lang}.json`` for every language of the collection.

    Returns
    -------
    The installed files. None is touched unless all of them are right.
    """
    contents = {}
    for lang in LANGUAGES[name]:
        path = folder / f"{lang}.json"
        if not path.is_file():
            raise CollectionError(f"{folder} has no {lang}.json; {name} needs {', '.join(LANGUAGES[name])}")
        contents[lang] = path.read_bytes()
        verify(name, lang, contents[lang], path)
    installed = []
    for lang, data in contents.items():
        target = local_path(name, lang)
        target.parent.mkdir(parents=True, exist_ok=True)
        with ir_datasets.util.finialized_file(target, "wb") as file:
            file.write(data)
        installed.append(target)
    return installed


def is_added(name: str, folder: Path) -> bool:
    """Whether the files of a folder are those that lie where ir_datasets looks."""
    pairs = [(folder / f"{lang}.json", local_path(name, lang)) for lang in LANGUAGES[name]]
    return all(one.is_file() and kept.is_file() and filecmp.cmp(one, kept, shallow=False) for one, kept in pairs)


def remove(name: str) -> list[Path]:
    """Remove the files of ``xquad-r`` or ``mlqa-r``, downloaded or added, and what was made of them; returns them."""
    files = [path for lang in LANGUAGES[name] if (path := local_path(name, lang)).is_file()]
    if not files:
        raise CollectionError(f"'{name}' is built in, and none of its files is here")
    for path in files:
        path.unlink()
    return [*files, *remove_stores(name)]
