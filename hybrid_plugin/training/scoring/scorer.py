"""What gives scores to pairs of a query and a passage, and an encoder that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.tasks.texts import Text


class Scorer(Protocol):
    """Gives scores to pairs of a query and a passage."""

    kind: str
    """encoder, cross-encoder ..."""
    scale: str
    """What a score is, in words; recorded with the scores."""

    @property
    def name(self) -> str:
        """For messages and records."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that decides its scores, as JSON, whatever its folder is called."""

    def scores(self, queries: Sequence[Text], passages: Sequence[Text]) -> np.ndarray:
        """The score of each query and the passage at the same place, float32 [pairs]."""


class EncoderScorer:
    """The dot product of an encoder's unit vectors."""

    kind = "encoder"
    scale = "dot product of unit vectors"

    def __init__(self, encoder: Encoder):
        self._encoder = encoder
        self.name = encoder.name

    def __repr__(self) -> str:
        return f"EncoderScorer({self._encoder!r})"

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """See :class:`Scorer`."""
        return self._encoder.identity

    def scores(self, queries: Sequence[Text], passages: Sequence[Text]) -> np.ndarray:
        """See :class:`Scorer`."""
        found: np.ndarray = np.einsum("ij,ij->i", self._vectors(queries, "query"), self._vectors(passages, "passage"))
        return found

    def _vectors(self, texts: Sequence[Text], kind: Kind) -> np.ndarray:
        distinct = {(text.text, text.lang): 0 for text in texts}
        for place, text in enumerate(distinct):
            distinct[text] = place
        langs = [lang for _, lang in distinct]
        vectors = self._encoder.encode([text for text, _ in distinct], kind, langs=langs)
        return vectors[[distinct[text.text, text.lang] for text in texts]]
