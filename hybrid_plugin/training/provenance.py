"""What a checkpoint records of its making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.formats import known_sources
from hybrid_plugin.encoding.identity import weights_checksum
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.validation import Validation
from hybrid_plugin.versions import versions


def request_of(
    encoder: Encoder,
    sources: Sequence[Source],
    settings: TrainingSettings,
    validation: Validation | None = None,
    teacher: Encoder | None = None,
) -> dict[str, Any]:
    """All that decides the weights of a training run, by which a finished or an interrupted one is known."""
    identity = encoder.identity
    return {
        "model": {key: identity[key] for key in identity if key not in ("precision", "transform")},
        "source": [source.known_by for source in sources],
        **{key: value for key, value in flatten(settings).items() if key != "save_every"},
        **({} if teacher is None else {"teacher": teacher.identity}),
        **({} if validation is None else validation.about),
        **({} if validation is None else {"validate_every": validation.every, "patience": validation.patience}),
    }


def provenance(
    encoder: Encoder, sources: Sequence[Source], settings: TrainingSettings, teacher: Encoder | None = None
) -> dict[str, Any]:
    """What a checkpoint records of its making, with what its base model recorded of its own."""
    earlier = known_sources(encoder.record)
    now = [
        {
            "name": source.name,
            "origins": list(source.made_from),
            "rows": len(source),
            **({"share": source.share} if source.share < 1 else {}),
            "languages": [lang for lang in settings.batches.only or source.languages if lang in source.languages],
            "checksum": source.checksum,
        }
        for source in sources
    ]
    used = flatten(settings)
    return {
        "base_model": encoder.record.get("base_model", encoder.name),
        "started_from": {
            "name": encoder.name,
            "checksum": weights_checksum(encoder.model),
            **({"transform_dropped": encoder.transform.about} if encoder.transform is not None else {}),
        },
        **({} if teacher is None else {"teacher": _teacher(teacher)}),
        "strategy": used.pop("strategy"),
        "alpha": used.pop("alpha"),
        "seed": used.pop("seed"),
        "sources": [*earlier, *now],
        "languages": sorted({lang for source in (*earlier, *now) for lang in source["languages"]}),
        "training": used,
        "versions": versions(),
    }


def _teacher(teacher: Encoder) -> dict[str, Any]:
    """What is recorded of a teacher; what it was trained on, its pupil knows of, too."""
    return {"name": teacher.name, "identity": teacher.identity, "sources": known_sources(teacher.record)}
