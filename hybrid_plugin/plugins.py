"""The plugin manager: built-ins first, then whatever is installed under the entry point group ``hybrid_ir``.

A stranger's code may raise or return anything. Whatever it does is told in one sentence that names the plugin: when it
is loaded and asked what it offers, in a warning, and it is skipped; when its offer is used, in a UserError.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import Any

import pluggy

from datasets_ext.errors import CollectionError
from hybrid_plugin import hookspecs
from hybrid_plugin.errors import UserError

hookimpl = pluggy.HookimplMarker("hybrid_ir")

_BUILT_IN = ("benchmarks", "sampling", "sources", "source_formats", "measures", "bias", "transforms", "report")


@cache
def manager() -> pluggy.PluginManager:
    """The one plugin manager of this process, with built-ins and installed plugins.

    A plugin that cannot be imported is named in a warning and left out.
    """
    found = pluggy.PluginManager("hybrid_ir")
    found.add_hookspecs(hookspecs)
    for name in _BUILT_IN:
        found.register(import_module(f"hybrid_plugin.{name}"), name=f"hybrid_plugin.{name}")
    for entry in entry_points(group="hybrid_ir"):
        try:
            found.register(entry.load(), name=entry.name)
        except Exception as error:  # a stranger's code may raise anything
            warnings.warn(
                f"plugin '{entry.name}' ({entry.value}) is skipped: {type(error).__name__}: {error}", stacklevel=2
            )
    return found


def _instance_of(name: str) -> Callable[[Any], bool]:
    return lambda offer: isinstance(offer, resolve_name(name))


def _subclass_of(name: str) -> Callable[[Any], bool]:
    return lambda offer: isinstance(offer, type) and issubclass(offer, resolve_name(name))


# What each hook returns: a mapping from names or a series, of what, and how that is known.
OFFERS: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "hybrid_ir_benchmarks": (list, "Benchmark", _instance_of("hybrid_plugin.benchmarks:Benchmark")),
    "hybrid_ir_strategies": (dict, "subclass of Strategy", _subclass_of("hybrid_plugin.sampling:Strategy")),
    "hybrid_ir_sources": (dict, "function", callable),
    "hybrid_ir_source_formats": (list, "SourceFormat", _instance_of("hybrid_plugin.sources:SourceFormat")),
    "hybrid_ir_transforms": (dict, "subclass of Transform", _subclass_of("hybrid_plugin.transforms:Transform")),
    "hybrid_ir_report_sections": (list, "Section", _instance_of("hybrid_plugin.report:Section")),
    "hybrid_ir_measures": (
        list,
        "Measure with a method 'values'",
        lambda offer: _instance_of("ir_measures.measures:Measure")(offer) and callable(getattr(offer, "values", None)),
    ),
}


def offers(hook: str) -> Iterator[Any]:
    """What each plugin returns from a hook, built-ins first and each as its docstring asks for it.

    A plugin that fails here, or returns something else, is named in a warning and left out.
    """
    for implementation in getattr(manager().hook, hook).get_hookimpls():
        plugin = implementation.plugin_name
        try:
            offer = implementation.function()
            if hook in OFFERS and offer is not None:
                offer = _checked(offer, *OFFERS[hook])
        except Exception as error:
            if _is_built_in(plugin):
                raise
            what = str(error) if isinstance(error, _Nonsense) else f"{type(error).__name__}: {error}"
            warnings.warn(f"plugin '{plugin}' is skipped in {hook}: {what}", stacklevel=2)
        else:
            if offer is not None:
                yield offer


class _Nonsense(TypeError):
    """A hook's result is not what the hook asks for."""


def _checked(offer: Any, form: type, kind: str, fits: Callable[[Any], bool]) -> Any:
    try:
        offer = form(offer)  # a mapping or a series of any type, or a generator, which can be read once
    except (TypeError, ValueError):
        asked = "a mapping from names" if form is dict else "a list"
        raise _Nonsense(f"it returns {_shown(offer)}, not {asked}") from None
    for name in offer if form is dict else ():
        if not isinstance(name, str):
            raise _Nonsense(f"it returns the name {_shown(name)}, which is no text")
    for one in offer.values() if form is dict else offer:
        if not fits(one):
            raise _Nonsense(f"it returns {_shown(one)}, which is no {kind}")
    return offer


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_built_in(module: str) -> bool:
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
        if isinstance(error, (UserError, CollectionError)) or _is_built_in(module):
            raise
        raise UserError(f"{what} of the plugin module '{module}' fails: {type(error).__name__}: {error}") from error


@cache
def register_datasets() -> None:
    """Make the collections of all plugins known to ir_datasets, once."""
    for _ in offers("hybrid_ir_register_datasets"):
        pass


def named(hook: str) -> dict[str, Any]:
    """What a hook's plugins offer, by name; of two with the same name the later plugin's counts."""
    result: dict[str, Any] = {}
    for offer in offers(hook):
        result.update(offer if isinstance(offer, dict) else {item.name: item for item in offer})
    return result


def pick(hook: str, name: str, kind: str) -> Any:
    """One offer by its name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    known = named(hook)
    if name not in known:
        raise UserError(f"unknown {kind} '{name}'; known: {', '.join(sorted(known))}")
    return known[name]
