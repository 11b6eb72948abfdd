"""What is translated, which translations are good enough, and how a translation model is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError, unknown
from hybrid_plugin.settings import keyed

Side = Literal["queries", "passages", "negatives"]
Check = Literal["copy", "repetition", "length", "language"]
Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class TranslationSettings:
    """What is translated, and which translations are good enough.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    to: tuple[str, ...] = ()
    """The languages to translate to: ar,zh,de. What a row has in one of them already is kept."""
    language: str | None = keyed("from", default=None)
    """The language to translate from; by default the source's only one."""
    sides: tuple[Side, ...] = ("queries", "passages")
    """What to translate: queries, passages, negatives; the rest stays in its languages."""
    reject: tuple[Check, ...] = get_args(Check)
    """What makes a translation bad: copy (it is the text itself), repetition (a loop), length (see length ratio),
    language (another one than asked for). Empty ones always are."""
    length_ratio: float = 2.0
    """A translation may be longer or shorter than its text by this factor, in letters, of which one of Chinese counts
    for three and a kana or hangul for two; short texts have more room."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name, kind in (("sides", Side), ("reject", Check)):
            strange = sorted(set(getattr(self, name)) - set(get_args(kind)))
            if strange:
                raise unknown(
                    {"sides": "side of a row", "reject": "check of translations"}[name], strange[0], get_args(kind)
                )
        if len(set(self.to)) < len(self.to):
            raise UserError(f"a language to translate to is named twice: {', '.join(self.to)}")
        if not self.sides:
            raise UserError("there is nothing to translate: name queries, passages or both as sides")
        if self.length_ratio <= 1:
            raise UserError(f"the length ratio is {self.length_ratio}; it must be above 1")


@dataclass(frozen=True)
class TranslatorOptions:
    """How a translation model is run.

    Raises
    ------
    UserError
        A value is out of its range.
    """

    beams: int = 4
    """Of the beam search; 1 is greedy: faster, and a little worse."""
    max_length: int = 128
    """Tokens translated in one piece. Longer texts are split at the ends of sentences, none is cut."""
    codes: tuple[str, ...] = ()
    """What the model calls a language, where that is not found: LANG=CODE, such as zh=zho_Hant."""
    batch_tokens: int | None = None
    """Tokens translated at a time, padding included; by default 8192 on a GPU and 2048 on a CPU."""
    precision: Precision | None = None
    """By default bfloat16 on a GPU and float32 on a CPU."""
    device: str | None = None
    """cpu, cuda, cuda:1 ...; by default a GPU if there is one."""
    threads: int | None = None
    """Of the CPU to compute with; by default as many as torch takes, but fewer for a very small model."""
    allow_pickle: bool = False
    """Load weights that are Python pickles, as many translation models have; they can run their author's code."""

    __repr__ = brief

    def __post_init__(self) -> None:
        for name, least in (("beams", 1), ("max_length", 8), ("batch_tokens", 1), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UserError(f"{name.replace('_', ' ')} is {value}; it must be {least} or above")
        if self.precision is not None and self.precision not in get_args(Precision):
            raise unknown("precision", self.precision, get_args(Precision))
        for one in self.codes:
            if not all(one.partition("=")):
                raise UserError(f"codes are LANG=CODE, such as zh=zho_Hant, not '{one}'")

    @property
    def code_of(self) -> dict[str, str]:
        """The codes by language."""
        return dict(one.split("=", 1) for one in self.codes)
