"""What translates: a model, a service, a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from hybrid_plugin.training.translation.settings import TranslatorOptions


@runtime_checkable
class Translator(Protocol):
    """Translates texts.

    A translator that knows beforehand which pairs of languages it has may have a method
    ``check(source_lang, target_lang)``, too, which raises a ``UserError`` for others. It is called before anything is
    translated.
    """

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that decides its translations, as JSON holds it: they are cached by it and recorded with it."""

    def translate(self, texts: Sequence[str], source_lang: str, target_lang: str) -> Sequence[str]:
        """As many translations, in the same order.

        Parameters
        ----------
        texts : some hundred different ones, none of them empty.
        source_lang, target_lang : as the source and the user write them, such as ``en`` or ``zh-Hant``.
        """


TRANSFORMERS = "transformers"  # the translator that is built in
TranslatorLoader = Callable[[str, TranslatorOptions], Translator]
"""(what stands after the ``NAME:`` of ``--model``, or nothing; the options) -> the translator."""
