"""What tells the parts of a chart apart: colours and markers."""

from __future__ import annotations

# What a colour is for -> the colour on white paper. In the page each becomes a CSS variable of the same name, which has
# another value in the dark, so no two may be equal.
PALETTE = {
    "ink": "#1b1f24",
    "muted": "#59626d",
    "grid": "#d9dee4",
    "paper": "#fdfdfc",
    "series-0": "#5b6673",
    "series-1": "#1f5fbf",
    "series-2": "#b4540a",
    "series-3": "#0f7b5f",
    "series-4": "#7a3fb0",
    "series-5": "#b3263e",
    "series-6": "#0b7285",
    "series-7": "#6b6a00",
    "step-0": "#0b3d7a",
    "step-1": "#3f7cc4",
    "step-2": "#a3c4ea",
    "step-3": "#e3e8ee",
}
_MARKERS = "osD^vPX*"


def colour(place: int) -> str:
    """The colour of a system (or setting) by its place among them; from the ninth on they return."""
    return PALETTE[f"series-{place % 8}"]


def marker(place: int) -> str:
    """The marker of a system (or setting): another one each, and from the ninth on another one with the same colour."""
    return _MARKERS[(place + place // 8) % len(_MARKERS)]
