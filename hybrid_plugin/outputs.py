"""Nothing finished is replaced unasked: every output knows what was asked for, its request.

A request is a JSON mapping of all that decides a result: what encoder, what collection, which settings. A finished
folder records it under the key ``request`` of its marker (``scores.json``, ``vectors.json`` ...), a file has it beside
itself in ``{file}.json``. The same request again is done at once; another is refused unless it is to overwrite.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, write_json

Request = Mapping[str, Any]
REQUEST = "request"  # the key of a record
OVERWRITE = "choose another output, or replace it with --overwrite (overwrite=True)"


class AlreadyDone(UserWarning):
    """Says that there was nothing to do."""


def say_done(target: Path) -> None:
    """Tell that an output holds what is asked for."""
    warnings.warn(f"{target} is done already; --overwrite does it again", AlreadyDone, stacklevel=3)


def folder_is_done(
    target: Path, marker: str, request: Request, overwrite: bool = False, parts: Collection[str] = ()
) -> bool:
    """Whether a folder holds the finished result of a request.

    Parameters
    ----------
    marker, parts : as :func:`~hybrid_plugin.files.check_output` takes them.
    overwrite : a result of another request, or of this one, is to be replaced: nothing is done.

    Raises
    ------
    UserError
        The folder holds the result of another request, or something that is not ours; names the difference.
    """
    check_output(target, marker, parts)
    path = target / marker
    if overwrite or not path.exists():
        return False
    return is_of(target, _recorded(path), request)


def file_is_done(
    target: Path, request: Request, overwrite: bool = False, recorded: Callable[[Path], Request | None] | None = None
) -> bool:
    """Whether a file is the finished result of a request; see :func:`folder_is_done`, and :func:`record_request`.

    Parameters
    ----------
    recorded : reads the request from the file itself, where its kind has room for one.

    Raises
    ------
    UserError
        The file is of another request, or nothing says what it is; names the difference.
    """
    if target.is_dir():
        raise UserError(f"{target} is a folder, not a file; choose another output")
    if overwrite or not target.exists():
        return False
    if recorded is not None:
        return is_of(target, recorded(target), request)
    beside = _beside(target)
    if not beside.exists():
        return is_of(target, None, request)
    if read_json(beside).get("checksum") != file_checksum(target):
        raise UserError(f"{target} was changed since it was written; {OVERWRITE}")
    return is_of(target, _recorded(beside), request)


def record_request(
    target: Path, request: Request, about: Mapping[str, Any] | None = None, *, written: Path | None = None
) -> None:
    """Write beside a file, in ``{file}.json``, what it is the result of.

    Parameters
    ----------
    about : what else to record.
    written : the file, where it gets its name only after this, so that a kill in between leaves none without a record.
    """
    checksum = file_checksum(written or target)
    write_json(_beside(target), {REQUEST: request, "checksum": checksum, **(about or {})})


def is_of(target: Path, made: Request | None, request: Request) -> bool:
    """True if a finished output was made by a request.

    Raises
    ------
    UserError
        It was made by another, or does not say by which (None); names the difference.
    """
    if made is None:
        raise UserError(f"{target} exists and does not say how it was made; {OVERWRITE}")
    said = difference(made, request)
    if said:
        raise UserError(f"{target} holds a finished result of other settings ({said}); {OVERWRITE}")
    return True


def difference(made: Request, request: Request) -> str:
    """The first setting in which two requests differ, in words such as "batch size was 32, is 64"; empty if in none."""
    before, now = (dict(_flat(json.loads(json.dumps(one, default=str)))) for one in (made, request))
    for key in dict.fromkeys((*now, *before)):
        was, is_ = before.get(key), now.get(key)
        if was != is_:
            return f"{key.replace('_', ' ')} was {_shown(was)}, is {_shown(is_)}"
    return ""


def file_checksum(path: Path) -> str:
    """SHA-256 of a file's contents."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def replace_parts(staging: Path, target: Path, marker: str, parts: Collection[str]) -> None:
    """Move a finished folder's files to where they belong; older ones of the same names go, other files stay.

    The marker goes first and comes last, so that a folder which has one is whole.

    Parameters
    ----------
    parts : all that such a folder may hold beside its marker; those that ``staging`` lacks are removed.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / marker).unlink(missing_ok=True)
        for name in parts:
            old = target / name
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            else:
                old.unlink(missing_ok=True)
        for name in (*parts, marker):
            if (staging / name).exists():
                (staging / name).rename(target / name)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from error


def _beside(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def _recorded(path: Path) -> Request | None:
    found = read_json(path)
    made = found.get(REQUEST) if isinstance(found, dict) else None
    return made if isinstance(made, dict) else None


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{above} {key}".strip()
        if isinstance(value, dict) and value:
            yield from _flat(value, name)
        else:
            yield name, value


def _shown(value: Any) -> str:
    if value is None or value in ([], {}):
        return "not given"
    if isinstance(value, list):
        return " ".join(map(str, value))
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    if text.startswith("sha256:"):
        return text[:15]
    return text if text and text == text.strip() else f"'{text}'"
