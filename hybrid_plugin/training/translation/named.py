"""Names to translators."""

from __future__ import annotations

from hybrid_plugin.errors import blame
from hybrid_plugin.plugins import named
from hybrid_plugin.training.translation.settings import TranslatorOptions
from hybrid_plugin.training.translation.translator import TRANSFORMERS, Translator


def load_translator(name: str, options: TranslatorOptions | None = None) -> Translator:
    """A translator by the name of a translation model, or of a plugin's translator.

    Parameters
    ----------
    name : a folder or a name on the Hugging Face hub; ``NAME`` or ``NAME:WHAT`` of a plugin's translator, which makes
        something of ``WHAT``.

    Raises
    ------
    UserError
        It cannot be loaded.
    """
    offers = named("hybrid_ir_translators")
    kind, _, what = name.partition(":")
    if kind not in offers:
        kind, what = TRANSFORMERS, name
    offer = offers[kind]
    with blame(f"the translator '{kind}'", offer if callable(offer) else type(offer)):
        made = (
            offer
            if isinstance(offer, Translator) and not isinstance(offer, type)
            else offer(what, options or TranslatorOptions())
        )
        if not isinstance(made, Translator):
            raise TypeError(f"it gives a {type(made).__name__}, which has no identity or no method 'translate'")
        return made
