"""LangnDCG: nDCG that credits the query's language."""

from __future__ import annotations

import numpy as np
from ir_measures import measures as irm

from hybrid_plugin.measures.base import CUTOFF
from hybrid_plugin.measures.bias import OWN, BiasMeasure, is_in, languages_of
from hybrid_plugin.measures.standard import gains_of, normalized_gain
from hybrid_plugin.retrieval.ranks import Ranks


class _LangnDCG(BiasMeasure):
    """
    nDCG in which a relevant document in the query's language has its grade as gain, and one in another language the
    part `other` of it (0.5 by default). In [0, 1]; higher is better.

    With `other=1` it is nDCG, and with `other=0` that of the query's language alone. The best ranking, by which it is
    divided, has documents in the order of these gains. NaN where no document has a gain.

    It rewards answers high up, and those in the query's language above others of equal worth. It misleads where readers
    know several languages or where a fair pool is wanted: a system that treats languages alike gets less than 1.

    For example, an English query finds en*, en, de*, en, zh*, where * is relevant. The gains are 1, 0, 0.5, 0, 0.5, and
    the value is (1 + 0.5 / 2 + 0.5 / 2.585) / (1 + 0.5 / 1.585 + 0.5 / 2) = 0.922.

    The idea and the name are MLAIRE's Lang-nDCG. What it credits a document in another language with was not found in
    what we could read of it; the parameter and its default are ours.

    ::

      Citation: Jang, Hong, Moon and Lim. MLAIRE: Multilingual Language-Aware Information Retrieval Evaluation Protocol.
                2026. https://arxiv.org/abs/2605.07249
    """

    __name__ = "LangnDCG"
    NAME = __name__
    PRETTY_NAME = "nDCG with credit for the query's language"
    SHORT_DESC = "nDCG in which relevant documents in other languages than the query's have a part of the gain."
    HIGHER_IS_BETTER = True
    CUT = "lowers"
    GRADED = True
    SUPPORTED_PARAMS = {  # noqa: RUF012
        "cutoff": CUTOFF,
        "other": irm.ParamInfo(dtype=float, default=0.5, desc="gain in another language, as a part of the grade"),
    }

    def validate_params(self) -> None:
        super().validate_params()
        assert 0 <= self["other"] <= 1, "other must be from 0 to 1"

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        known = languages_of(ranks)
        gains = gains_of(ranks) * np.where(is_in(known, known.relevant, OWN), 1, self["other"])
        return np.where(gains.any(1), normalized_gain(ranks, gains, self.params.get("cutoff")), np.nan)

    def asks_for_own(self) -> bool:
        return True


LangnDCG = _LangnDCG()
