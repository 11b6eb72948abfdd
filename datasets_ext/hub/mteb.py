"""Data sets in the form of MTEB's, whose columns nobody has to name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from datasets_ext.errors import CollectionError
from datasets_ext.hub.about import PREFIX, HubCollection, located
from datasets_ext.hub.rows import filled, load_split


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

    path = located(path)
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
        load_split(about, filled(side["config"], code), None)[0].column_names for side in (about.docs, about.queries)
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
