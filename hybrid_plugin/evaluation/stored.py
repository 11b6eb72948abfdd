"""The vectors of a benchmark, by view: encoded, or from a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encode import encode_to_folder
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.ids import take_ids
from hybrid_plugin.encoding.vectors import RECORD, Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, read_json
from hybrid_plugin.retrieval.exact import Part
from hybrid_plugin.retrieval.stored import rows_of_view
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import Text, count_documents, documents, query_texts

Views = tuple[dict[View, Part], dict[View, Vectors]]


def encoded_vectors(
    benchmark: Benchmark,
    encoder: Encoder,
    folder: StrPath,
    *,
    progress: bool = False,
    identity: Mapping[str, Any] | None = None,
) -> Views:
    """Encode the documents and queries of a benchmark, each once, into a folder; memory is for a chunk of texts.

    Parameters
    ----------
    identity : of the encoder, if it is known already.

    Raises
    ------
    UserError
        Some of them cannot be read, or are none; says so before the first is encoded.
    """
    folder, about = Path(folder), {"identity": identity or encoder.identity}
    for views, texts in ((benchmark.doc_views, documents), (benchmark.query_views, query_texts)):
        for view in _views(views):
            if next(iter(texts(view)), None) is None:
                raise UserError(f"'{view.dataset_id}' is empty")

    def encode(number: int, view: View, side: str) -> Part:
        texts = documents(view) if side == "docs" else query_texts(view)
        langs = None if view.lang else _Heard(texts)
        vectors = encode_to_folder(
            encoder,
            langs or texts,
            "passage" if side == "docs" else "query",
            folder / side / str(number),
            total=count_documents(view) if side == "docs" else None,
            progress=progress,
            about=about,
        )
        return Part(vectors, langs.langs() if langs else view.lang)

    docs = {view: encode(number, view, "docs") for number, view in enumerate(_views(benchmark.doc_views))}
    queries = {view: encode(number, view, "queries") for number, view in enumerate(_views(benchmark.query_views))}
    return docs, {view: part.vectors for view, part in queries.items()}


def stored_vectors(benchmark: Benchmark, folder: StrPath, encoder: Encoder | None = None) -> Views:
    """The vectors of a benchmark's documents and queries from the folder that ``hybrid-ir encode`` wrote.

    They stay in their files, and are read a block at a time.

    Parameters
    ----------
    encoder : that they must be of; by default any.

    Raises
    ------
    UserError
        The folder holds no vectors, vectors of another encoder or of texts that have changed, or lacks one of the
        benchmark's documents or queries; names it.
    """
    folder = Path(folder)
    if encoder is not None:
        identity = encoder.identity
        for side in ("docs", "queries"):
            path = folder / side / RECORD
            made = read_json(path).get("identity") if path.is_file() else None
            check_identity(made, identity, f"the folder of vectors {folder / side}", encoder.name)
    docs = _stored(folder / "docs", benchmark.doc_views, documents)
    queries = _stored(folder / "queries", benchmark.query_views, query_texts)
    return docs, {view: part.vectors for view, part in queries.items()}


def _views(views: Iterable[View]) -> Iterator[View]:
    return iter(dict.fromkeys(view.plain for view in views))


class _Heard(Iterable[Text]):
    """Texts, and their languages once they have been read: a number for each."""

    def __init__(self, texts: Iterable[Text]):
        self._texts = texts
        self._numbers: dict[str | None, int] = {}
        self._heard: list[np.ndarray] = []

    def __iter__(self) -> Iterator[Text]:
        buffer = []
        for text in self._texts:
            buffer.append(self._numbers.setdefault(text.lang, len(self._numbers)))
            if len(buffer) == 65536:
                self._heard.append(np.array(buffer, np.int16))
                buffer = []
            yield text
        self._heard.append(np.array(buffer, np.int16))

    def langs(self) -> np.ndarray:
        """object [texts]; each distinct language is one object."""
        names = np.array([*self._numbers], object)
        return names[np.concatenate(self._heard)] if self._heard else np.empty(0, object)


def _stored(folder: Path, views: Iterable[View], texts: Callable[[View], Iterator[Text]]) -> dict[View, Part]:
    """The parts of a folder of vectors that some views are."""
    vectors, found = read_vectors(folder), {}
    for view in _views(views):
        rows = rows_of_view(folder, vectors, view, texts)
        if isinstance(rows, range):
            part = vectors.part(rows)
        else:
            part = Vectors(list(take_ids(vectors.ids, rows)), vectors.take(rows))
        found[view] = Part(part, view.lang or _langs(texts(view)))
    return found


def _langs(texts: Iterable[Text]) -> np.ndarray:
    return np.array([text.lang for text in texts], object)
