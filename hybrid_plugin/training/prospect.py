"""What a training run will read: known before anything is downloaded or trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import ir_datasets

from datasets_ext.parallel import registered_collections
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.folders import looks_like_path
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.named import id_of
from hybrid_plugin.training.sources.irds import matching_ids
from hybrid_plugin.training.sources.named import load_source, source_loaders, translated
from hybrid_plugin.training.sources.published import PublishedIds, PublishedPairs
from hybrid_plugin.training.sources.source import Source

_TRANSLATOR = "facebook/nllb-200-distilled-600M"

State = Literal["here", "download", "missing"]


@dataclass(frozen=True)
class Prospect:
    """A source before it is read.

    Parameters
    ----------
    rows : how many it has, or is said to have; None where nobody knows without reading it.
    languages : of its texts, as far as they are known.
    state : it is here, is downloaded when it is read, or is missing.
    get : what makes it, if it is missing, as the end of a sentence.
    """

    name: str
    rows: int | None
    languages: tuple[str, ...]
    state: State
    get: str = ""

    __repr__ = brief

    def __len__(self) -> int:
        return self.rows or 0


def prospects(names: Iterable[str], languages: Sequence[str] = ()) -> list[Prospect]:
    """What some sources are, in their order. Downloads nothing; files of the user's own are read, and plugins' sources.

    Parameters
    ----------
    languages : that they are to have.

    Raises
    ------
    UserError
        A name is unknown, or a file is damaged.
    """
    return [_prospect(name, tuple(languages)) for name in dict.fromkeys(names)]


def check_prospects(found: Sequence[Prospect]) -> None:
    """Refuse sources of which one is missing.

    Raises
    ------
    UserError
        Names the first, and how to get it.
    """
    missing = [one for one in found if one.state == "missing"]
    if missing:
        others = f" (and {len(missing) - 1} more)" if missing[1:] else ""
        raise UserError(f"the source '{missing[0].name}' is missing{others}: {missing[0].get}")


def model_is_here(name: str) -> bool:
    """Whether a model can be loaded without a download."""
    from huggingface_hub import try_to_load_from_cache

    if looks_like_path(name):
        return Path(name).is_dir()
    return isinstance(try_to_load_from_cache(name, "config.json"), str)


def _prospect(name: str, languages: tuple[str, ...]) -> Prospect:
    name, loaders = id_of(name), source_loaders()
    origin = translated(name)
    if origin is not None:
        return _untranslated(name, origin, languages)
    loader = loaders.get(name)
    if isinstance(loader, PublishedPairs):
        found = loader.at_hand()
        if found is not None:
            return _read(found)
        state: State = "download" if loader.root else "missing"
        get = "" if loader.root else f"{loader.get}, and name it {name}:FOLDER"
        return Prospect(name, loader.pairs, loader.languages, state, get)
    if isinstance(loader, PublishedIds):
        return Prospect(name, loader.pairs, loader.languages, "download")
    collection = next((one for one in registered_collections() if one.name == name), None)
    if loader is not None and collection is not None and not all(map(collection.at_hand, collection.languages)):
        return Prospect(name, None, tuple(collection.languages), "download")
    ids = [] if loader is not None or Path(name).exists() else matching_ids(name.removeprefix("irds:"))
    if ids:
        return Prospect(name, None, _languages(ids), "download")
    return _read(load_source(name))


def _untranslated(name: str, origin: str, languages: tuple[str, ...]) -> Prospect:
    """A translation that nobody has made yet."""
    loader = source_loaders()[origin]
    known = loader if isinstance(loader, PublishedPairs | PublishedIds) else None
    rows = None if known is None else known.pairs
    to = [lang for lang in languages if known is None or lang not in known.languages]
    command = f"hybrid-ir translate {origin} --to {','.join(to) or 'LANG,LANG'} --model {_TRANSLATOR} --output {name}"
    if isinstance(loader, PublishedPairs) and not loader.root:
        command = f"{loader.get}; then {command.replace(f' {origin} ', f' {origin}:FOLDER ', 1)}"
    return Prospect(name, rows, languages, "missing", command)


def _read(source: Source) -> Prospect:
    return Prospect(source.name, len(source), source.languages, "here")


def _languages(ids: Sequence[str]) -> tuple[str, ...]:
    known = [ir_datasets.load(one).queries_lang() for one in ids if one in ir_datasets.registry]
    return tuple(sorted({lang for lang in known if lang}))
