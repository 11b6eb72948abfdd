"""Values as the report prints them: figures with a true minus, records in words."""

from __future__ import annotations

import math
from typing import Any


def true_minus(figure: str) -> str:
    """A printed figure with a minus sign as wide as its plus."""
    return figure.replace("-", "−")


def between(low: float, high: float, form: str) -> str:
    """An interval, as what goes on after a figure; empty where none is known."""
    return "" if math.isnan(low) else f", from {low:{form}} to {high:{form}}"


def short(value: float, form: str) -> str:
    """A figure below 1 as tables print it: no zero before the point."""
    text = format(value, form)
    return true_minus(text).replace("0.", ".", 1) if float(text) else "0"


def fact(value: Any) -> str | None:
    """An entry of a record (``scores.json``, settings of a sweep) in words; None where it says nothing."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {fact(one)}" for key, one in value.items()) or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        parts = "; " if any(isinstance(one, dict) for one in value) else ", "
        return parts.join(str(fact(one)) for one in value) or None
    return None if value is None else str(value)
