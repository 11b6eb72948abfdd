"""Where a data set has documents, queries and judgements, as somebody writes it down."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import permutations
from pathlib import Path
from typing import Any

from datasets_ext.errors import CollectionError

PREFIX = "hf:"
KEYS = {  # of each side: the columns that must be named, and those that may be
    "docs": (("id", "text"), ("title",)),
    "queries": (("id", "text"), ("cluster", "article")),
    "qrels": (("query", "document"), ("grade",)),
}
PLACE = ("config", "split", "where")


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
        for one, other in permutations({*self.languages, *self.asked_in}, 2):
            if one.startswith(f"{other}_") or one.endswith(f"_{other}"):  # ids join the language with an underscore
                raise CollectionError(
                    f"{self.path}: ids in '{one}' and '{other}' could be the same; name one of them otherwise, as in "
                    f"{one.replace('_', '-')}={one}"
                )
        for side, (needed, optional) in KEYS.items():
            given = getattr(self, side)
            if side == "qrels" and not given:
                continue
            for key in needed:
                if key not in given:
                    raise CollectionError(f"{self.path}: name the column of the {side}' {key}")
            known = (*needed, *optional, *PLACE)
            for key in given:
                if key not in known:
                    raise CollectionError(f"{self.path}: the {side} take no '{key}'; they take: {', '.join(known)}")


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
        if not isinstance(value, kinds.get(key, dict if key in KEYS else str)):
            raise CollectionError(f"{path}: '{key}' is of the wrong kind: {value!r}")
    languages = {key: _languages(content.get(key, {})) for key in ("languages", "asked_in")}
    return HubCollection(located(path), **{**content, **languages})


def located(path: str) -> str:
    """A folder by its absolute path, so that it is found from anywhere; a name on the hub as it is."""
    return str(Path(path).resolve()) if Path(path).is_dir() else path


def _languages(given: Any) -> dict[str, str]:
    return {str(lang): str(code) for lang, code in (given if isinstance(given, dict) else dict.fromkeys(given)).items()}
