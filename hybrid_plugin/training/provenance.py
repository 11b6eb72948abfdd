"""What a checkpoint records of its making."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.settings import flatten
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.versions import versions


def provenance(encoder: Encoder, sources: Sequence[Source], settings: TrainingSettings) -> dict[str, Any]:
    """What a checkpoint records of its making, with what its base model recorded of its own."""
    earlier = encoder.record.get("sources", [])
    now = [
        {
            "name": source.name,
            "origins": list(source.origins),
            "rows": len(source),
            "languages": list(settings.batches.only or source.languages),
            "checksum": source.checksum,
        }
        for source in sources
    ]
    used = flatten(settings)
    weights = hashlib.sha256()
    for name, tensor in sorted(encoder.model.state_dict().items()):
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy())
    return {
        "base_model": encoder.record.get("base_model", encoder.name),
        "started_from": {
            "name": encoder.name,
            "checksum": f"sha256:{weights.hexdigest()}",
            **({"transform_dropped": encoder.transform.about} if encoder.transform is not None else {}),
        },
        "strategy": used.pop("strategy"),
        "alpha": used.pop("alpha"),
        "seed": used.pop("seed"),
        "sources": [*earlier, *now],
        "languages": sorted({lang for source in (*earlier, *now) for lang in source["languages"]}),
        "training": used,
        "versions": versions(),
    }
