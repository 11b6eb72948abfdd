"""Options that several commands share, and settings' dataclasses as options.

A settings class (:mod:`hybrid_plugin.settings`) that a command takes becomes one option a flat key, with the docstring
of the field as its help; nothing about an option is written twice.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

from cyclopts import App, ArgumentCollection, Parameter, Token
from cyclopts.validators import Number

from hybrid_plugin.encoding.settings import EncoderOptions, Execution, ModelOptions, Sharding
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings
from hybrid_plugin.settings import key_of
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.losses.settings import LossSettings
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from hybrid_plugin.training.translation.settings import TranslationSettings, TranslatorOptions

_WITH_COMMAS = {
    *("--languages", "--validate-languages", "--settings", "--tasks", "--measures"),
    *("--to", "--sides", "--reject"),
}


def _assigned(kind: Any, tokens: Sequence[Token]) -> dict[str, Any]:
    """``KEY=VALUE`` as a mapping, each value read as YAML does: a number, true or false, or text."""
    import yaml

    values = {}
    for token in tokens:
        key, sign, value = token.value.partition("=")
        if not sign:
            raise UserError(f"{token.keyword} takes KEY=VALUE, not '{token.value}'")
        values[key] = yaml.safe_load(value)
    return values


def _named(kind: Any, tokens: Sequence[Token]) -> dict[str, Any]:
    """``KEY=TEXT`` as a mapping; ``KEY`` alone stands for itself, and ``KEY.NAME`` goes into a mapping."""
    values: dict[str, Any] = {}
    for token in tokens:
        key, sign, text = token.value.partition("=")
        key, dot, name = key.partition(".")
        if dot:
            values.setdefault(key, {})[name] = text
        else:
            values[key] = text if sign else key
    return values


Named = Annotated[
    dict[str, Any] | None, Parameter(n_tokens=-1, accepts_keys=False, converter=_named, metavar="KEY=TEXT...")
]

_ASSIGNMENTS = Parameter(n_tokens=-1, accepts_keys=False, converter=_assigned, metavar="KEY=VALUE...")
Assignments = Annotated[dict[str, Any], _ASSIGNMENTS]


def flat(kind: type) -> type:
    """Let the fields of a settings class be options of the commands that take it."""
    # Settings know nothing of command lines, so what a mapping looks like there is said here.
    for name, hint in get_type_hints(kind).items():
        if get_origin(hint) is dict:
            kind.__annotations__[name] = Annotated[hint, _ASSIGNMENTS]
    return Parameter(name="*", name_transform=lambda name: key_of(kind, name).replace("_", "-"))(kind)


_SETTINGS: tuple[type, ...] = (
    *(BatchSettings, ComparisonSettings, EncoderOptions, EvaluationSettings, Execution, IndexSettings, LossSettings),
    *(
        MiningSettings,
        ModelOptions,
        SearchSettings,
        Sharding,
        SourceMix,
        TrainingSettings,
        TranslationSettings,
        TranslatorOptions,
    ),
    ValidationSettings,
)
for _kind in _SETTINGS:
    flat(_kind)

DatasetId = Annotated[
    str, Parameter(help="An ir_datasets id, or a task of a benchmark: xquad-r/de/en, mine.yaml/multi/en.")
]
BenchmarkName = Annotated[str, Parameter(help="Such as xquad-r; see: hybrid-ir datasets list")]
EncoderName = Annotated[str, Parameter(help="A checkpoint, a Hugging Face folder or a name on the hub.")]
Output = Annotated[Path, Parameter(help="The folder to write.")]
Overwrite = Annotated[bool, Parameter(help="Replace a finished output of other settings.")]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON instead of a table, figures with all their digits.")]
Device = Annotated[str | None, Parameter(help="cpu, cuda, cuda:1 ...; by default a GPU if there is one.")]
Seed = Annotated[int, Parameter(validator=Number(gte=0))]
Positive = Annotated[int, Parameter(validator=Number(gte=1))]
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


def as_people_write(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """``--languages de,en`` means ``--languages de en``, and ``--recipe FILE`` sets what the command line does not."""
    known = {argument.name: argument for argument in arguments}
    if "--recipe" in known and known["--recipe"].tokens:
        from hybrid_plugin.training.recipe import find_recipe, read_recipe

        name = known["--recipe"].tokens[0].value
        path = str(find_recipe(name))
        for key, value in read_recipe(name).items():
            option = f"--{str(key).replace('_', '-')}"
            if option not in known:
                near = did_you_mean(str(key), (one.lstrip("-").replace("-", "_") for one in known))
                raise UserError(f"{path} has the unknown key '{key}'; see: hybrid-ir {' '.join(commands)} --help{near}")
            if not known[option].tokens:
                typed = enumerate(_as_typed(value))
                known[option].tokens[:] = [Token(keyword=option, value=one, index=i, source=path) for i, one in typed]
    split = re.compile(r",(?![^(]*\))").split  # the commas of PEER(weights={0:0.5,1:0.5})@20 stay
    for name in known.keys() & _WITH_COMMAS:
        parts = [(token, part) for token in known[name].tokens for part in split(token.value) if part]
        known[name].tokens[:] = [token.evolve(value=part, index=place) for place, (token, part) in enumerate(parts)]


def _as_typed(value: Any) -> list[str]:
    """A value of a recipe as somebody would have typed it."""
    if isinstance(value, dict):
        return [f"{key}={json.dumps(one)}" for key, one in value.items()]
    several = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in several]


def show_default(value: Any) -> Any:
    """A default that help names: nothing is no news."""
    return None if value in (None, (), {}, False) else value
