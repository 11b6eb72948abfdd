"""Names to measures, and the measures of plugins made known to ir_measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import ir_measures
from ir_measures import measures as irm
from ir_measures import providers

from hybrid_plugin.errors import UserError, did_you_mean, nearest
from hybrid_plugin.measures.provider import PluginProvider
from hybrid_plugin.plugins import offers

DEFAULT_MEASURES = (
    *("AP", "R@1", "R@10", "R@100", "nDCG@10", "Success@1", "Success@10", "RankDistance"),
    *("LanguageSkew@10", "LanguageDivergence@10", "FirstRank", "FirstRank(lang='other')", "WeakAlignment"),
)
ALL = "all"  # in a list of measures, in any case: all of these, for each language where a measure is for one
_FURTHER = (
    *("LanguageAP", "LanguageAP(lang='other')", "PEER@20", "PEER(weights={0:0.5,1:0.5})@20"),
    *("MRC@10", "RBO@10", "LPR", "LangnDCG@10", "TLR@20", "MaxR"),
    *("LanguagePart@10", "LanguagePart(lang='other')@10"),
    *("LanguagePart(relevant=False)@10", "LanguagePart(relevant=False,lang='other')@10"),
)
_EXAMPLES = {"cutoff": 10, "recall": 0.1, "max_rel": 1}  # of the parameters that a measure may need
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
    names : in upper or lower case (``ndcg@10``); ``all`` stands for every measure that an evaluation knows.
    languages : of the benchmark; the only ones that a parameter ``lang`` may then name.

    Returns
    -------
    Each measure once; as text it has the name that ir_measures gives it (``nDCG@10``).

    Raises
    ------
    UserError
        A name is unknown or malformed, or lacks a parameter; says what is meant or to be written.
    """
    register_measures()
    found = []
    for name in _expanded(names, languages):
        measure = _parse(name)
        lang = measure.params.get("lang")
        if lang is not None and languages and lang not in ("query", "other", *languages):
            near = did_you_mean(lang, languages)
            raise UserError(f"unknown measure '{name}': lang is query, other or one of {', '.join(languages)}{near}")
        if measure not in found:
            found.append(measure)
    return found


def means_all(names: Sequence[str]) -> bool:
    """Whether the word that stands for all measures is among some names."""
    return ALL in (name.lower() for name in names)


def _expanded(names: Sequence[str], languages: Sequence[str]) -> Iterator[str]:
    for name in names:
        if means_all([name]):
            yield from (*DEFAULT_MEASURES, *_FURTHER)
            yield from (measure.format(lang) for measure in _BY_LANGUAGE for lang in languages)
        else:
            yield name


def _parse(name: str) -> irm.Measure:
    called, rest = re.split(r"(?!\w)", name, maxsplit=1)
    known = called if called in irm.registry else _by_lower_case().get(called.lower())
    if known is None:
        raise UserError(f"unknown measure '{name}'{_meant(called, rest)}")
    try:
        measure = ir_measures.parse_measure(known + rest)
    except (ValueError, TypeError) as error:
        raise UserError(f"unknown measure '{name}': write it as {known}(key=value)@cutoff") from error
    taken = measure.SUPPORTED_PARAMS
    whole = {key: value for key, value in measure.params.items() if type(value) is int and key in taken}
    measure = measure(**{key: float(value) for key, value in whole.items() if taken[key].dtype is float})
    wrong = _wrong_parameters(measure)
    if wrong:
        raise UserError(f"unknown measure '{name}': {wrong}")
    return measure


def _by_lower_case() -> dict[str, str]:
    """The names that ir_measures knows by their lower case; of those that differ by case alone, what is printed."""
    return {name.lower(): name for name in sorted(irm.registry, key=lambda name: name == irm.registry[name].NAME)}


def _meant(called: str, rest: str) -> str:
    """What was probably meant by a name that begins with an unknown word, as the end of a sentence."""
    known = _by_lower_case().values()
    found = nearest(called, known if rest else (*known, ALL))
    parts = re.fullmatch(r"(.*?)(_at_|_cut_|_)?(\d+)", called.lower())  # as others write it: ndcg_at_10, P_5
    if parts and not rest:
        found, rest = nearest(parts[1], known), f"@{parts[3]}"
    if found:
        return f"; did you mean '{found}{rest}'?"
    return f"; known: {', '.join(sorted(known, key=str.lower))}"


def _wrong_parameters(measure: irm.Measure) -> str | None:
    """What a measure's parameters lack, or what is wrong with them."""
    asked, taken = measure.params, measure.SUPPORTED_PARAMS
    strange = next((key for key in asked if key not in taken), None)
    if strange is not None:
        return f"it has no parameter '{strange}'; it has: {', '.join(taken)}{did_you_mean(strange, taken)}"
    lacking = {key: _EXAMPLES.get(key) for key, info in taken.items() if info.required and key not in asked}
    if lacking:
        needs = " and ".join(f"{key} ({taken[key].desc})" for key in lacking)
        return f"it needs {needs}" + ("" if None in lacking.values() else f"; write {measure(**lacking)}")
    for key, value in asked.items():
        kind, choices = taken[key].dtype, taken[key].choices
        if not taken[key].validate(value):
            other = f"; it is of the type {kind.__name__}" if kind and not isinstance(value, kind) else ""
            listed = f"; it is one of {', '.join(map(str, choices))}" if isinstance(choices, list) else other
            return f"{key} cannot be {value!r}{listed}"
    if asked.get("cutoff", 1) < 1:
        return "a cutoff is 1 or more"
    try:
        measure.validate_params()  # PEER's weights add up to 1
    except (AssertionError, ValueError) as error:
        return str(error)
    return None
