"""Names to sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hybrid_plugin.errors import UserError, blame
from hybrid_plugin.plugins import named
from hybrid_plugin.tasks.named import register_datasets
from hybrid_plugin.training.sources.formats import SourceFormat, SourceLoader
from hybrid_plugin.training.sources.source import Source


def source_loaders() -> dict[str, SourceLoader]:
    """The sources that plugins name."""
    register_datasets()
    return named("hybrid_ir_sources")


def source_formats() -> dict[str, SourceFormat]:
    """What else sources can be read from, by the name of the format."""
    return named("hybrid_ir_source_formats")


def load_source(name: str) -> Source:
    """A source by its plugin name, or from files or ids: ``FORMAT:WHAT``, or ``WHAT`` where one format fits it.

    Raises
    ------
    UserError
        It is neither; names the known ones.
    """
    offers = source_loaders()
    if name in offers:
        return _offered(name, offers[name])
    formats = source_formats()
    kind, _, what = name.partition(":")
    if what and kind in formats:
        return _offered(name, formats[kind].load, name, what)
    fitting = sorted(one.name for one in formats.values() if one.fits(name))
    if len(fitting) > 1:
        raise UserError(f"'{name}' may be {' or '.join(fitting)}; write {fitting[0]}:{name} or {fitting[1]}:{name}")
    if fitting:
        return _offered(name, formats[fitting[0]].load, name, name)
    raise UserError(
        f"unknown source '{name}': no such file, no folder of a known format, no ir_datasets id, "
        f"and the known ones are {', '.join(sorted(offers))}"
    )


def _offered(name: str, load: Callable[..., object], *arguments: str) -> Source:
    with blame(f"the source '{name}'", load):
        source = load(*arguments)
        if not isinstance(source, Source):
            raise TypeError(f"it gives a {type(source).__name__}, not a Source")
        return source


def load_sources(names: Iterable[str]) -> list[Source]:
    """Several sources, each once."""
    return [load_source(name) for name in dict.fromkeys(names)]
