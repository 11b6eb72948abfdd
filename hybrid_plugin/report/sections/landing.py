"""Where relevant documents land on the pool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from hybrid_plugin.report.charts.shares import shares
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.html import grid
from hybrid_plugin.report.landings import Landing
from hybrid_plugin.report.missing_runs import missing_runs
from hybrid_plugin.report.section import Section

_OWN = "own language"


def landing(data: ReportData) -> str:
    if not data.has_pool:
        return ""
    if not data.landings:
        return missing_runs(data)
    return grid(_charts(data)) + _table(data) + missing_runs(data)


def _charts(data: ReportData) -> Iterator[Markup]:
    for number, system in enumerate(data.systems):
        if system.name in data.landings:
            found = data.landings[system.name]
            bins = _bins(found.depth)
            table = _shares(found, bins)
            first = next(iter(bins))
            parts = dict(table[["row", first]].itertuples(index=False, name=None))
            own = parts.pop(_OWN, None)
            others = ", ".join(f"{lang} {share:.0%}" for lang, share in parts.items())
            spoken = f"in other languages {others}"
            if own is not None:
                spoken = f"{own:.0%} of the relevant documents in the query's own language, and of those {spoken}"
            yield data.chart(
                f"landing-{number}",
                shares(table, list(bins), "share of the relevant documents"),
                f"{system.label_of(found.run)}: where relevant documents stand on the pool, by their language",
                f"In the {first}: {spoken}.",
            )


def _bins(depth: int) -> dict[str, float]:
    """Words -> the last position of the bin; four bins at most."""
    edges = [edge for edge in (10, 100) if edge < depth] + [depth]
    starts = [1, *(edge + 1 for edge in edges[:-1])]
    words = [f"top {edge}" if start == 1 else f"{start}–{edge}" for start, edge in zip(starts, edges, strict=True)]
    return dict(zip([*words, "not in run"], [*edges, np.inf], strict=True))


def _shares(found: Landing, bins: dict[str, float]) -> pd.DataFrame:
    """The share of relevant documents in each bin: a row for the query's own language, and one for each other one."""
    relevant = found.relevant
    own = relevant["docs"] == relevant["queries"]
    groups = ({_OWN: relevant[own]} if own.any() else {}) | dict(iter(relevant[~own].groupby("docs")))
    rows = []
    for name, group in groups.items():
        cut = pd.cut(group["position"], [0, *bins.values()], labels=list(bins), include_lowest=True)
        rows.append({"row": name, **cut.value_counts(normalize=True).to_dict()})
    return pd.DataFrame(rows)


def _table(data: ReportData) -> Markup:
    rows = [
        {"system": system.label_of(data.landings[system.name].run)} | row
        for system in data.systems
        if system.name in data.landings
        for row in _positions(data.landings[system.name])
    ]
    return data.table(
        pd.DataFrame(rows),
        "Positions of relevant documents on the pool, by language of the document",
        formats={"median, own": ".0f", "median, other": ".0f"}
        | dict.fromkeys(("top 10, own", "top 10, other", "not in run, own", "not in run, other"), ".1%"),
        row_headers=2,
        note="own: for queries in the language of the document; other: for queries in other languages. A document that "
        "the run does not hold counts as standing just below its last one.",
    )


def _positions(found: Landing) -> Iterator[dict[str, Any]]:
    for lang, group in found.relevant.groupby("docs"):
        row: dict[str, Any] = {"documents": lang}
        own = group["queries"] == lang
        for side, part in (("own", group[own]), ("other", group[~own])):
            position = part["position"].clip(upper=found.depth + 1)
            row[f"median, {side}"] = float(position.median())
            row[f"top 10, {side}"] = float((position <= 10).mean())
            row[f"not in run, {side}"] = float((position > found.depth).mean())
        yield row


SECTION = Section("landing", "Landing on the pool", 30, landing)
