"""The measures that are there without a plugin."""

from __future__ import annotations

from ir_measures import measures as irm

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.measures.first_rank import FirstRank
from hybrid_plugin.measures.lang_ndcg import LangnDCG
from hybrid_plugin.measures.language_ap import LanguageAP
from hybrid_plugin.measures.language_divergence import LanguageDivergence
from hybrid_plugin.measures.language_part import LanguagePart
from hybrid_plugin.measures.language_skew import LanguageSkew
from hybrid_plugin.measures.lpr import LPR
from hybrid_plugin.measures.max_r import MaxR
from hybrid_plugin.measures.mrc import MRC
from hybrid_plugin.measures.peer import PEER
from hybrid_plugin.measures.rank_distance import RankDistance
from hybrid_plugin.measures.rbo import RBO
from hybrid_plugin.measures.tlr import TLR
from hybrid_plugin.measures.weak_alignment import WeakAlignment


@hookimpl
def hybrid_ir_measures() -> list[irm.Measure]:
    return [
        *(RankDistance, LanguageAP, FirstRank, LanguageSkew, LanguageDivergence, WeakAlignment, PEER),
        *(MRC, RBO, LanguagePart, LPR, LangnDCG, TLR, MaxR),
    ]
