"""Options that several commands share, and settings' dataclasses as options.

A settings class (:mod:`hybrid_plugin.settings`) that a command takes becomes one option a flat key, with the docstring
of the field as its help; nothing about an option is written twice.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from attrs import evolve
from cyclopts import App, Parameter, Token
from cyclopts.help import DefaultFormatter, HelpPanel, InlineText
from cyclopts.validators import Number

from hybrid_plugin.encoding.settings import EncoderOptions, ModelOptions
from hybrid_plugin.errors import UserError
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.settings import key_of
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

_WITH_COMMAS = ("--languages", "--validate-languages", "--settings", "--measures")


def flat(kind: type) -> type:
    """Let the fields of a settings class be options of the commands that take it."""
    return Parameter(name="*", name_transform=lambda name: key_of(kind, name).replace("_", "-"))(kind)


for _kind in (
    *(
        ComparisonSettings,
        ModelOptions,
        EncoderOptions,
        BatchSettings,
        SourceMix,
        TrainingSettings,
        ValidationSettings,
        MiningSettings,
    ),
):
    flat(_kind)

DatasetId = Annotated[str, Parameter(help="An ir_datasets id, such as xquad-r/de/en.")]
BenchmarkName = Annotated[str, Parameter(help="Such as xquad-r; see: hybrid-ir datasets list")]
EncoderName = Annotated[str, Parameter(help="A checkpoint, a Hugging Face folder or a name on the hub.")]
Output = Annotated[Path, Parameter(help="The folder to write.")]
Device = Annotated[str | None, Parameter(help="cpu, cuda, cuda:1 ...; by default a GPU if there is one.")]
BatchSize = Annotated[int | None, Parameter(help="Texts encoded at a time.", validator=Number(gte=1))]
Seed = Annotated[int, Parameter(validator=Number(gte=0))]
Positive = Annotated[int, Parameter(validator=Number(gte=1))]
Languages = Annotated[list[str] | None, Parameter(help="Only these; the pool stays whole.")]
Settings = Annotated[list[str] | None, Parameter(help="Only these: mono, cross, multi.")]
Measures = Annotated[
    list[str] | None,
    Parameter(help="Such as AP nDCG@10 RankDistance \"LanguageAP(lang='de')\", or 'all'; see docs/evaluation.md."),
]
Sources = Annotated[
    list[str],
    Parameter(
        help="Parallel training pairs: a collection's name, a JSON lines file, a folder of SQuAD or Tevatron files, or "
        "ir_datasets ids such as 'mmarco/v2/*/train'; FORMAT:WHAT where that is not clear. See: hybrid-ir sources list"
    ),
]


def watched() -> bool:
    """Whether somebody watches, to whom a progress bar is of use."""
    return sys.stderr.isatty()


def as_people_write(app: App, commands: tuple[str, ...], arguments: Any) -> None:
    """``--languages de,en`` means ``--languages de en``; ``--trainer KEY=VALUE`` sets a key, its value read as YAML."""
    for argument in arguments:
        if argument.name in _WITH_COMMAS:
            # The commas of PEER(weights={0:0.5,1:0.5})@20 stay.
            parts = [
                (token, part) for token in argument.tokens for part in re.split(r",(?![^(]*\))", token.value) if part
            ]
            argument.tokens[:] = [token.evolve(value=part, index=place) for place, (token, part) in enumerate(parts)]
        elif any(get_origin(hint) is dict for hint in (argument.hint, *get_args(argument.hint))):
            argument.tokens[:] = [_assignment(token) for token in argument.tokens]


def _assignment(token: Token) -> Token:
    import yaml

    key, sign, value = token.value.partition("=")
    if not sign:
        raise UserError(f"{token.keyword} takes KEY=VALUE, not '{token.value}'")
    return token.evolve(keys=(key,), index=0, value=value, implicit_value=yaml.safe_load(value))


def show_default(value: Any) -> Any:
    """A default that help names: nothing is no news."""
    return None if value in (None, (), {}, False) else value


class Flowing(DefaultFormatter):
    """cyclopts' help, in which paragraphs that a docstring breaks into lines flow again."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        entries = [
            evolve(entry, description=InlineText.from_format(_flowing(entry.description), "plaintext"))
            for entry in panel.entries
        ]
        super().__call__(console, options, evolve(panel, entries=entries))

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        super().render_description(console, options, InlineText.from_format(_flowing(description), "plaintext"))


def _flowing(text: InlineText | None) -> str:
    plain = getattr(getattr(text, "primary_renderable", None), "plain", "")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in plain.split("\n\n"))
