"""What the user can mend, in one sentence that names the file, line or id at fault and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any


class UserError(ValueError):
    """Something the user gave is missing, damaged or contradictory. The command line exits with status 2."""


class PartlyDone(UserError):
    """Some of what was asked for is done, and some is not.

    Parameters
    ----------
    found : what there is to print as JSON.
    """

    def __init__(self, message: str, found: Any):
        super().__init__(message)
        self.found = found


def unknown(kind: str, name: object, known: Iterable[str]) -> UserError:
    """The error that a name is not known, which lists those that are and says which one was probably meant.

    Parameters
    ----------
    kind : what is called so, such as "strategy".
    """
    known = list(known)
    return UserError(f"unknown {kind} '{name}'; known: {', '.join(known)}{did_you_mean(str(name), known)}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What was probably meant by a name that is not known, as the end of a sentence: "; did you mean 'X'?", or nothing.

    Parameters
    ----------
    known : the names there are; upper and lower case count as the same letter.
    """
    meant = nearest(name, known)
    return "" if meant is None else f"; did you mean '{meant}'?"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of the known names that is spelt most like a name, whatever its case; None where none is like it.

    Names with slashes are compared part by part, each among those that follow the same beginning, so that
    ``xquad-r/dee/en`` is ``xquad-r/de/en``; it may be the beginning of a known name.
    """
    paths, parts = [one.split("/") for one in known], name.split("/")
    for place, part in enumerate(parts):
        there = {path[place].lower(): path[place] for path in paths if path[:place] == parts[:place] != path}
        if part not in there.values():
            found = get_close_matches(part.lower(), there, n=1)
            if not found:
                return None
            parts[place] = there[found[0]]
    meant = "/".join(parts)
    return None if meant == name else meant


def is_built_in(module: str) -> bool:
    """Whether a module is of this package, and not a stranger's."""
    return module.startswith("hybrid_plugin.")


@contextmanager
def blame(what: str, maker: Any) -> Iterator[None]:
    """While a plugin's class or function runs: its errors become one sentence that names it.

    Parameters
    ----------
    what : such as "the strategy 'mine'".
    maker : the class or function; those of this package raise what they raise.

    Raises
    ------
    UserError
        The code failed; its own errors for users go on as they are.
    """
    maker = getattr(maker, "func", maker)  # of a functools.partial
    module = str(getattr(maker, "__module__", type(maker).__module__))
    try:
        yield
    except Exception as error:
        from datasets_ext.errors import CollectionError  # with ir_datasets, which help texts should not wait for

        if isinstance(error, (UserError, CollectionError)) or is_built_in(module):
            raise
        raise UserError(f"{what} of the plugin module '{module}' fails: {type(error).__name__}: {error}") from error
