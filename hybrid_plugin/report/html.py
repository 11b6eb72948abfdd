"""The templates of the report, filled in, and the small pieces of HTML that several of them need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup, escape


def render(template: str, **values: Any) -> Markup:
    """A template of this package, filled in; it escapes what it is given."""
    return Markup(_environment().get_template(template).render(values))


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("hybrid_plugin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    found.filters["breakable"] = breakable
    return found


def breakable(text: str) -> Markup:
    """A text that may go on in another line after the marks that join paths and names of runs, and within a measure's
    name: ``Language|Divergence|@10``."""
    return Markup(re.sub(r"(?<=[,/=_])|(?<=[a-z])(?=[A-Z])|(?<=[a-zA-Z)])(?=[@(])", "<wbr>", str(escape(text))))


def grid(charts: Iterable[Markup]) -> Markup:
    """Charts beside each other, as far as the window has room."""
    return Markup('<div class="grid">{}</div>').format(Markup("").join(charts))


def lower_headings(body: str) -> Markup:
    """HTML with its headings one level below: of a section of a page that has a level more."""
    return Markup(re.sub(r"(</?h)([2-5])\b", lambda found: f"{found[1]}{int(found[2]) + 1}", body))


def slug(text: str) -> str:
    """A text as the name of a file."""
    return re.sub(r"\W+", "-", text.lower()).strip("-")
