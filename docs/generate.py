"""The pages that follow from the code: ``python docs/generate.py`` writes api.md and commands.md beside this file."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
HOUSE = HERE.parent / "hybrid_plugin"
API = """\
# Public names

Each wing of `hybrid_plugin` by itself, then `datasets_ext`; [development.md](development.md) shows the wings on one
page. A name stands where it is at home. This page follows from the docstrings (`make docs`).
"""
COMMANDS = """\
# Commands

Every command with all of its options, as `--help` prints them. This page follows from the code (`make docs`).
"""


class _Bare(str):
    """An annotation as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def wings() -> list[str]:
    """The modules that have public names."""
    found = sorted(path.parent for path in HOUSE.rglob("__init__.pyi"))
    return [*(".".join(path.relative_to(HOUSE.parent).parts) for path in found), "datasets_ext"]


def homes() -> dict[str, list[str]]:
    """Module -> the public names that are at home there, in its innermost wing."""
    modules = {name: importlib.import_module(name) for name in sorted(wings(), key=lambda name: -name.count("."))}
    found: dict[str, list[str]] = {name: [] for name in wings()}
    for module, wing in modules.items():
        for name in wing.__all__:
            value = getattr(wing, name)
            made = f"{getattr(value, '__module__', module)}."
            having = [one for one in modules if name in modules[one].__all__ and getattr(modules[one], name) is value]
            inner = [one for one in having if made.startswith(f"{one}.")]
            if module == max(inner or having, key=len):
                found[module].append(name)
    return {module: sorted(found[module], key=str.lower) for module in found}


def signature(value: Any, name: str, method: bool = False) -> str:
    """A function or class as one writes its call, with annotations; over several lines where it is long."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    taken = [
        one.replace(annotation=_bare(one.annotation), default=_default(one.default))
        for one in list(found.parameters.values())[1 if method else 0 :]
    ]
    result = _bare(found.return_annotation) if not inspect.isclass(value) else inspect.Signature.empty
    line = f"{name}{found.replace(parameters=taken, return_annotation=result)}"
    if len(line) <= 100 or not taken:
        return line
    parts = str(found.replace(parameters=taken, return_annotation=inspect.Signature.empty))[1:-1]
    arrow = "" if result is inspect.Signature.empty else f" -> {result}"
    return f"{name}(\n    " + ",\n    ".join(_split(parts)) + f",\n){arrow}"


def _split(parts: str) -> Iterator[str]:
    """Parameters parted at the commas that no bracket or quote holds."""
    depth, start, quoted = 0, 0, False
    for place, letter in enumerate(parts):
        quoted ^= letter == "'"
        depth += 0 if quoted else (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quoted:
            yield parts[start:place].strip()
            start = place + 1
    yield parts[start:].strip()


def _bare(annotation: Any) -> Any:
    if annotation is inspect.Parameter.empty or not isinstance(annotation, str):
        return annotation
    return _Bare(annotation)


def _default(value: Any) -> Any:
    if is_dataclass(value):
        return _Bare(f"{type(value).__name__}()")
    return _Bare("...") if " at 0x" in repr(value) else value


def fields(kind: type) -> Iterator[str]:
    """The public fields of a class that have a docstring below them, with it."""
    lines = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(lines, ast.ClassDef)
    for one, below in zip(lines.body, lines.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            said = inspect.cleandoc(str(below.value.value))
            yield f"{ast.unparse(one.target)} : {ast.unparse(one.annotation)}\n{textwrap.indent(said, '    ')}"


def methods(kind: type) -> Iterator[str]:
    """The public methods and properties that a class defines, with their docstrings."""
    for name, value in vars(kind).items():
        if name.startswith("_") or not (said := inspect.getdoc(getattr(kind, name))):
            continue
        if isinstance(value, classmethod | staticmethod):
            head = f"{kind.__name__}.{signature(getattr(kind, name), name)}"
        elif inspect.isfunction(value):
            head = f".{signature(value, name, method=True)}"
        elif isinstance(value, property) or hasattr(value, "attrname"):
            head = f".{name}"
        else:
            continue
        yield f"{head}\n{textwrap.indent(said, '    ')}"


def entry(module: ModuleType, name: str) -> str:
    """What the page says of a name: its signature and docstring, of a class also its fields and methods."""
    value = getattr(module, name)
    if inspect.isclass(value):
        parts = [signature(value, name), inspect.getdoc(value) or "", *fields(value), *methods(value)]
    elif callable(value) and inspect.getdoc(value) and hasattr(value, "__name__"):
        parts = [signature(value, name), inspect.getdoc(value) or ""]
    else:
        parts = [f"{name} = {textwrap.shorten(re.sub(' at 0x[0-9a-f]+', '', repr(value)), 200)}"]
        own = type(value).__module__.startswith("hybrid_plugin")
        parts += [inspect.getdoc(value) or ""] if own else []
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    return f"### {name}\n\n```text\n{text}\n```\n"


def api() -> str:
    """The page of public names."""
    parts = [API]
    for wing, names in homes().items():
        module = importlib.import_module(wing)
        elsewhere = sorted(set(module.__all__) - set(names), key=str.lower)
        said = (inspect.getdoc(module) or "").partition(">>>")[0].strip().replace("``", "`")
        parts.append(f"## {wing}\n\n{re.sub(r':[a-z]+:`~?', '`', said)}\n")
        if elsewhere:
            links = ", ".join(f"[{name}](#{name.lower()})" for name in elsewhere)
            parts.append(f"At home in a wing of their own: {links}.\n")
        parts += [entry(module, name) for name in names]
    return "\n".join(parts)


def commands() -> str:
    """The page of commands."""
    from hybrid_plugin.cli.main import application

    text = application().generate_docs(output_format="markdown").replace("```console", "```text")
    return (
        COMMANDS
        + "\n"
        + text[text.index("## Table of Contents") :].replace("## Table of Contents\n\n", "").strip()
        + "\n"
    )


PAGES = {"api.md": api, "commands.md": commands}

if __name__ == "__main__":
    for page, content in PAGES.items():
        (HERE / page).write_text(content(), encoding="utf-8")
