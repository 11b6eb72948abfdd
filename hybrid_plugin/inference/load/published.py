"""Figures that were published for other models, to stand beside one's own; ``published.json`` holds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from hybrid_plugin.inference.settings import DEFAULT_MEASURES
from hybrid_plugin.measures.named import parse_measures

_SOURCE = ["citation", "note"]


def published_figures(benchmark: str, measures: Sequence[str] = DEFAULT_MEASURES) -> pd.DataFrame:
    """Figures that were published for other models on a benchmark; there are no per-query values of them.

    Parameters
    ----------
    measures : those to give, as ir_measures names them.

    Returns
    -------
    ``system``, ``model`` (its name without the source), ``setting``, ``measure``, ``value``, ``digits`` (as printed
    there), ``citation`` and ``note``; no rows where none are known.
    """
    wanted = {str(measure) for measure in parse_measures(measures)}
    record = json.loads(files("hybrid_plugin.inference.load").joinpath("published.json").read_text(encoding="utf-8"))
    rows = [
        (f"{model} ({source['label']})", model, setting, measure, value, source["digits"][measure], *about)
        for source in record["sources"]
        for about in [[source.get(name) for name in _SOURCE]]
        for model, by_setting in source["figures"].get(benchmark, {}).items()
        for setting, figures in by_setting.items()
        for measure, value in figures.items()
        if measure in wanted
    ]
    return pd.DataFrame(rows, columns=["system", "model", "setting", "measure", "value", "digits", *_SOURCE])
