"""How to read a measure of language bias or consistency: what it says, its range and its direction."""

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
    "LanguagePart": "the share of the first {k} documents that are {kind} and in {who}; from 0 to 1, {better}.",
    "LPR": "the share of the queries whose first relevant document is in their language; from 0 to 1, higher is better "
    "for readers of that language alone, and where all are to have the same chance, its share of the answers is fair.",
    "LangnDCG": "nDCG in which relevant documents in other languages than the query's have a part of the gain; from 0 "
    "to 1, higher is better.",
    "TLR": "the share of the relevant documents in other languages than the query's that are among the first {k}; from "
    "0 to 1, higher is better.",
    "MaxR": "the mean position by which all relevant documents are found; 1 and up, lower is better.",
    "MRC": "the rank correlation of the first {k} documents with those that the same question finds in other "
    "languages; from −1 to 1, higher is better, 1 is the same ranking.",
    "RBO": "the overlap of the first {k} documents with those that the same question finds in other languages, the "
    "first ones weighing most; from 0 to 1, higher is better, 1 is the same ranking.",
    "PEER": "the probability that documents of all languages have the same expected rank among the first {k}; from 0 "
    "to 1, higher is better.",
}


def reading(measure: irm.Measure) -> str:
    """A sentence on a measure; of a plugin's measure, what it says of itself."""
    if measure.NAME in _READING:
        return _READING[measure.NAME].format(
            who=SIDES[side(measure)],
            k=measure.params.get("cutoff"),
            kind="relevant" if measure.params.get("relevant", True) else "not relevant",
            better=better(measure),
        )
    said = getattr(measure, "SHORT_DESC", "").rstrip(".")
    return f"{said}; {better(measure)}." if said else f"{better(measure)}."


def side(measure: irm.Measure) -> str:
    """Whose documents a measure is about: ``query``, ``other``, or a language."""
    return str(measure.params.get("lang", "query"))


def better(measure: irm.Measure) -> str:
    """Its direction in words."""
    return str(direction(measure))
