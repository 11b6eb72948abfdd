"""Recipes: the options of a training run in a YAML file, of which some come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hybrid_plugin.errors import UserError, unknown
from hybrid_plugin.files import StrPath, read_yaml

_FOLDER = Path(__file__).with_name("recipes")


def recipes() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def find_recipe(name: str) -> Path:
    """The file of a recipe: one of ours by its name, or the user's own.

    Raises
    ------
    UserError
        It is neither.
    """
    path = Path(name)
    if path.suffix or path.exists() or path.name != name:
        return path
    if name not in recipes():
        raise unknown("recipe", name, recipes())
    return recipes()[name]


def read_recipe(name: str) -> dict[str, Any]:
    """The options of a recipe, by the keys that options, sweeps and checkpoints have for them.

    Raises
    ------
    UserError
        There is no such recipe, or it is no mapping; names the file.
    """
    path = find_recipe(name)
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} is not a mapping of settings")
    return values


def recipe_line(path: StrPath) -> str:
    """What a recipe is, by its own first line."""
    return Path(path).read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
