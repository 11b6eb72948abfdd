"""The one shape that every collection here has: documents, queries and qrels that are parallel across languages.

A collection is a set of languages. Each language has documents, queries and, for each query, the documents of
that language that answer it. What links a question across languages is its *parallel id*: a query is relevant to
a document of any language that answers the query's parallel id there. From that, and nothing else, come all the
ids that a collection registers with ir_datasets:

====================  ==========================  ============================
id                    documents                   queries
====================  ==========================  ============================
``NAME``              the pool of all languages   all languages
``NAME/multi/QL``     the pool of all languages   QL
``NAME/DL/QL``        DL                          QL (cross, or mono if DL=QL)
``NAME/DL``           DL                          none
``NAME/multi``        the pool of all languages   none
====================  ==========================  ============================
"""

# Without `from __future__ import annotations`: the exporters of ir_datasets leave out every field of a record whose
# annotation is not a type, and with that import all annotations are text.
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets
from ir_datasets.datasets.base import Dataset, YamlDocumentation
from ir_datasets.formats import BaseDocs, BaseQrels, BaseQueries, GenericQrel
from ir_datasets.indices import DEFAULT_DOCSTORE_OPTIONS, Docstore, PickleLz4FullStore
from ir_datasets.util import MetadataProvider

from datasets_ext.errors import CollectionError

MULTI = "multi"  # the DOCS part of an id that names the pool of all languages
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RESERVED = ("parallel", "hub")  # folders of ir_datasets' home that hold kept collections, where no stores may lie
_LISTED = 1000  # pairs of languages, at most, of a collection whose ids stand in ir_datasets' list


class ParallelDoc(NamedTuple):
    """A passage of one language."""

    doc_id: str  # {lang}_{paragraph}_{sentence}: paragraphs from 1 in file order, sentences from 0
    text: str
    context: str  # the paragraph around it
    title: str  # of the article; empty where there is none
    lang: str  # ISO 639-1

    def default_text(self) -> str:
        return self.text


class ParallelQuery(NamedTuple):
    """A question in one language."""

    query_id: str  # {parallel_id}_{lang}
    text: str
    lang: str  # ISO 639-1
    parallel_id: str  # the same in every language that has the question
    cluster: str = ""  # what it shares with other questions, so that their values are not independent; empty: unknown
    article: str = ""  # what its cluster shares with others; empty: unknown

    def default_text(self) -> str:
        return self.text


@dataclass(frozen=True)
class LanguagePart:
    """All that a collection holds of one language.

    Parameters
    ----------
    docs : may be many, so whoever asks goes through them and keeps none: anything that can be gone through again and
        again, such as a list or :class:`Again`.
    relevant : parallel id -> the documents of this language that answer it; where documents are graded, a mapping of
        all that are judged to their grades, of which those above 0 answer it.
    """

    docs: Iterable[Any]
    queries: Sequence[Any]
    relevant: Mapping[str, Collection[str]]

    def __repr__(self) -> str:
        many = f"{len(self.docs):,} documents" if isinstance(self.docs, Sized) else "documents"
        return f"LanguagePart({many}, {len(self.queries):,} queries)"

    def grades(self, parallel_id: str) -> Mapping[str, int]:
        """The judged documents of this language for a question, with their grades."""
        judged = self.relevant.get(parallel_id, ())
        return judged if isinstance(judged, Mapping) else dict.fromkeys(judged, 1)

    def answers(self, parallel_id: str) -> int:
        """How many documents of this language answer a question."""
        judged = self.relevant.get(parallel_id, ())
        return sum(grade > 0 for grade in judged.values()) if isinstance(judged, Mapping) else len(judged)


@dataclass(frozen=True)
class Again(Iterable[Any]):
    """What a function gives, each time that somebody goes through it: documents that are read and not held.

    Parameters
    ----------
    count : how many they are, if that is known without reading them.
    """

    read: Callable[[], Iterator[Any]]
    count: int | None = None

    def __iter__(self) -> Iterator[Any]:
        return self.read()


@dataclass(eq=False)
class ParallelCollection:
    """A named set of languages, each loaded when it is first asked for and kept.

    Parameters
    ----------
    name : the ir_datasets id of the collection.
    languages : the codes of those that have documents, sorted; ISO 639-1 unless the publisher has codes of its own.
    load : one language -> its :class:`LanguagePart`. Raises :class:`CollectionError` on damaged files.
    fingerprint : changes whenever the contents do; names the document store on disk, so none is ever stale.
    at_hand : whether a language can be read without a download; by default nobody knows, so it cannot.
    read_queries : one language -> its queries alone, where that takes less than ``load``.
    metadata : the counts of every id, in the form of ir_datasets' ``metadata.json``, where they are known without
        reading the collection; otherwise they are counted, those of an id when somebody asks for them.
    licence : of its texts.
    empty : (documents, queries) of the ids that make no tasks: known to have no queries, or scored by nobody.
    asked_in : the languages of the queries, where they are not those of the documents.
    through : languages of which a cross-lingual task has one on either side, in collections of so many languages that
        nobody scores all pairs; empty: all pairs. The ids of all pairs are there in any case.
    answers_itself : whether a query is among the documents of its own language, word for word, as where translations
        are to be found: then nothing is asked within a language, and a query's pool has the other languages alone. The
        id of the pool has all documents, and no judgements of those in the query's language.
    pool : gives the judgements of the pool, as those of a language are given, where they are not those of all languages
        together. A question that is judged in a language and not in the pool is no question for the pool.
    apart : whether each language of documents has questions of its own, of which nobody judged documents of another:
        they are asked in that language and in those that have no documents, and there is no pool.
    published_ids : whether documents and queries have the ids that their publisher gave them, so that runs and
        judgements of others can be read. Queries of different languages then have the same ids.
    streamed : whether documents are too many to be held.
    measures : the official ones, by ir_measures' names.
    description : in a line, for lists.
    part_of : the collection that has all of these questions and documents, too, if there is one.
    language_groups : languages by the name of what they have in common, such as ``script:Cyrl``.
    qrels_defs : what each grade means.
    originals : what a user's own data are called whose ids these are made of, such as ``{side}.{lang}.jsonl``.
    doc_type, query_type : of the records; more fields than those of the defaults may follow.
    """

    name: str
    languages: Sequence[str]
    load: Callable[[str], LanguagePart]
    fingerprint: str
    at_hand: Callable[[str], bool] = lambda lang: False
    read_queries: Callable[[str], Iterable[Any]] | None = None
    metadata: Callable[[], dict[str, Any]] | None = None
    licence: str = ""
    empty: Iterable[tuple[str, str]] = ()
    asked_in: Sequence[str] = ()
    through: Sequence[str] = ()
    answers_itself: bool = False
    pool: Callable[[], Mapping[str, Mapping[str, int]]] | None = None
    apart: bool = False
    published_ids: bool = False
    streamed: bool = False
    measures: Sequence[str] = ()
    description: str = ""
    part_of: str = ""
    language_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    qrels_defs: Mapping[int, str] = field(default_factory=lambda: {1: "answers the question"})
    originals: str = ""
    doc_type: type = ParallelDoc
    query_type: type = ParallelQuery

    def __post_init__(self) -> None:
        self.languages = tuple(self.languages)
        self.asked_in = tuple(self.asked_in) or self.languages
        self.empty = frozenset(self.empty)
        self._parts: dict[str, LanguagePart] = {}

    def part(self, lang: str) -> LanguagePart:
        """Documents, queries and relevance of one language."""
        if lang not in self._parts:
            self._parts[lang] = self.load(lang)
        return self._parts[lang]

    def queries(self, lang: str) -> Iterable[Any]:
        """The queries of one language, for a single look: neither they nor the documents are kept."""
        if lang in self._parts:
            return self._parts[lang].queries
        return self.read_queries(lang) if self.read_queries else self.load(lang).queries

    def forget(self) -> None:
        """Read everything anew from now on."""
        self._parts.clear()

    def qrels(self, doc_langs: Sequence[str], query_langs: Sequence[str]) -> Iterator[GenericQrel]:
        """Every (query, judged document) of these languages, in the order of the queries; of queries with an answer."""
        parts = self._judged(doc_langs)
        for lang, answered in self.answered(doc_langs, query_langs):
            own = self.part(lang)
            others = [part for part in parts if part is not own] if self.asks_others(doc_langs) else parts
            for query in own.queries:
                if query.parallel_id in answered:
                    for part in others:
                        for doc_id, grade in part.grades(query.parallel_id).items():
                            yield GenericQrel(query.query_id, doc_id, grade)

    def answers(self, doc_langs: Sequence[str]) -> Counter[str]:
        """The number of relevant documents in some languages, by parallel id; without those that have none."""
        found: Counter[str] = Counter()
        for lang in doc_langs:
            part = self.part(lang)
            for parallel_id in part.relevant:
                number = part.answers(parallel_id)
                if number:
                    found[parallel_id] += number
        return found

    def answered(self, doc_langs: Sequence[str], query_langs: Sequence[str]) -> Iterator[tuple[str, Counter[str]]]:
        """Languages of queries, each with the parallel ids of those that have a relevant document in some languages."""
        answers = self.answers(doc_langs)
        for lang in query_langs:
            yield lang, answers - self.answers([lang]) if self.asks_others(doc_langs) else answers

    def asks_others(self, doc_langs: Sequence[str]) -> bool:
        """Whether of the documents of some languages those of a query's own are not judged for it."""
        return self.answers_itself and len(doc_langs) > 1

    def grades(self, doc_langs: Sequence[str]) -> dict[str, Counter[int]]:
        """How many documents in some languages are judged with which grade, by parallel id."""
        found: dict[str, Counter[int]] = {}
        for part in self._judged(doc_langs):
            for parallel_id in part.relevant:
                found.setdefault(parallel_id, Counter()).update(part.grades(parallel_id).values())
        return found

    def asked_of(self, docs: str) -> tuple[str, ...]:
        """The languages of the queries to the documents of a language, or of the pool."""
        if not self.apart:
            return tuple(self.asked_in)
        return tuple(one for one in self.asked_in if docs != MULTI and (one == docs or one not in self.languages))

    def _judged(self, doc_langs: Sequence[str]) -> list[LanguagePart]:
        """What has the judgements of some languages."""
        if self.pool and tuple(doc_langs) == self.languages:
            return [LanguagePart((), (), self.pool())]
        return [self.part(lang) for lang in doc_langs]


class ParallelDocs(BaseDocs):
    """The documents of one language, or the pool of several."""

    def __init__(self, collection: ParallelCollection, docs: str, langs: Sequence[str]):
        self._collection = collection
        self._docs = docs
        self._langs = langs

    @ir_datasets.util.use_docstore
    def docs_iter(self) -> Iterator[Any]:
        return chain.from_iterable(self._collection.part(lang).docs for lang in self._langs)

    def docs_cls(self) -> type:
        return self._collection.doc_type

    def docs_store(self, field: str = "doc_id", options: Any = DEFAULT_DOCSTORE_OPTIONS) -> PickleLz4FullStore:
        home = ir_datasets.util.home_path() / self._collection.name
        return PickleLz4FullStore(
            path=str(home / f"{self._docs}-{self._collection.fingerprint}.pklz4"),
            init_iter_fn=lambda: chain.from_iterable(self._collection.part(lang).docs for lang in self._langs),
            data_cls=self._collection.doc_type,
            lookup_field=field,
            index_fields=["doc_id"],
            options=options,
        )

    def docs_at_hand(self) -> bool:
        """Whether they can be read without a download."""
        return all(map(self._collection.at_hand, self._langs))

    def docs_need_counting(self) -> bool:
        """Whether their number is known only when they are read."""
        return self._collection.metadata is None

    def docs_originals(self) -> str:
        """What a user's own data are called whose ids these are made of; empty for others."""
        return self._collection.originals

    def docs_id_form(self) -> tuple[str, str]:
        """What goes before and after an original id, in one language."""
        made = len(self._langs) == 1 and not self._collection.published_ids
        return (f"{self._langs[0]}_", "") if made else ("", "")

    def docs_namespace(self) -> str:
        return self._collection.name

    def docs_lang(self) -> str | None:
        return self._langs[0] if len(self._langs) == 1 else None


class QueryStore(Docstore):
    """What ``ir_datasets lookup --qid`` asks for."""

    def __init__(self, queries: Iterable[Any], queries_cls: type):
        super().__init__(queries_cls, "query_id")
        self._by_id = {query.query_id: query for query in queries}

    def get_many_iter(self, query_ids: Iterable[str]) -> Iterator[Any]:
        return (self._by_id[query_id] for query_id in query_ids if query_id in self._by_id)


class ParallelQueries(BaseQueries):
    """The queries of some languages that have a relevant document in some languages."""

    def __init__(self, collection: ParallelCollection, doc_langs: Sequence[str], query_langs: Sequence[str]):
        self._collection = collection
        self._doc_langs = doc_langs
        self._query_langs = query_langs

    def queries_iter(self) -> Iterator[Any]:
        for lang, answered in self._collection.answered(self._doc_langs, self._query_langs):
            for query in self._collection.part(lang).queries:
                if query.parallel_id in answered:
                    yield query

    def queries_unanswered(self) -> Iterator[str]:
        """The ids of the other queries of these languages: nothing here is relevant to them."""
        for lang, answered in self._collection.answered(self._doc_langs, self._query_langs):
            for query in self._collection.part(lang).queries:
                if query.parallel_id not in answered:
                    yield query.query_id

    def queries_id_form(self) -> tuple[str, str]:
        """What goes before and after a parallel id, in one language."""
        made = len(self._query_langs) == 1 and not self._collection.published_ids
        return ("", f"_{self._query_langs[0]}") if made else ("", "")

    def queries_cls(self) -> type:
        return self._collection.query_type

    def queries_store(self) -> QueryStore:
        return QueryStore(self.queries_iter(), self._collection.query_type)

    def queries_namespace(self) -> str:
        return self._collection.name

    def queries_lang(self) -> str | None:
        return self._query_langs[0] if len(self._query_langs) == 1 else None


class ParallelQrels(BaseQrels):
    """Relevance between the queries of some languages and the documents of some languages."""

    def __init__(self, collection: ParallelCollection, doc_langs: Sequence[str], query_langs: Sequence[str]):
        self._collection = collection
        self._doc_langs = doc_langs
        self._query_langs = query_langs

    def qrels_iter(self) -> Iterator[GenericQrel]:
        return self._collection.qrels(self._doc_langs, self._query_langs)

    def qrels_defs(self) -> dict[int, str]:
        return dict(self._collection.qrels_defs)


class PackageDocumentation(YamlDocumentation):
    """Documentation from a YAML file of this package, where one entry serves all pairs of languages.

    The keys are ``_`` (the collection), ``docs``, ``pool``, ``mono``, ``cross`` and ``multi``; ``{docs}`` and
    ``{queries}`` in a text become the languages.
    """

    _contents: dict[str, dict[str, Any]] | None

    def get_key(self, key: tuple[str | None, str | None]) -> dict[str, Any]:
        if self._contents is None:
            path = files("datasets_ext") / "docs" / self._file
            self._contents = ir_datasets.lazy_libs.yaml().safe_load(path.read_text(encoding="utf-8"))
        contents: dict[str, dict[str, Any]] = self._contents
        docs, queries = key
        if docs is None:
            entry = "_"
        elif queries is None:
            entry = "pool" if docs == MULTI else "docs"
        else:
            entry = MULTI if docs == MULTI else ("mono" if docs == queries else "cross")
        text = contents[entry]["desc"].format(docs=docs, queries=queries)
        return {**contents["_"], **contents[entry], "desc": text}


@cache
def package_json(name: str) -> Any:
    """A table in this package's ``etc``."""
    return json.loads((files("datasets_ext") / "etc" / name).read_text(encoding="utf-8"))


def shipped_metadata() -> dict[str, Any]:
    """The counts of the collections whose contents are known in advance."""
    counts: dict[str, Any] = package_json("metadata.json")
    return counts


class _DocsMetadata:
    """The id and the counts of an entry with documents alone.

    It does what ir_datasets' MetadataComponent does, which takes half a second to look at the entries of a hundred
    languages.
    """

    sides: tuple[str, ...] = ("docs",)

    def __init__(self, dataset_id: str, provider: MetadataProvider):
        self._dataset_id = dataset_id
        self._provider = provider

    def dataset_id(self) -> str:
        return self._dataset_id

    def metadata(self) -> dict[str, Any]:
        return {side: self._of(side) for side in self.sides}

    def docs_metadata(self) -> dict[str, Any]:
        return self._of("docs")

    def docs_count(self) -> int | None:
        return self._of("docs").get("count")

    def _of(self, side: str) -> dict[str, Any]:
        return self._provider.get_metadata(self._dataset_id, side)


class _Metadata(_DocsMetadata):
    """The id and the counts of an entry with documents, queries and qrels."""

    sides = ("docs", "queries", "qrels")

    def queries_metadata(self) -> dict[str, Any]:
        return self._of("queries")

    def queries_count(self) -> int | None:
        return self._of("queries").get("count")

    def qrels_metadata(self) -> dict[str, Any]:
        return self._of("qrels")

    def qrels_count(self) -> int | None:
        return self._of("qrels").get("count")


class _Counted(MetadataProvider):
    """The counts of one id, made when somebody asks for them; unknown until its files are here."""

    def __init__(self, collection: ParallelCollection, doc_langs: Sequence[str], query_langs: Sequence[str]):
        self._collection = collection
        self._langs = doc_langs, query_langs
        self._known: dict[str, Any] = {}

    def get_metadata(self, dsid: str, entity_type: ir_datasets.EntityType) -> dict[str, Any]:
        side = ir_datasets.EntityType(entity_type).value
        if not all(map(self._collection.at_hand, chain(*self._langs))):
            return {}  # to ask for a number is no reason to download
        if side not in self._known:
            self._known.update(
                {"docs": count_docs(self._collection, self._langs[0])}
                if side == "docs"
                else count_queries(self._collection, *self._langs)
            )
        counts: dict[str, Any] = self._known.get(side, {})
        return counts


def count(collection: ParallelCollection) -> dict[str, Any]:
    """Counts of every id of a collection, in the form of ir_datasets' ``metadata.json``."""
    pools = {MULTI: collection.languages, **{lang: (lang,) for lang in collection.languages}}
    result: dict[str, Any] = {}
    for docs, doc_langs in pools.items():
        result[f"{collection.name}/{docs}"] = {"docs": count_docs(collection, doc_langs)}
    result[collection.name] = {
        "docs": {"_ref": f"{collection.name}/{MULTI}"},
        **count_queries(collection, collection.languages, collection.asked_in),
    }
    for docs, doc_langs in pools.items():
        for lang in collection.asked_in:
            result[f"{collection.name}/{docs}/{lang}"] = {
                "docs": {"_ref": f"{collection.name}/{docs}"},
                **count_queries(collection, doc_langs, [lang]),
            }
    return result


def count_docs(collection: ParallelCollection, langs: Sequence[str]) -> dict[str, Any]:
    """The number of documents in some languages, as metadata."""
    return {"count": sum(_number(collection.part(lang).docs) for lang in langs)}


def _number(docs: Iterable[Any]) -> int:
    if isinstance(docs, Again) and docs.count is not None:
        return docs.count
    return len(docs) if isinstance(docs, Sized) else sum(1 for _ in docs)


def count_queries(
    collection: ParallelCollection, doc_langs: Sequence[str], query_langs: Sequence[str]
) -> dict[str, Any]:
    """The numbers of queries and qrels between some languages, as metadata."""
    grades = collection.grades(doc_langs)
    queries, judged = 0, Counter[int]()
    for lang, answered in collection.answered(doc_langs, query_langs):
        own = collection.grades([lang]) if collection.asks_others(doc_langs) else {}
        for query in collection.part(lang).queries:
            if query.parallel_id in answered:
                queries += 1
                judged.update(grades.get(query.parallel_id, {}))
                judged.subtract(own.get(query.parallel_id, {}))
    judged = +judged  # without grades of which none is left
    return {
        "queries": {"count": queries},
        "qrels": {
            "count": judged.total(),
            "fields": {"relevance": {"counts_by_value": {str(grade): judged[grade] for grade in sorted(judged)}}},
        },
    }


_registered: list[ParallelCollection] = []


def registered_collections() -> tuple[ParallelCollection, ...]:
    """The collections that :func:`register_collection` has registered."""
    return tuple(_registered)


def whole_of(name: str) -> str:
    """The collection that a registered one is a part of; empty where it is none."""
    return next((one.part_of for one in _registered if one.name == name), "")


def unregister_collection(name: str) -> None:
    """Take all ids of a collection from ir_datasets again, as far as it is registered."""
    for collection in [one for one in _registered if one.name == name]:
        _registered.remove(collection)
        known = ir_datasets.registry._registered  # which offers no way back
        for dataset_id in [one for one in known if f"{one}/".startswith(f"{name}/")]:
            del known[dataset_id]
        patterns = ir_datasets.registry._patterns
        patterns[:] = [one for one in patterns if not one[0].pattern.startswith(f"^{re.escape(name)}/")]


def remove_stores(name: str) -> list[Path]:
    """Remove the document stores of a collection, those of earlier states too; returns them."""
    home = Path(ir_datasets.util.home_path()) / name
    stores = sorted(home.glob("*-*.pklz4"))  # {docs}-{fingerprint}
    for store in stores:
        shutil.rmtree(store)
    if stores and not any(home.iterdir()):
        home.rmdir()
    return stores


def forget(name: str) -> list[Path]:
    """Make a name unknown, and remove the document stores that were made under it; returns them."""
    unregister_collection(name)
    return remove_stores(name)


def is_name(name: str) -> bool:
    """Whether a name can be that of a collection of one's own: that of a file as well."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Refuse a name that a new collection cannot have.

    Raises
    ------
    CollectionError
        It is not of the form of an id, or known already.
    """
    if not is_name(name) or name in _RESERVED:
        raise CollectionError(
            f"'{name}' cannot be a collection's name: use letters, digits, '.', '_' and '-', and not just "
            f"{' or '.join(map(repr, _RESERVED))}"
        )
    if name in ir_datasets.registry:
        raise CollectionError(f"'{name}' is an ir_datasets id already; choose another name")


def register_collection(collection: ParallelCollection, documentation: YamlDocumentation) -> None:
    """Register all ids of a collection with ir_datasets. Does nothing where the name is registered already.

    Where queries of different languages have the same ids, that of the whole collection has the documents alone.
    Of collections of very many languages the ids of all pairs are known by their form, and are not in lists.
    """
    if collection.name in ir_datasets.registry:
        return
    _registered.append(collection)
    shared = MetadataProvider(collection.metadata) if collection.metadata else None

    name, languages, asked_in = collection.name, collection.languages, collection.asked_in
    # One handler for each set of documents, shared by all ids that have it: ir_datasets.docs_parent_id compares them.
    pools: dict[str, Sequence[str]] = {MULTI: languages, **{lang: (lang,) for lang in languages}}
    handlers = {docs: ParallelDocs(collection, docs, langs) for docs, langs in pools.items()}

    def entry(key: tuple[str | None, str | None], docs: str, query_langs: Sequence[str] = ()) -> Dataset:
        dataset_id = "/".join(filter(None, (name, *key)))
        provider = shared or _Counted(collection, pools[docs], query_langs)
        if query_langs:
            queries, qrels = (side(collection, pools[docs], query_langs) for side in (ParallelQueries, ParallelQrels))
            return Dataset(_Metadata(dataset_id, provider), handlers[docs], queries, qrels, documentation(key))
        return Dataset(_DocsMetadata(dataset_id, provider), handlers[docs], documentation(key))

    registry = ir_datasets.registry
    registry.register(name, entry((None, None), MULTI, () if collection.published_ids else asked_in))
    for docs in pools:
        registry.register(f"{name}/{docs}", entry((docs, None), docs))
    listed = pools if len(languages) * len(asked_in) <= _LISTED else (MULTI,)
    for docs in listed:
        for lang in collection.asked_of(docs):
            registry.register(f"{name}/{docs}/{lang}", entry((docs, lang), docs, (lang,)))
    if listed != pools:
        pairs = "({})/({})".format(*("|".join(map(re.escape, side)) for side in (languages, asked_in)))
        registry.register_pattern(
            rf"^{re.escape(name)}/{pairs}$", lambda _, key: entry((key[0], key[1]), key[0], (key[1],))
        )
