"""The plugin manager: whatever is installed under the entry point group ``hybrid_ir``, the built-ins among it.

It is asked where names become objects, in the files ``named.py`` of the wings, and nowhere else.

A stranger's code may raise or return anything. When it is loaded and asked what it offers, whatever it does wrong is
told in a warning of one sentence that names the plugin, and it is skipped; when its offer is used,
:func:`hybrid_plugin.errors.blame` names it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, wraps
from importlib.metadata import entry_points
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

import pluggy

from hybrid_plugin import hooks
from hybrid_plugin.errors import UserError, is_built_in, unknown
from hybrid_plugin.hooks import hookimpl as hookimpl  # once to be had from here


def _instance_of(name: str) -> Callable[[Any], bool]:
    return lambda offer: isinstance(offer, resolve_name(name))


def _subclass_of(name: str) -> Callable[[Any], bool]:
    return lambda offer: isinstance(offer, type) and issubclass(offer, resolve_name(name))


# What each hook returns: a mapping from names or a series, of what, and how that is known. The types stand above this
# file, so they are named here as in the hook specifications and looked up when a plugin has offered something.
OFFERS: dict[str, tuple[type, str, Callable[[Any], bool]]] = {
    "hybrid_ir_benchmarks": (list, "Benchmark", _instance_of("hybrid_plugin.tasks.benchmark:Benchmark")),
    "hybrid_ir_suites": (list, "Suite", _instance_of("hybrid_plugin.tasks.suite:Suite")),
    "hybrid_ir_transforms": (
        dict, "subclass of Transform", _subclass_of("hybrid_plugin.encoding.transforms.base:Transform")
    ),
    "hybrid_ir_backends": (
        dict, "subclass of SearchBackend", _subclass_of("hybrid_plugin.retrieval.backends.base:SearchBackend")
    ),
    "hybrid_ir_measures": (
        list,
        "Measure with a method 'values'",
        lambda offer: _instance_of("ir_measures.measures:Measure")(offer) and callable(getattr(offer, "values", None)),
    ),
    "hybrid_ir_strategies": (
        dict, "subclass of Strategy", _subclass_of("hybrid_plugin.training.batches.strategy:Strategy")
    ),
    "hybrid_ir_losses": (dict, "subclass of Loss", _subclass_of("hybrid_plugin.training.losses.loss:Loss")),
    "hybrid_ir_sources": (dict, "function", callable),
    "hybrid_ir_source_formats": (
        list, "SourceFormat", _instance_of("hybrid_plugin.training.sources.formats:SourceFormat")
    ),
    "hybrid_ir_translators": (
        dict,
        "Translator or function that makes one",
        lambda offer: callable(offer) or callable(getattr(offer, "translate", None)),
    ),
    "hybrid_ir_report_sections": (list, "Section", _instance_of("hybrid_plugin.report.section:Section")),
}  # fmt: skip


class _Manager(pluggy.PluginManager):
    """pluggy's manager, in which a plugin that fails in a hook is named in a warning and offers nothing."""

    def __init__(self, project_name: str):
        super().__init__(project_name)
        self._names: dict[int, str] = {}  # of the plugins, for which guarded copies of their hooks stand in

    def register(self, plugin: Any, name: str | None = None) -> str | None:
        name = name or self.get_canonical_name(plugin)
        implementations = {}
        for attribute in dir(plugin):
            options = self.parse_hookimpl_opts(plugin, attribute)
            if options is not None:
                function = getattr(plugin, attribute)
                is_wrapper = options["wrapper"] or options["hookwrapper"]
                implementations[attribute] = function if is_wrapper else _guarded(function, name, attribute)
        self._names[id(plugin)] = name
        return super().register(SimpleNamespace(**implementations), name)

    def unregister(self, plugin: Any | None = None, name: str | None = None) -> Any | None:
        return super().unregister(name=name or self._names.get(id(plugin)))


def _guarded(function: Callable[..., Any], plugin: str, hook: str) -> Callable[..., Any]:
    @wraps(function)  # with pluggy's mark on it
    def call(*arguments: Any) -> Any:
        try:
            offer = function(*arguments)
            return _checked(offer, *OFFERS[hook]) if hook in OFFERS and offer is not None else offer
        except Exception as error:
            if is_built_in(plugin):
                raise
            what = str(error) if isinstance(error, _Nonsense) else f"{type(error).__name__}: {error}"
            warnings.warn(f"plugin '{plugin}' is skipped in {hook}: {what}", stacklevel=2)
            return None

    return call


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


@cache
def manager() -> pluggy.PluginManager:
    """The one plugin manager of this process, with built-ins and installed plugins.

    A plugin that cannot be imported is named in a warning and left out.
    """
    found = _Manager(hooks.GROUP)
    found.add_hookspecs(hooks)
    # pluggy calls first what is registered last, so a plugin's offer stands before a built-in one of the same name.
    for entry in sorted(entry_points(group=hooks.GROUP), key=lambda entry: not is_built_in(entry.value)):
        built_in = is_built_in(entry.value)
        try:
            found.register(entry.load(), name=entry.value if built_in else entry.name)
        except Exception as error:  # a stranger's code may raise anything
            if built_in:
                raise
            warnings.warn(
                f"plugin '{entry.name}' ({entry.value}) is skipped: {type(error).__name__}: {error}", stacklevel=2
            )
    if not any(is_built_in(name) for name, _ in found.list_name_plugin()):
        raise UserError("this installation of hybrid-ir has no entry points; install it again: pip install hybrid-ir")
    return found


def offers(hook: str) -> list[Any]:
    """What the plugins return from a hook, in pluggy's order: as a rule the plugin installed last comes first, and the
    built-ins last.

    Raises
    ------
    UserError
        A plugin's wrapper around the hook fails.
    """
    caller = getattr(manager().hook, hook)
    try:
        return list(caller())
    except Exception as error:
        wrappers = [one.plugin_name for one in caller.get_hookimpls() if one.wrapper or one.hookwrapper]
        if not wrappers:
            raise
        what = f"{type(error).__name__}: {error}"
        raise UserError(f"{hook} fails in the wrapper of the plugin {' or '.join(wrappers)}: {what}") from error


def named(hook: str) -> dict[str, Any]:
    """What a hook's plugins offer, by name; of two with the same name the one called first counts."""
    result: dict[str, Any] = {}
    for offer in reversed(offers(hook)):
        result.update(offer if isinstance(offer, dict) else {item.name: item for item in offer})
    return result


def pick(hook: str, name: str, kind: str) -> Any:
    """One offer by its name.

    Parameters
    ----------
    kind : what it is, for the message.

    Raises
    ------
    UserError
        No plugin offers it; names those that are offered.
    """
    known = named(hook)
    if name not in known:
        raise unknown(kind, name, sorted(known))
    return known[name]
