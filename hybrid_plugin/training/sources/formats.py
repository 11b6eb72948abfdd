"""What sources can be read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hybrid_plugin.brief import brief
from hybrid_plugin.training.sources.source import Source

SourceLoader = Callable[[], Source]


@dataclass(frozen=True)
class SourceFormat:
    """What a source can be read from, by a name of the form ``FORMAT:WHAT``, or ``WHAT`` where no other format fits.

    Parameters
    ----------
    name : the ``FORMAT``.
    form : what ``WHAT`` is, in a word, for help texts.
    description : in a line, for help texts.
    load : (name to give the source, ``WHAT``) -> the source.
    fits : whether a name without a format means this one.
    """

    name: str
    form: str
    description: str
    load: Callable[[str, str], Source]
    fits: Callable[[str], bool]

    __repr__ = brief
