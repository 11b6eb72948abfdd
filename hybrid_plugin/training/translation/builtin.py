"""The translators that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.training.translation.translator import TRANSFORMERS, TranslatorLoader


@hookimpl
def hybrid_ir_translators() -> dict[str, TranslatorLoader]:
    from hybrid_plugin.training.translation.models import load_model

    return {TRANSFORMERS: load_model}
