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
    ``system``, ``setting``, ``measure``, ``value``, ``digits`` (as printed there), ``citation`` and ``note``; no
    rows where none are known.
    """
    wanted = {str(measure) for measure in parse_measures(measures)}
    record = json.loads(files("hybrid_plugin.inference").joinpath("published.json").read_text(encoding="utf-8"))
    rows = [
        (f"{system} ({source['label']})", setting, measure, value, source["digits"][measure], *map(source.get, _SOURCE))
        for source in record["sources"]
        for system, by_setting in source["figures"].get(benchmark, {}).items()
        for setting, figures in by_setting.items()
        for measure, value in figures.items()
        if measure in wanted
    ]
    return pd.DataFrame(rows, columns=["system", "setting", "measure", "value", "digits", *_SOURCE])
