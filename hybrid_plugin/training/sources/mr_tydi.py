"""The English part of Mr. TyDi, by the name that recipes have for it."""

from __future__ import annotations

from hybrid_plugin.training.sources.published import PublishedIds

MR_TYDI = PublishedIds(
    name="mr-tydi-train",
    description="questions of Mr. TyDi with passages of Wikipedia, English; all languages: 'mr-tydi/*/train'",
    pairs=3_547,
    licence="Apache-2.0",
    citation="Zhang et al. 2021, Mr. TyDi, https://arxiv.org/abs/2108.08787",
    pattern="mr-tydi/en/train",
)
