"""A name to what scores pairs."""

from __future__ import annotations

from pathlib import Path

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.training.scoring.cross_encoder import CrossEncoder, is_cross_encoder
from hybrid_plugin.training.scoring.scorer import EncoderScorer, Scorer


def load_scorer(name: str | Path, options: EncoderOptions | None = None) -> Scorer:
    """An encoder or a cross-encoder; the latter where a model's configuration names such an architecture.

    Parameters
    ----------
    name : a folder or a name on the Hugging Face hub.

    Raises
    ------
    UserError
        It cannot be loaded, or an option does not go with it.
    """
    if is_cross_encoder(str(name)):
        return CrossEncoder(name, options)
    return EncoderScorer(Encoder.load(name, options))
