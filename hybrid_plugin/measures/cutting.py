"""What cutting rankings does to the values of a measure."""

from __future__ import annotations

from ir_measures import measures as irm

LOWERS, RAISES = "lowers", "raises"
_SUMS = (  # of the measures of ir_measures those to which each document adds something, or nothing
    *("AP", "Bpref", "ERR", "IPrec", "NumRet", "R", "RR", "Rprec", "SetR", "Success", "infAP", "nDCG"),
    *("BPM", "INSQ", "INST", "NERR8", "NERR9", "NERR10", "NERR11", "RBP", "SDCG"),
    *("AP_IA", "ERR_IA", "NRBP", "P_IA", "StRecall", "alpha_DCG", "alpha_nDCG", "nERR_IA", "nNRBP"),
)


def at_depth(measure: irm.Measure) -> bool:
    """Whether a measure places what a ranking lacks at depth + 1, as those do that declare ``CUT_ABOVE_CUTOFF``."""
    return hasattr(measure, "CUT_ABOVE_CUTOFF")


def effect_of_cut(measure: irm.Measure, *, each_found: bool = False) -> str:
    """What happens to the values of a measure when rankings are cut.

    Of a measure with a cutoff: when they are cut above it; below it nothing happens.

    Parameters
    ----------
    each_found : whether each query still finds something relevant. The distance between relevant documents that are all
        lost is no distance any more, and counts as the largest.

    Returns
    -------
    ``lowers`` where no query's value can rise, ``raises`` where none can fall, empty where either may happen or nobody
    has said. A measure of ours or of a plugin says it by what its class declares: ``CUT``; ``CUT_ABOVE_CUTOFF``, if
    with a cutoff it is something else; and ``CUT_IF_FOUND``, that without one it is so only if ``each_found``.
    """
    cutoff = "cutoff" in measure.params
    if cutoff and at_depth(measure):
        return str(getattr(measure, "CUT_ABOVE_CUTOFF", ""))
    if getattr(measure, "CUT_IF_FOUND", False) and not each_found:
        return ""
    declared = getattr(measure, "CUT", None)
    if declared is not None:
        return str(declared)
    return LOWERS if measure.NAME in _SUMS or (cutoff and measure.NAME == "P") else ""
