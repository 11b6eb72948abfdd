"""Searching an index with the queries of a name, into run files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encode import encode_texts
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.vectors import RECORD as VECTORS
from hybrid_plugin.encoding.vectors import Vectors, read_record, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, scratch_folder
from hybrid_plugin.outputs import file_checksum, file_is_done, record_request, say_done
from hybrid_plugin.retrieval.backends.base import SearchBackend
from hybrid_plugin.retrieval.backends.exact import ExactBackend
from hybrid_plugin.retrieval.documents import Catalogue, Said, documents_of, hear
from hybrid_plugin.retrieval.index import RECORD, doc_views, index_record, made_by, read_index, side_folder
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH, run_writer
from hybrid_plugin.retrieval.settings import SearchSettings
from hybrid_plugin.retrieval.stored import rows_of_view
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.checksum import checksum, is_few
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.sides import load_side, views_of
from hybrid_plugin.tasks.task import View, run_name
from hybrid_plugin.tasks.texts import Text, count_documents, document_ids, query_texts

_STARTS = (RECORD, VECTORS, "index")  # the first of these in a folder tells it from others


class _Job(NamedTuple):
    """A run file to write.

    Parameters
    ----------
    name : of the task, or of an ir_datasets id.
    docs : None where any documents will do.
    """

    name: str
    docs: tuple[View, ...] | None
    queries: View
    target: Path

    def __repr__(self) -> str:
        return brief(self)


class _Chosen(NamedTuple):
    """Which documents of an index a task ranks.

    Parameters
    ----------
    languages : None for all of them.
    said : what tells them from others, as JSON.
    renamed : by language, what goes before their ids in the index, and in the task.
    """

    languages: tuple[str, ...] | None
    said: dict[str, Any]
    renamed: dict[str, tuple[str, str]]

    def __repr__(self) -> str:
        return brief(self)


def search_dataset(
    dataset_id: str,
    encoder: Encoder | None,
    index_folder: StrPath,
    output: StrPath,
    *,
    hits: int = DEFAULT_DEPTH,
    vectors: StrPath | None = None,
    settings: SearchSettings | None = None,
    device: str | None = None,
    progress: bool = False,
    overwrite: bool = False,
) -> Path:
    """Search an index with the queries of an ir_datasets id, or of a benchmark's tasks, into TREC run files.

    An index of a pool serves the tasks on each of its languages, too: documents of the others are passed over.

    Parameters
    ----------
    dataset_id : one task, such as ``xquad-r/multi/en``; or several, such as ``xquad-r``.
    encoder : of the queries; may be None where there are vectors.
    index_folder : of :func:`index_dataset`, or a FAISS folder of Pyserini's, or a folder of ``hybrid-ir encode``, whose
        vectors are searched as they are.
    output : the run file, in whose name ``.gz`` means gzip; of several tasks the folder, which gets a run file each, as
        :func:`hybrid_plugin.evaluate_runs` reads them. If it is interrupted, those that are there are not done again.
    hits : documents a query.
    vectors : a folder of ``hybrid-ir encode`` with the vectors of the queries.
    device : of torch, for an exact search; None for a GPU if there is one.
    overwrite : replace other run files; the same are done at once. What one is of lies beside it, ``{output}.json``.

    Returns
    -------
    ``output``.

    Raises
    ------
    UserError
        The id has no queries, the folder is no index, the index or the vectors are of another encoder, or of other
        documents than a task has, or a run file is of another search.
    """
    from tqdm.auto import tqdm

    index_folder, output, settings = Path(index_folder), Path(output), settings or SearchSettings()
    if hits < 1:
        raise UserError(f"hits is {hits}; it must be at least 1")
    if encoder is None and vectors is None:
        raise UserError("there is nothing to search with without an encoder or a folder of vectors")
    jobs = _jobs(dataset_id, output)
    folder = None if vectors is None else side_folder(vectors, "queries")
    asked = None if folder is None else read_vectors(folder)
    identity = encoder.identity if folder is None else made_by(folder, encoder)  # type: ignore[union-attr]
    who = "the given vectors" if encoder is None else encoder.name
    with _opened(index_folder, jobs, device) as (index, record, said):
        _check_encoder(record, identity, index_folder, who, encoder)
        dimension = encoder.dimension if encoder else asked.dimension  # type: ignore[union-attr]
        if index.dimension != dimension:
            raise UserError(
                f"the index {index_folder} has {index.dimension} dimensions, the encoder '{who}' {dimension}; "
                "index with the same encoder"
            )
        made_of = file_checksum(next(path for name in _STARTS if (path := _docs(index_folder) / name).is_file()))
        heard: dict[tuple[View, ...] | None, _Chosen] = {}
        queries: dict[View, tuple[list[Text], str]] = {}
        todo = []
        for job in jobs:
            if job.docs not in heard:
                heard[job.docs] = _chosen(job, record, index_folder, said, index.catalogue)
            if job.queries not in queries:
                texts = list(query_texts(job.queries))
                queries[job.queries] = texts, checksum(texts)
            request = {
                "queries": queries[job.queries][1],
                "encoder": identity,
                "index": made_of,
                "documents": heard[job.docs].said,
                "hits": hits,
                **vars(settings),
            }
            if not file_is_done(job.target, request, overwrite):
                todo.append((job, request))
        if not todo:
            say_done(output)
        vectors_of: dict[View, Vectors] = {}
        with tqdm(total=len(todo), desc="search", unit="task", disable=not progress) as bar:
            for job, request in todo:
                if job.queries not in vectors_of:
                    texts = queries[job.queries][0]
                    if folder is None or asked is None:
                        vectors_of[job.queries] = encode_texts(encoder, texts, "query", progress=progress)  # type: ignore[arg-type]
                    else:
                        rows = rows_of_view(folder, asked, job.queries.plain, query_texts)
                        taken = asked.take(np.array(rows, np.int64))
                        vectors_of[job.queries] = Vectors([text.id for text in texts], taken)
                with scratch_folder(job.target.parent, job.target.name) as scratch:
                    written = scratch / job.target.name
                    found = _search(index, vectors_of[job.queries], hits, settings, heard[job.docs])
                    with run_writer(written) as writer:
                        for ids, names, scores in found:
                            writer.add(ids, names, scores)
                    record_request(job.target, request, written=written)
                    written.replace(job.target)
                bar.update()
    return output


def check_search(dataset_id: str, output: StrPath) -> None:
    """Refuse what :func:`search_dataset` would refuse, before an encoder is loaded.

    Raises
    ------
    UserError
        The id has no queries, or the output is a folder where a file is to be written, or the reverse.
    """
    _jobs(dataset_id, Path(output))


def _jobs(name: str, output: Path) -> list[_Job]:
    """The run files that a name asks for."""
    several = _several(name)
    if several is not None:
        if output.is_file():
            raise UserError(f"{name} has {len(several.tasks)} tasks; {output} is a file, and they take a folder")
        return [_Job(several.address(task), task.docs, task.queries, output / run_name(task)) for task in several.tasks]
    if load_side(name, "queries") is None:
        raise UserError(f"'{name}' has no queries; take an id like {name}/en")
    if output.is_dir():
        raise UserError(f"{output} is a folder; --output names the run file to write")
    benchmark = views_of(name)
    queries = View(name) if benchmark is None else benchmark.query_views[0]
    docs = None if load_side(name, "docs") is None else doc_views(name)
    return [_Job(name, docs, queries, output)]


def _several(name: str) -> Benchmark | None:
    """The tasks that a name stands for, if they are several."""
    try:
        benchmark = load_benchmark(name)
    except UserError:  # an ir_datasets id, or unknown, which is told when it is looked for as such
        return None
    return benchmark if len(benchmark.tasks) > 1 else None


@contextmanager
def _opened(
    folder: Path, jobs: Sequence[_Job], device: str | None
) -> Iterator[tuple[SearchBackend, Mapping[str, Any], Mapping[str, Said]]]:
    """An index, what it says of itself, and what tells its documents from others, by language."""
    vectors = _docs(folder)
    with ExitStack() as stack:
        if (vectors / VECTORS).is_file():
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            views = tuple(dict.fromkeys(view.plain for job in jobs for view in job.docs or ()))
            documents, said = documents_of(vectors, views, place)
            index = ExactBackend(place, Catalogue.load(place, [*said]), device=device)
            index.documents = documents
            yield index, read_record(vectors), said
        else:
            record = index_record(folder)
            said = {lang: Said(**one) for lang, one in record.get("languages", {}).items()}
            yield stack.enter_context(read_index(folder, device)), record, said


def _docs(folder: Path) -> Path:
    """Where the vectors of a folder of ``hybrid-ir encode`` lie; any other folder as it is."""
    return folder if (folder / RECORD).is_file() else side_folder(folder, "docs")


def _check_encoder(
    record: Mapping[str, Any], identity: Mapping[str, Any] | None, folder: Path, who: str, encoder: Encoder | None
) -> None:
    """Refuse an index of another encoder; one of version 0.1 says only whether its vectors are transformed."""
    if identity is not None:
        check_identity(record.get("identity"), identity, f"the index {folder}", who)
    if "identity" not in record and "transform" in record and encoder is not None:
        about = encoder.transform and encoder.transform.about
        if record["transform"] != about:
            raise UserError(
                f"the index {folder} was made {'with' if record['transform'] else 'without'} a transform and the "
                f"encoder '{who}' has {'another or none' if record['transform'] else 'one'}; use the same"
            )


def _chosen(
    job: _Job, record: Mapping[str, Any], folder: Path, said: Mapping[str, Said], catalogue: Catalogue
) -> _Chosen:
    """Which documents of an index a task ranks; refuses an index that has others, as far as it is known without reading
    many."""
    if job.docs is None:  # queries alone, for any documents
        return _Chosen(None, {}, {})
    made_of = f"'{record['dataset']}'" if record.get("dataset") else "others"
    message = f"the index {folder} is not of the documents of '{job.name}', but of {made_of}; index '{job.name}'"
    counts = [count_documents(view) for view in job.docs]
    if not all(is_few(view.dataset_id, "docs") for view in job.docs):
        return _of_many(job.docs, counts, said, len(catalogue.ids), message)
    if not said:
        _check_ids(job.docs, catalogue, message)
        return _Chosen(None, {"count": len(catalogue.ids)}, {})
    asked = hear(job.docs)
    for lang, one in asked.items():
        if lang not in said or said[lang].count != one.count:
            has = said[lang].count if lang in said else 0
            raise UserError(f"{message} ({has:,} documents of the language '{lang}', not {one.count:,})")
        if said[lang].checksum != one.checksum:
            raise UserError(f"{message} (other ids or texts)")
    return _Chosen(
        None if asked.keys() == said.keys() else tuple(asked),
        {lang: one.checksum for lang, one in asked.items()},
        {lang: (said[lang].prefix, one.prefix) for lang, one in asked.items() if said[lang].prefix != one.prefix},
    )


def _of_many(
    docs: Sequence[View], counts: Sequence[int | None], said: Mapping[str, Said], size: int, message: str
) -> _Chosen:
    """As :func:`_chosen`, of documents that are too many to be read for that: by their languages and numbers."""
    total = None if None in counts else sum(filter(None, counts))
    spoken = {view.lang: view.prefix for view in docs if view.lang}
    some = len(spoken) == len(docs) and spoken.keys() < said.keys()
    here = sum(said[lang].count for lang in spoken) if some else size
    if total is not None and total != here:
        raise UserError(f"{message} ({here:,} documents, not {total:,})")
    renamed = {lang: (said[lang].prefix, prefix) for lang, prefix in spoken.items() if lang in said}
    return _Chosen(
        tuple(spoken) if some else None,
        {view.dataset_id: view.lang for view in docs},
        {lang: pair for lang, pair in renamed.items() if pair[0] != pair[1]},
    )


def _check_ids(docs: Sequence[View], catalogue: Catalogue, message: str) -> None:
    """Refuse an index that does not say what it was made of and has other ids than some documents."""
    ids = [doc_id for view in docs for doc_id in document_ids(view)]
    if len(ids) != len(catalogue.ids):
        raise UserError(f"{message} ({len(catalogue.ids):,} documents, not {len(ids):,})")
    if sorted(ids) != sorted(catalogue.ids):
        raise UserError(f"{message} (other ids or texts)")


def _search(
    index: SearchBackend, queries: Vectors, hits: int, settings: SearchSettings, chosen: _Chosen
) -> Iterator[tuple[Sequence[str], list[np.ndarray], list[np.ndarray]]]:
    """The ids of some queries, and the documents and scores of each, as trec_eval orders them."""
    for start in range(0, len(queries.ids), index.at_once):
        stop = min(start + index.at_once, len(queries.ids))
        block = queries.block(start, stop)
        found = [*index.search(block, hits, settings, chosen.languages)]
        scores = np.concatenate([one.scores for one in found])
        distinct, place = np.unique(np.concatenate([one.numbers for one in found]), return_inverse=True)
        names = _names(index.catalogue, distinct, chosen.renamed)
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(names, kind="stable")] = np.arange(len(names))
        lengths = [len(one.numbers) for one in found]
        order = np.lexsort((-rank[place], -scores, np.repeat(np.arange(len(found)), lengths)))
        bounds = np.cumsum(lengths)[:-1]
        yield (
            queries.ids[start:stop],
            [one[:hits] for one in np.split(names[place[order]], bounds)],
            [one[:hits] for one in np.split(scores[order], bounds)],
        )


def _names(catalogue: Catalogue, numbers: np.ndarray, renamed: Mapping[str, tuple[str, str]]) -> np.ndarray:
    """The ids of some documents of an index as a task has them, object [numbers]."""
    names = catalogue.names(numbers)
    for place, lang in enumerate(catalogue.languages_of(numbers) if renamed else ()):
        if lang in renamed:
            old, new = renamed[lang]
            names[place] = new + names[place].removeprefix(old)
    return names
