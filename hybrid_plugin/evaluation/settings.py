"""What of a benchmark is scored, and by which measures."""

from __future__ import annotations

from dataclasses import dataclass

from hybrid_plugin.brief import brief


@dataclass(frozen=True)
class EvaluationSettings:
    """What of a benchmark is scored, and by which measures; empty for all, or for the default measures."""

    languages: tuple[str, ...] = ()
    """Only these; the pool stays whole."""
    settings: tuple[str, ...] = ()
    """Only these: mono, cross, multi."""
    tasks: tuple[str, ...] = ()
    """Only these, such as de/en multi/en, or de for all on German documents."""
    measures: tuple[str, ...] = ()
    """Such as AP nDCG@10 RankDistance "LanguageAP(lang='de')", or 'all'; see docs/evaluation.md."""

    __repr__ = brief
