"""What the user can mend, in one sentence that names the file, line or id at fault and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class UserError(ValueError):
    """Something the user gave is missing, damaged or contradictory. The command line exits with status 2."""


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
