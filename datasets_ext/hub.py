"""Data sets of the Hugging Face hub as collections, by the names of their columns: ``hf:OWNER/NAME``.

What :func:`datasets.load_dataset` reads can be a collection: a name on the hub, or a folder of parquet, JSON lines or
CSV. A :class:`HubCollection` says where documents, queries and judgements are:

``docs``
    ``id`` and ``text``, and optionally ``title``, which stands before the text
``queries``
    ``id`` (the parallel id: the same for the same question in every language) and ``text``, optionally ``cluster``
``qrels``
    ``query`` and ``document``, the ids of above, and optionally ``grade``; without ``qrels`` each row of ``queries`` is
    answered by the document that it has in the columns of ``docs``

Each of the three may name the ``config`` and the ``split`` that its rows are in (by default ``test``, or the only one),
and ``where``: columns and the values that they must have. ``{lang}`` in any of them is the language as the data set
writes it.

A column is named as it is; ``.`` goes into what it holds (``positive_passages.docid``), and a list gives one record for
each of its items. Braces join several: ``{link}-{question_number}``; ``{row}`` is the number of the row in its split,
from 0, for data sets without ids whose languages have the same rows in the same order.

The registered ids are those of every collection here: ``{lang}_{id}`` of documents, ``{id}_{lang}`` of queries.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import ir_datasets

from datasets_ext.errors import CollectionError
from datasets_ext.parallel import (
    Again,
    LanguagePart,
    PackageDocumentation,
    ParallelCollection,
    ParallelDoc,
    ParallelQuery,
    check_name,
    forget,
    is_name,
    register_collection,
    unregister_collection,
)

PREFIX = "hf:"
_KEPT = "hub"  # the folder of ir_datasets' home that holds the collections of `add`
_PLACE = re.compile(r"\{([^{}]+)\}")
_KEYS = {  # of each side: the columns that must be named, and those that may be
    "docs": (("id", "text"), ("title",)),
    "queries": (("id", "text"), ("cluster",)),
    "qrels": (("query", "document"), ("grade",)),
}
_WHERE = ("config", "split", "where")
_BATCH = 1000  # rows read at a time
_own: dict[str, ParallelCollection] = {}


@dataclass(frozen=True)
class HubCollection:
    """Where a data set has documents, queries and judgements.

    Parameters
    ----------
    path : OWNER/NAME on the hub, or a folder.
    languages : language -> what ``{lang}`` stands for.
    docs, queries, qrels : see :mod:`datasets_ext.hub`.
    revision : of the hub's repository.
    asked_in : the same for the languages of the queries, where they are not those of the documents. ``{lang}`` in
        ``qrels`` is the language of the documents.
    measures, description, licence : as in :class:`datasets_ext.parallel.ParallelCollection`.
    """

    path: str
    languages: Mapping[str, str]
    docs: Mapping[str, Any]
    queries: Mapping[str, Any]
    qrels: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None
    asked_in: Mapping[str, str] = field(default_factory=dict)
    measures: Sequence[str] = ()
    description: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        if not self.languages:
            raise CollectionError(f"{self.path}: name its languages")
        for lang in (*self.languages, *self.asked_in):
            if not re.fullmatch(r"[A-Za-z0-9_-]+", lang) or lang == "multi":
                raise CollectionError(f"{self.path}: '{lang}' cannot be a language: use letters, digits, '-' and '_'")
        for side, (needed, optional) in _KEYS.items():
            given = getattr(self, side)
            if side == "qrels" and not given:
                continue
            for key in needed:
                if key not in given:
                    raise CollectionError(f"{self.path}: name the column of the {side}' {key}")
            known = (*needed, *optional, *_WHERE)
            for key in given:
                if key not in known:
                    raise CollectionError(f"{self.path}: the {side} take no '{key}'; they take: {', '.join(known)}")


def collection(name: str, about: HubCollection) -> ParallelCollection:
    """The collection of a data set, under a name."""
    state = hashlib.sha256(json.dumps(asdict(about), sort_keys=True).encode())
    if Path(about.path).is_dir():
        for path in sorted(Path(about.path).rglob("*")):
            state.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    return ParallelCollection(
        name,
        sorted(about.languages),
        partial(_load, about),
        state.hexdigest()[:12],
        at_hand=lambda lang: True,  # in the cache of the hub's libraries, or wanted by whoever named it
        originals=f"the {{side}} of {PREFIX}{about.path} in {{lang}}",
        read_queries=lambda lang: _queries(about, lang).values(),
        asked_in=sorted(about.asked_in),
        measures=about.measures,
        description=about.description or f"the data set {about.path} of the Hugging Face hub",
        licence=about.licence,
        qrels_defs={},
    )


def read(path: str, content: Mapping[str, Any]) -> HubCollection:
    """A collection as somebody has written it down; ``languages`` may be a list where the data set writes them so too.

    Raises
    ------
    CollectionError
        Something is missing, unknown or of the wrong type; names it.
    """
    known = [one.name for one in fields(HubCollection) if one.name != "path"]
    for key, value in content.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise CollectionError(f"{path}: unknown key '{key}'; known: {', '.join(known)}{hint}")
        kinds: dict[str, Any] = {"measures": list, "languages": (list, dict), "asked_in": (list, dict)}
        if not isinstance(value, kinds.get(key, dict if key in _KEYS else str)):
            raise CollectionError(f"{path}: '{key}' is of the wrong kind: {value!r}")
    languages = {key: _languages(content.get(key, {})) for key in ("languages", "asked_in")}
    return HubCollection(_located(path), **{**content, **languages})


def _located(path: str) -> str:
    """A folder by its absolute path, so that it is found from anywhere; a name on the hub as it is."""
    return str(Path(path).resolve()) if Path(path).is_dir() else path


def _languages(given: Any) -> dict[str, str]:
    return {str(lang): str(code) for lang, code in (given if isinstance(given, dict) else dict.fromkeys(given)).items()}


def guess(path: str, revision: str | None = None) -> HubCollection:
    """A data set in the form that most retrieval benchmarks on the hub have, that of MTEB.

    Its configurations are ``corpus``, ``queries`` and ``default`` or ``qrels``, of several languages ``{lang}-corpus``,
    ``{lang}-queries`` and ``{lang}-qrels``.

    Raises
    ------
    CollectionError
        It has another form; says what it has, and how to name its columns.
    """
    import datasets

    path = _located(path)
    try:
        configs = datasets.get_dataset_config_names(path, revision=revision)
    except Exception as error:  # whatever the hub's libraries raise
        raise CollectionError(f"cannot look at {PREFIX}{path}: {str(error).splitlines()[0]}") from error
    heads = [name.removesuffix("-corpus") for name in configs if name.endswith("-corpus")]
    languages = [one for one in heads if {f"{one}-queries", f"{one}-qrels"} <= {*configs}]
    if languages:
        known, head = dict(zip(languages, languages, strict=True)), "{lang}-"
        qrels = "{lang}-qrels"
    elif {"corpus", "queries"} <= {*configs}:
        known, head = _card_language(path, revision), ""
        qrels = "qrels" if "qrels" in configs else "default"
    else:
        raise CollectionError(
            f"{PREFIX}{path} does not say where its documents and queries are; it has the configurations "
            f"{', '.join(configs[:20])}: name its columns, as in 'hybrid-ir datasets add NAME {PREFIX}{path} "
            "--languages de en --docs config={lang} id=docid text=passage --queries config={lang} id=qid text=question'"
        )
    about = HubCollection(
        path,
        known,
        {"config": f"{head}corpus", "id": "id", "text": "text"},
        {"config": f"{head}queries", "id": "id", "text": "text"},
        {"config": qrels, "query": "query-id", "document": "corpus-id", "grade": "score"},
        revision,
    )
    code = next(iter(known.values()))
    docs, queries = (
        _split(about, _filled(side["config"], code), None)[0].column_names for side in (about.docs, about.queries)
    )
    return replace(
        about,
        docs={**about.docs, "id": _id_column(docs), **({"title": "title"} if "title" in docs else {})},
        queries={**about.queries, "id": _id_column(queries)},
    )


def _id_column(columns: Sequence[str]) -> str:
    return "_id" if "_id" in columns else "id"


def _card_language(path: str, revision: str | None) -> dict[str, str]:
    """The one language that a data set's card names."""
    from huggingface_hub import DatasetCard

    try:
        local = Path(path) / "README.md"
        card = DatasetCard.load(local) if local.is_file() else DatasetCard.load(path)
        said = card.data.language or []
    except Exception as error:  # there is no card, or the hub cannot be reached
        raise CollectionError(f"cannot read the card of {PREFIX}{path}: {str(error).splitlines()[0]}") from error
    languages = [said] if isinstance(said, str) else list(said)
    if len(languages) != 1:
        raise CollectionError(
            f"the card of {PREFIX}{path} names {len(languages)} languages; say which its texts are in, as in "
            f"'hybrid-ir datasets add NAME {PREFIX}{path} --languages en'"
        )
    return {languages[0]: languages[0]}


def _resolved(about: HubCollection) -> HubCollection:
    """The same at the revision that the hub has now, so that it stays what it is."""
    if about.revision or Path(about.path).is_dir():
        return about
    from huggingface_hub import HfApi

    try:
        return replace(about, revision=HfApi().dataset_info(about.path).sha)
    except Exception as error:  # whatever the hub's libraries raise
        raise CollectionError(
            f"cannot ask the hub for {about.path}: {str(error).splitlines()[0]}; with --revision it is not asked"
        ) from error


def _home() -> Path:
    return Path(ir_datasets.util.home_path()) / _KEPT


def add(name: str, about: HubCollection, *, overwrite: bool = False) -> list[Path]:
    """Read a data set once, keep under a name where its columns are, and register it.

    Raises
    ------
    CollectionError
        It cannot be read, or nothing in it is relevant to any query, or the name is taken; nothing is kept.
    """
    target = _home() / f"{name}.json"
    about = _resolved(about)
    content = json.dumps(asdict(about), ensure_ascii=False, indent=1)
    if target.is_file():
        if target.read_text(encoding="utf-8") == content:
            return [target]
        if not overwrite:
            raise CollectionError(
                f"'{name}' is there already, of other columns; choose another name, or replace it with --overwrite "
                "(overwrite=True)"
            )
    else:
        check_name(name)
    checked = collection(name, about)
    parts = {lang: checked.part(lang) for lang in dict.fromkeys((*checked.languages, *checked.asked_in))}
    asked = {query.parallel_id for lang in checked.asked_in for query in parts[lang].queries}
    if not any(parallel_id in asked for lang in checked.languages for parallel_id in parts[lang].relevant):
        raise CollectionError(f"{PREFIX}{about.path}: no query has a relevant document, so nothing can be scored")
    for lang in checked.languages:
        known = {doc.doc_id for doc in parts[lang].docs}
        strange = next((one for judged in parts[lang].relevant.values() for one in judged if one not in known), None)
        if strange:
            said = strange.removeprefix(f"{lang}_")
            warnings.warn(f"'{said}' is judged in '{lang}', and is not among its documents", stacklevel=3)
    target.parent.mkdir(parents=True, exist_ok=True)
    with ir_datasets.util.finialized_file(target, "wt") as file:
        file.write(content)
    forget(name)
    register_collection(collection(name, about), PackageDocumentation("parallel.yaml"))
    return [target]


def is_kept(name: str) -> bool:
    """Whether :func:`add` has kept a data set under this name."""
    return is_name(name) and (_home() / f"{name}.json").is_file()


def remove(name: str) -> list[Path]:
    """Forget a data set that :func:`add` has kept; what the hub's libraries have downloaded stays in their cache."""
    target = _home() / f"{name}.json"
    target.unlink()
    return [target, *forget(name)]


def register() -> None:
    """Register what :func:`add` has kept."""
    for path in sorted(_home().glob("[!.]*.json")):
        try:
            about = HubCollection(**json.loads(path.read_text(encoding="utf-8")))
            register_collection(collection(path.stem, about), PackageDocumentation("parallel.yaml"))
        except (ValueError, TypeError) as error:  # a CollectionError, or what should be JSON is none
            warnings.warn(f"the collection '{path.stem}' is skipped: {error}", stacklevel=2)


def register_hub(name: str) -> None:
    """Register the data set of an id, ``hf:OWNER/NAME`` or ``hf:OWNER/NAME@REVISION``, in the form of :func:`guess`."""
    parts = name.removeprefix(PREFIX).split("/")
    folders = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    path = next((one for one in folders if one and Path(one).is_dir()), "/".join(parts[:2]))
    if f"{PREFIX}{path}" not in ir_datasets.registry:
        repository, _, revision = path.partition("@")
        about = guess(path if Path(path).is_dir() else repository, revision or None)
        register_collection(collection(f"{PREFIX}{path}", about), PackageDocumentation("parallel.yaml"))


def register_own(name: str, about: HubCollection) -> ParallelCollection:
    """Register a data set under a name of one's own for this process, in place of an earlier one under this name.

    Raises
    ------
    CollectionError
        The name is that of something else.
    """
    new = collection(name, about)
    if name in _own and _own[name].fingerprint == new.fingerprint:
        return _own[name]
    if name in _own:
        unregister_collection(name)
    else:
        check_name(name)
    register_collection(new, PackageDocumentation("parallel.yaml"))
    _own[name] = new
    return new


def _load(about: HubCollection, lang: str) -> LanguagePart:
    queries = _queries(about, lang) if lang in (about.asked_in or about.languages) else {}
    if lang not in about.languages:
        return LanguagePart([], list(queries.values()), {})
    relevant: dict[str, dict[str, int]] = {}
    for where, row in _judged(about, lang):
        try:
            grade = int(float(row.get("grade") or 1))
        except ValueError:
            raise CollectionError(f"{where}: the grade '{row['grade']}' is no number") from None
        relevant.setdefault(row["query"], {})[f"{lang}_{row['document']}"] = grade
    return LanguagePart(Again(partial(_docs, about, lang)), list(queries.values()), relevant)


def _docs(about: HubCollection, lang: str) -> Iterator[ParallelDoc]:
    """The documents of a language. Rows may repeat one; two of one id and different texts are an error."""
    seen: dict[str, int] = {}
    for where, row in _rows(about, about.docs, _KEYS["docs"], about.languages[lang]):
        doc_id, text = f"{lang}_{row['id']}", " ".join(filter(None, (row.get("title"), row["text"])))
        _check_id(where, row["id"])
        new = doc_id not in seen
        if seen.setdefault(doc_id, hash(text)) != hash(text):
            raise CollectionError(f"{where} repeats the document id '{row['id']}' with another text")
        if new:
            yield ParallelDoc(doc_id, text, "", row.get("title", ""), lang)


def _queries(about: HubCollection, lang: str) -> dict[str, ParallelQuery]:
    found: dict[str, ParallelQuery] = {}
    for where, row in _rows(about, about.queries, _KEYS["queries"], {**about.languages, **about.asked_in}[lang]):
        _check_id(where, row["id"])
        if not row["text"].strip():
            raise CollectionError(f"{where} has an empty query")
        query = ParallelQuery(f"{row['id']}_{lang}", row["text"], lang, row["id"], row.get("cluster", ""))
        if found.setdefault(row["id"], query) != query:
            raise CollectionError(f"{where} repeats the query id '{row['id']}' with another text")
    return found


def _judged(about: HubCollection, lang: str) -> Iterator[tuple[_Where, dict[str, str]]]:
    code = about.languages[lang]
    if about.qrels:
        return _rows(about, about.qrels, _KEYS["qrels"], code)
    same = {key: about.queries[key] for key in _WHERE if key in about.queries}
    columns = {**same, "query": about.queries["id"], "document": about.docs["id"]}
    return _rows(about, columns, _KEYS["qrels"], code)


def _check_id(where: _Where, value: str) -> None:
    if value.split() != [value]:
        raise CollectionError(f"{where}: the id {value!r} is empty or has white space, at which run files part")


def _rows(
    about: HubCollection, side: Mapping[str, Any], keys: tuple[tuple[str, ...], tuple[str, ...]], code: str
) -> Iterator[tuple[_Where, dict[str, str]]]:
    """The records of one side in one language, each with where it stands."""
    side = _filled(side, code)
    wanted = {key: _Column(side[key]) for key in (*keys[0], *keys[1]) if key in side}
    condition = {_Column(name): value for name, value in side.get("where", {}).items()}
    dataset, place = _split(about, side.get("config"), side.get("split"))
    columns = {name for column in (*wanted.values(), *condition) for name in column.names} - {_ROW}
    for name in sorted(columns - {*dataset.column_names}):
        near = difflib.get_close_matches(name, dataset.column_names, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise CollectionError(
            f"{place} has no column '{name}'; its columns are: {', '.join(dataset.column_names)}{hint}"
        )
    read = sorted(columns) or dataset.column_names[:1]  # of rows that are known by their number alone
    batches = dataset.select_columns(read).iter(batch_size=_BATCH)
    for first, batch in zip(count(0, _BATCH), batches, strict=False):
        plain = None if condition else _plain(wanted, batch)
        if plain is not None:  # as in most data sets, where much is saved
            for number, values in enumerate(zip(*plain, strict=True), first):
                yield _Where(place, number), dict(zip(wanted, values, strict=True))
            continue
        for number, values in enumerate(zip(*batch.values(), strict=True), first):
            row = {**dict(zip(batch, values, strict=True)), _ROW: number}
            where = _Where(place, number)
            if all(column.of(row, where) == [str(value)] for column, value in condition.items()):
                yield from ((where, record) for record in _records(wanted, row, where))


def _plain(wanted: Mapping[str, _Column], batch: Mapping[str, list[Any]]) -> list[list[str]] | None:
    """The wanted columns of a batch, where each is a column of texts as it is."""
    found = [batch.get(column.form, [None]) for column in wanted.values()]
    return found if all(isinstance(value, str) for values in found for value in values) else None


class _Where(NamedTuple):
    """A row, as messages name it."""

    place: str
    number: int

    def __str__(self) -> str:
        return f"{self.place} row {self.number}"


def _records(wanted: Mapping[str, _Column], row: Mapping[str, Any], where: _Where) -> Iterator[dict[str, str]]:
    """What a row has in the wanted columns: one record, or one for each item of its lists."""
    found = {key: column.of(row, where) for key, column in wanted.items()}
    listed = {len(values) for key, values in found.items() if wanted[key].listed(row)}
    if len(listed) > 1:
        raise CollectionError(f"{where} has lists of {' and '.join(map(str, sorted(listed)))} items in its columns")
    many = listed.pop() if listed else 1
    for i in range(many):
        yield {key: values[i] if wanted[key].listed(row) else values[0] for key, values in found.items()}


_ROW = "row"


@dataclass(frozen=True)
class _Column:
    """A column, what is inside one, or several joined by a form."""

    form: str

    @property
    def paths(self) -> list[list[str]]:
        return [place.split(".") for place in _PLACE.findall(self.form) or [self.form]]

    @property
    def names(self) -> set[str]:
        """The columns that it needs."""
        return {path[0] for path in self.paths}

    def listed(self, row: Mapping[str, Any]) -> bool:
        """Whether it has several values in a row."""
        return any(isinstance(_inside(row, path), list) for path in self.paths)

    def of(self, row: Mapping[str, Any], where: _Where) -> list[str]:
        """Its values in a row."""
        found = [_inside(row, path) for path in self.paths]
        many = max((len(one) for one in found if isinstance(one, list)), default=1)
        parts = [one if isinstance(one, list) else [one] * many for one in found]
        if any(isinstance(one, dict) for part in parts for one in part):
            raise CollectionError(f"{where}: '{self.form}' is no text; name what is in it, such as '{self.form}.text'")
        texts = [["" if one is None else str(one) for one in part] for part in parts]
        if not _PLACE.search(self.form):
            return texts[0]
        return [self._joined(values) for values in zip(*texts, strict=True)]

    def _joined(self, values: Iterable[str]) -> str:
        rest = iter(values)
        return _PLACE.sub(lambda _: next(rest), self.form)


def _inside(value: Any, path: Sequence[str]) -> Any:
    """What lies under a path of keys; of a list, that of each item."""
    for place, key in enumerate(path):
        if isinstance(value, list):
            return [_inside(one, path[place:]) for one in value]
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _filled(value: Any, code: str) -> Any:
    """A specification with its ``{lang}`` filled in."""
    if isinstance(value, Mapping):
        return {key: _filled(one, code) for key, one in value.items()}
    return value.replace("{lang}", code) if isinstance(value, str) else value


def _split(about: HubCollection, config: str | None, split: str | None) -> tuple[Any, str]:
    """The rows of one split, and what it is called in messages."""
    import datasets

    place = " ".join(filter(None, (f"{PREFIX}{about.path}", config)))
    try:
        loaded = datasets.load_dataset(about.path, config, revision=about.revision)
    except Exception as error:  # of the hub, of files, of formats: whatever datasets and its libraries raise
        raise CollectionError(f"cannot load {place}: {str(error).splitlines()[0]}") from error
    if split is None:
        split = "test" if "test" in loaded else next(iter(loaded))
        if split != "test" and len(loaded) > 1:
            raise CollectionError(f"{place} has several splits; name one of {', '.join(loaded)}")
    if split not in loaded:
        raise CollectionError(f"{place} has no split '{split}'; it has: {', '.join(loaded)}")
    return loaded[split], f"{place} {split}"
