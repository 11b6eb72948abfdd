"""The encoder that another one learns from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.training.losses.loss import Need
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.tower import Shared


def load_teacher(encoder: Encoder, settings: TrainingSettings) -> Encoder | None:
    """The teacher that settings name; None where they name none.

    It is loaded as its own files say; one that is the model itself, as it is before the training, as the model is.
    """
    name = settings.loss.teacher
    if name is None:
        return None
    options: dict[str, Any] = {}
    if name == encoder.name:
        own = encoder.settings
        options = {key: getattr(own, key) for key in ("pooling", "max_length", "query_max_length")}
        options |= {key: getattr(own, key).strip() for key in ("query_prefix", "passage_prefix")}
    precision = "bfloat16" if settings.precision_on(encoder.device.type) == "bfloat16" else "float32"
    return Shared.of(
        Encoder.load(name, device=str(encoder.device), precision=precision, threads=encoder.threads, **options)
    )


def check_teacher(
    needs: Collection[Need], encoder: Encoder, teacher: Encoder | None, sources: Sequence[Source]
) -> None:
    """Refuse losses whose teacher is missing or does not fit.

    Raises
    ------
    UserError
        Says what is missing.
    """
    if "teacher_vectors" in needs and teacher is None:
        raise UserError("the loss distill_vectors learns from an encoder; name one with --teacher (teacher=)")
    if "teacher_vectors" in needs and teacher is not None and teacher.dimension != encoder.dimension:
        raise UserError(
            f"the loss distill_vectors needs vectors of one size: those of the teacher '{teacher.name}' have "
            f"{teacher.dimension} dimensions, those of '{encoder.name}' {encoder.dimension}; distill_kl does not mind"
        )
    if "teacher_scores" in needs and teacher is None and not any(source.has_scores for source in sources):
        raise UserError(
            "the losses distill_kl and margin_mse learn from a teacher's scores, and no source has any; name an "
            "encoder with --teacher (teacher=), or have a source scored by hybrid-ir score"
        )
