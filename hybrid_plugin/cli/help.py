"""How help texts look: paragraphs fill the terminal's width, and indented lines, to be copied, stay as they are."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from cyclopts.help import DefaultFormatter
from rich.console import Console, ConsoleOptions


class HelpFormatter(DefaultFormatter):
    """cyclopts' own, but for the description, of which it would make one paragraph or keep every line break."""

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        text = getattr(getattr(description, "primary_renderable", None), "plain", "")
        for line in filled(text, options.max_width):
            # A terminal that is too narrow folds the line by itself, and copies it whole.
            console.print(line, soft_wrap=True, markup=False, highlight=False)


def filled(text: str, width: int) -> list[str]:
    """The lines of a text whose paragraphs are as wide as this, and whose indented lines are left alone."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines += block.rstrip().split("\n") if block.startswith(" ") else textwrap.wrap(block, width)
        lines.append("")
    return lines
