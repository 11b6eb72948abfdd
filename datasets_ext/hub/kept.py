"""Data sets that are known to ir_datasets: those that a name is kept for, and those that are named for once."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import ir_datasets

from datasets_ext.errors import CollectionError
from datasets_ext.hub.about import PREFIX, HubCollection
from datasets_ext.hub.collection import collection
from datasets_ext.hub.mteb import guess
from datasets_ext.parallel import (
    PackageDocumentation,
    ParallelCollection,
    check_name,
    forget,
    is_name,
    register_collection,
    unregister_collection,
)

_KEPT = "hub"  # the folder of ir_datasets' home that holds the collections of `add`
_own: dict[str, ParallelCollection] = {}


def _resolved(about: HubCollection) -> HubCollection:
    """The same at the revision that the hub has now, so that it stays what it is, and no older store is read for it.

    Raises
    ------
    CollectionError
        The hub cannot be asked.
    """
    if about.revision or Path(about.path).is_dir():
        return about
    from huggingface_hub import HfApi

    try:
        return replace(about, revision=HfApi().dataset_info(about.path).sha)
    except Exception as error:  # whatever the hub's libraries raise
        raise CollectionError(
            f"cannot ask the hub for {about.path}: {str(error).splitlines()[0]}; with --revision it is not asked"
        ) from error


def _resolved_online(about: HubCollection) -> HubCollection:
    """The same at its revision of now; without the hub as its libraries have it in their cache."""
    try:
        return _resolved(about)
    except CollectionError:
        return about


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
        about = _resolved_online(guess(path if Path(path).is_dir() else repository, revision or None))
        register_collection(collection(f"{PREFIX}{path}", about), PackageDocumentation("parallel.yaml"))


def register_own(name: str, about: HubCollection) -> ParallelCollection:
    """Register a data set under a name of one's own for this process, in place of an earlier one under this name.

    Raises
    ------
    CollectionError
        The name is that of something else.
    """
    new = collection(name, _resolved_online(about))
    if name in _own and _own[name].fingerprint == new.fingerprint:
        return _own[name]
    if name in _own:
        unregister_collection(name)
    else:
        check_name(name)
    register_collection(new, PackageDocumentation("parallel.yaml"))
    _own[name] = new
    return new
