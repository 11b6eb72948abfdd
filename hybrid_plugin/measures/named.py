"""Names to measures, and the measures of plugins made known to ir_measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import ir_measures
from ir_measures import measures as irm
from ir_measures import providers

from hybrid_plugin.errors import UserError
from hybrid_plugin.measures.provider import PluginProvider
from hybrid_plugin.plugins import offers

DEFAULT_MEASURES = (
    *("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance"),
    *("LanguageSkew@10", "LanguageDivergence@10", "FirstRank", "FirstRank(lang='other')", "WeakAlignment"),
)
ALL = "all"  # in a list of measures: all of these, for each language where a measure is for one
_FURTHER = ("LanguageAP", "LanguageAP(lang='other')", "PEER@20", "PEER(weights={0:0.5,1:0.5})@20")
_BY_LANGUAGE = ("LanguageAP(lang='{}')", "LanguageSkew(lang='{}')@10", "FirstRank(lang='{}')")


@cache
def offered_measures() -> dict[str, irm.Measure]:
    """The measures of all plugins by name."""
    return {measure.NAME: measure for offer in reversed(offers("hybrid_ir_measures")) for measure in offer}


@cache
def register_measures() -> None:
    """Make the measures of all plugins known to ir_measures, its functions and its command alike, once."""
    import peer_measure  # noqa: F401 - registers its PEER, now or never: it refuses once there is one; ours replaces it

    del irm.registry["PEER"]
    for name, measure in offered_measures().items():
        irm.registry.setdefault(name, measure)
        setattr(ir_measures, name, measure)
    provider = providers.register(PluginProvider(offered_measures()))
    # First, or the provider of peer-measure takes our PEER for its own.
    ir_measures.DefaultPipeline.providers.insert(0, provider)


def parse_measures(names: Sequence[str], languages: Sequence[str] = ()) -> list[irm.Measure]:
    """Measures by the names that ir_measures gives them, ours included.

    Parameters
    ----------
    names : ``all`` stands for every measure that an evaluation knows.
    languages : of the benchmark; the only ones that a parameter ``lang`` may then name.

    Raises
    ------
    UserError
        A name is unknown or malformed.
    """
    register_measures()
    found = []
    for name in _expanded(names, languages):
        try:
            measure = ir_measures.parse_measure(name)
            measure.validate_params()
        except (NameError, ValueError, AssertionError) as error:
            raise UserError(f"unknown measure '{name}': {error}") from error
        if measure.params.get("cutoff", 1) < 1:
            raise UserError(f"unknown measure '{name}': a cutoff is 1 or more")
        lang = measure.params.get("lang")
        if lang is not None and languages and lang not in ("query", "other", *languages):
            raise UserError(f"unknown measure '{name}': lang is query, other or one of {', '.join(languages)}")
        if measure not in found:
            found.append(measure)
    return found


def _expanded(names: Sequence[str], languages: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name == ALL:
            yield from (*DEFAULT_MEASURES, *_FURTHER)
            yield from (measure.format(lang) for measure in _BY_LANGUAGE for lang in languages)
        else:
            yield name
