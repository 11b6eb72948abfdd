"""RBO: the rank-biased overlap of the rankings that a question gets in different languages."""

from __future__ import annotations

import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.measures.base import NEEDED_CUTOFF
from hybrid_plugin.measures.consistency import ConsistencyMeasure, places_in


class _RBO(ConsistencyMeasure):
    """
    Rank-biased overlap of a query's ranking with that of the same question in each other language, and the mean of
    these. In [0, 1]: 1 where all are the same, 0 where they have no document in common. Higher is better.

    The overlap at depth d is the share of the first d documents that the two have in common; those of all depths have
    the weights (1 - p) p^(d - 1), so that a `p` of 0.9 (the default) gives 0.86 of the weight to the first ten. Below k
    the overlap is taken to stay as it is there: the extrapolated form, equation 32 of Webber et al., which is also that
    of rankings with fewer than k documents. An empty ranking has 0 with any other; of two empty ones there is nothing
    to say.

    It rewards a system that has the same documents at the head of a ranking in whatever language it is asked. It
    misleads where these are wrong alike, and figures with another `p` or k are no figures to compare with.

    For example, a question gets a, b, c in German and a, c, d in English. The overlaps are 1, 1/2 and 2/3, and with p =
    0.9 at 3 the value is 0.1 * (1 + 0.9 / 2 + 0.81 * 2/3) + 0.729 * 2/3 = 0.685.

    ::

      Citation: Webber, Moffat and Zobel. A Similarity Measure for Indefinite Rankings. ACM Transactions on Information
                Systems 28(4). 2010. https://doi.org/10.1145/1852102.1852106
    """

    __name__ = "RBO"
    NAME = __name__
    PRETTY_NAME = "Rank-biased overlap at k"
    SHORT_DESC = "Rank-biased overlap of the top k with those that the same question gets in other languages."
    HIGHER_IS_BETTER = True
    SUPPORTED_PARAMS = {  # noqa: RUF012
        "cutoff": NEEDED_CUTOFF,
        "p": irm.ParamInfo(dtype=float, default=0.9, desc="how much of the weight goes on to the next depth, below 1"),
    }

    def validate_params(self) -> None:
        super().validate_params()
        assert 0 < self["p"] < 1, "p must be between 0 and 1"

    def alike(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        depth = np.arange(1, one.shape[1] + 1)
        held = np.maximum(places_in(one, other), depth)  # the depth from which on both hold a document of the first
        common = (held[:, :, None] <= depth).sum(1)
        lengths = np.sort([(one >= 0).sum(1), (other >= 0).sum(1)], axis=0)
        short, long = lengths[:, :, None]
        # Below its end the shorter ranking is taken to go on as it was.
        at_end = np.take_along_axis(common, np.maximum(short - 1, 0), 1)
        going_on = at_end * np.maximum(depth - short, 0) / np.maximum(short, 1)
        overlap = (common + going_on) / depth
        last = np.take_along_axis(overlap, np.maximum(long - 1, 0), 1)[:, 0]
        weights = (1 - self["p"]) * self["p"] ** (depth - 1) * (depth <= long)
        value = (overlap * weights).sum(1) + last * self["p"] ** long[:, 0]
        return np.where(long[:, 0] > 0, value, np.nan)


RBO = _RBO()
