"""The suites that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.tasks.suite import Suite, SuitePart

SUITES = (
    Suite(
        "paper",
        ("xquad-r", "mlqa-r", "miracl"),
        "The collections of the paper on hybrid batch training (Elmahdy et al., 2024)",
    ),
    Suite(
        "parallel",
        ("xquad-r", "mlqa-r", "belebele", "mkqa", "mupler", "xm3600", "mtop", "udhr"),
        "The same questions and passages in every language: all three settings, and language bias",
    ),
    Suite(
        "neuclir",
        ("neuclir", "neuclir-bench", "hc4"),
        "News in Persian, Russian and Chinese, judged for topics in English and their own language",
    ),
    Suite(
        "small",
        (
            *("xquad-r", "mlqa-r"),
            SuitePart("belebele", settings=("mono", "multi")),  # without cross: hundreds of tasks of many queries
            SuitePart("mkqa", settings=("multi",)),
            SuitePart("xm3600", settings=("multi",)),
            SuitePart("udhr", settings=("cross",)),
            *("mupler", "multieup", "mtop", "nano-beir"),
        ),
        "All that fits a laptop",
    ),
)
