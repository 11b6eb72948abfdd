"""mMARCO, by the name that recipes have for it: MS MARCO's passages in those of the paper's languages that it has."""

from __future__ import annotations

from hybrid_plugin.training.sources.published import PublishedIds

MMARCO = PublishedIds(
    name="mmarco-train",
    description="MS MARCO in ar de en es hi ru zh; in other languages: 'mmarco/v2/*/train'",
    pairs=502_939,
    licence="MS MARCO: for research, not commercial; the translations: Apache-2.0",
    citation="Bonifacio et al. 2021, mMARCO, https://arxiv.org/abs/2108.13897",
    pattern="mmarco/v2/ar,de,en,es,hi,ru,zh/train",
    languages=("ar", "de", "en", "es", "hi", "ru", "zh"),
)
