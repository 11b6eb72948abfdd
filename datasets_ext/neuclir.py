"""All topics of TREC NeuCLIR 2022 and 2023: ``neuclir-topics/{year}/{lang}``, a view each of the published files.

ir_datasets' own ids have the topics that were judged in one language. None has all of 2022's, which a pool needs; and
``neuclir/1/{lang}/trec-2023``, the only ids with the human translations of 2023, have no topics, since they keep those
that 2022's judgements name (https://github.com/allenai/ir_datasets/issues/292). These ids read the same files with the
same reader and keep every topic.
"""

from __future__ import annotations

import ir_datasets
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import (
    ExctractedCCMultiMtQuery,
    ExctractedCCNoReportNoHtNarQuery,
    ExctractedCCNoReportQuery,
    ExctractedCCQueries,
)
from ir_datasets.util import DownloadConfig

NAME = "neuclir-topics"
LANGUAGES = ("fa", "ru", "zh")
TRANSLATED = {"2022": ExctractedCCNoReportQuery, "2023": ExctractedCCNoReportNoHtNarQuery}


def register() -> None:
    """Register the topics of both years, in English and translated; downloads nothing."""
    published = DownloadConfig.context("neuclir", ir_datasets.util.home_path() / "neuclir")
    for year, translated in TRANSLATED.items():
        for lang in ("en", *LANGUAGES):
            if f"{NAME}/{year}/{lang}" in ir_datasets.registry:
                continue
            topics = ExctractedCCQueries(
                published[f"trec-{year}/queries"],
                subset_lang=None if lang == "en" else lang,
                filter_lwq=False,
                cls=ExctractedCCMultiMtQuery if lang == "en" else translated,
                namespace="neuclir",
            )
            ir_datasets.registry.register(f"{NAME}/{year}/{lang}", Dataset(topics))
