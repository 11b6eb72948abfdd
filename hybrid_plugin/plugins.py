"""The plugin manager: built-ins first, then whatever is installed under the entry point group ``hybrid_ir``."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import pluggy

from hybrid_plugin import hookspecs
from hybrid_plugin.errors import UserError

hookimpl = pluggy.HookimplMarker("hybrid_ir")

_BUILT_IN = ("benchmarks", "sampling", "sources", "measures", "report")


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


@cache
def register_datasets() -> None:
    """Make the collections of all plugins known to ir_datasets, once."""
    manager().hook.hybrid_ir_register_datasets()


def named(hook: str) -> dict[str, Any]:
    """What a hook's plugins offer, by name; of two with the same name the later plugin's counts.

    A plugin whose hook fails, or returns something else than named offers, is named in a warning and left out.
    """
    result: dict[str, Any] = {}
    for plugin in getattr(manager().hook, hook).get_hookimpls():
        try:
            offer = plugin.function()
            if offer is not None:
                result.update(offer if isinstance(offer, dict) else {item.name: item for item in offer})
        except Exception as error:  # a stranger's code may raise anything
            warnings.warn(
                f"plugin '{plugin.plugin_name}' is left out of {hook}: {type(error).__name__}: {error}", stacklevel=2
            )
    return result


def pick(hook: str, name: str, kind: str) -> Any:
    """One offer by its name.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    offers = named(hook)
    if name not in offers:
        raise UserError(f"unknown {kind} '{name}'; known: {', '.join(sorted(offers))}")
    return offers[name]
