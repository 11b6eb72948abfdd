"""How to read a measure of language bias: what it says, its range and its direction."""

from __future__ import annotations

from ir_measures import measures as irm

from hybrid_plugin.measures.direction import direction

# The parameter lang of a measure -> who it is about; one for a language by its code is not shown in reports.
SIDES = {"query": "the query's language", "other": "the other languages"}
_READING = {
    "LanguageSkew": "the share of {who} among the first {k} documents minus the share among the relevant ones; from −1 "
    "to 1, above 0 is preferred, 0 is fair.",
    "LanguageDivergence": "how far the languages of the first {k} documents are from those of the relevant ones "
    "(Jensen-Shannon divergence); from 0, the same mix, to 1, lower is better.",
    "FirstRank": "the mean position of the first relevant document in {who}; 1 and up, lower is better between systems "
    "(of more languages the first comes sooner by their number alone).",
    "WeakAlignment": "how often a document in the query's language that is not relevant stands above a relevant one in "
    "another; from 0 to 1, lower is better, 0.5 is chance.",
    "LanguageAP": "average precision where only the relevant documents in {who} count; from 0 to 1, higher is better.",
    "PEER": "the probability that documents of all languages have the same expected rank among the first {k}; from 0 "
    "to 1, higher is better.",
}


def reading(measure: irm.Measure) -> str:
    """A sentence on a measure; of a plugin's measure, what it says of itself."""
    if measure.NAME in _READING:
        return _READING[measure.NAME].format(who=SIDES[side(measure)], k=measure.params.get("cutoff"))
    said = getattr(measure, "SHORT_DESC", "").rstrip(".")
    return f"{said}; {better(measure)}." if said else f"{better(measure)}."


def side(measure: irm.Measure) -> str:
    """Whose documents a measure is about: ``query``, ``other``, or a language."""
    return str(measure.params.get("lang", "query"))


def better(measure: irm.Measure) -> str:
    """Its direction in words."""
    return str(direction(measure))
