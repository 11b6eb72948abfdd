"""All test topics of HC4 in English: ``hc4-topics/test/en``, a view of the published file.

ir_datasets' own ids have the topics that were judged in one language; a pool of the languages needs those of all three.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import ir_datasets
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseQueries
from ir_datasets.util import DownloadConfig

NAME = "hc4-topics/test/en"


class Topic(NamedTuple):
    """A topic as it was written."""

    query_id: str
    title: str
    description: str

    def default_text(self) -> str:
        """title"""
        return self.title


class Topics(BaseQueries):
    """The English topics of a published file.

    Parameters
    ----------
    published : what ir_datasets downloads.
    """

    def __init__(self, published: Any):
        self._published = published

    def queries_iter(self) -> Iterator[Topic]:
        with self._published.stream() as stream:
            for line in stream:
                record = json.loads(line)
                written = next(one for one in record["topics"] if one["lang"] == "eng")
                yield Topic(record["topic_id"], written["topic_title"], written["topic_description"])

    def queries_cls(self) -> type[Topic]:
        return Topic

    def queries_namespace(self) -> str:
        return "hc4"

    def queries_lang(self) -> str:
        return "en"


def register() -> None:
    """Register the topics; downloads nothing."""
    if NAME not in ir_datasets.registry:
        published = DownloadConfig.context("hc4", ir_datasets.util.home_path() / "hc4")
        ir_datasets.registry.register(NAME, Dataset(Topics(published["test/topics"])))
