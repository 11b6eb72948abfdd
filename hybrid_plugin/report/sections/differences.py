"""What each system has over another, with intervals and tests: over all, and by query language."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from markupsafe import Markup

from hybrid_plugin.report.charts.forest import forest
from hybrid_plugin.report.data import ReportData
from hybrid_plugin.report.headline import form, headline
from hybrid_plugin.report.html import grid, render, slug
from hybrid_plugin.report.section import Section
from hybrid_plugin.report.wording import between

_PAIRS = 8  # of systems in a chart; the table has the others
_CHARTS = 24  # of query languages
_COLUMNS = ["a", "b", "setting", "measure", "difference", "low", "high"]


def differences(data: ReportData) -> str:
    tests = data.comparison.tests
    if not len(tests):
        return ""
    by_language = data.comparison.by_language
    return render(
        "differences.html",
        level=data.comparison.level(),
        alpha=data.comparison.method["alpha"],
        charts=grid(_overall(data)),
        tests=_tests(data),
        languages=grid(_by_language(data)),
        by_language=_table(
            data, by_language, "Differences by language of the query", first=["language"],
            note="p is corrected over this table, which has more rows than the charts where these would be many.",
        ),
        left_out=len(_pairs(tests)) > _PAIRS,
    )  # fmt: skip


def _pairs(tests: pd.DataFrame) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(tests["a"], tests["b"], strict=True)))


def _drawn(data: ReportData, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the first pairs, as charts take them."""
    few = _pairs(data.comparison.tests)[:_PAIRS]
    rows = frame[[pair in few for pair in zip(frame["a"], frame["b"], strict=True)]]
    labels = data.labels
    return rows.assign(
        series="",
        value=rows["difference"],
        shown=rows["winner"] != "",
        place=[[*labels].index(name) for name in rows["a"]],
        pair=[f"{labels[row.a]} − {labels[row.b]}" for row in rows.itertuples()],
    )


def _overall(data: ReportData) -> Iterator[Markup]:
    """A chart a measure: a row a pair of systems and setting."""
    rows = _drawn(data, data.comparison.tests)
    several = rows["pair"].nunique() > 1
    for measure, part in rows.groupby("measure", sort=False):
        pairs = _pairs(part)
        part = part.assign(row=[f"{row.setting}: {row.pair}" if several else row.setting for row in part.itertuples()])
        settings = [*dict.fromkeys(data.comparison.figures["setting"])]
        part = part.sort_values("setting", key=lambda column: column.map(settings.index), kind="stable")
        title = f"{measure}: differences with {data.comparison.level()} confidence intervals"
        yield _chart(data, f"differences-{slug(str(measure))}", str(measure), part, pairs, title)


def _by_language(data: ReportData) -> Iterator[Markup]:
    """A chart a pair of systems, measure and setting: a row a query language."""
    rows = _drawn(data, data.comparison.by_language)
    rows = rows.assign(row=rows["language"])
    groups = dict(iter(rows.groupby(["a", "b", "measure", "setting"], sort=False)))
    main = [key for key in groups if key[2:] in headline(data)]
    if len(main) > _CHARTS:
        main = [key for key in main if key[2] == data.measure][:_CHARTS]
    for number, key in enumerate(main):
        a, b, measure, setting = key
        part = groups[key]
        title = f"{measure} {setting}, {part['pair'].iloc[0]}, by language of the query"
        yield _chart(data, f"differences-language-{number}", measure, part, [(a, b)], title)


def _chart(
    data: ReportData, name: str, measure: str, rows: pd.DataFrame, pairs: list[tuple[str, str]], title: str
) -> Markup:
    towards, printed = data.direction(measure), f"+{form(data, measure)}"
    (a, b), alone = pairs[0], len(pairs) == 1
    against_one = len({pair[1] for pair in pairs}) == 1
    first = data.labels[a] if alone else "other" if against_one else "first named"
    second = data.labels[b] if against_one else "second named"
    left, right = (f"{second} better", f"{first} better")[:: towards.sign]
    what = f"mean distance of {measure} from {towards.best:g}" if towards.has_target else measure
    spoken = "; ".join(
        f"{row.row} {row.value:{printed}}{between(row.low, row.high, printed)}"
        f"{'' if row.shown else ', not significant'}"
        for row in rows.itertuples()
    )
    return data.chart(
        name,
        forest(rows, f"difference of {what}", (left, right)),
        title,
        f"Left of 0 {left}, right of it {right}. {spoken}.",
    )


def _tests(data: ReportData) -> Markup:
    method = data.comparison.method
    several = max(method["runs"].values()) > 1
    return _table(
        data,
        data.comparison.tests,
        "Tests of significance",
        last=["d", "wins", "ties", "losses"],
        note=f"p of the {'test' if several else 'randomisation test'}, corrected by Holm over the {method['tests']} of "
        "this table, and p of the t-test, which is not corrected; d is Cohen's d_z; wins, ties and losses count "
        "questions on which a is better, equal and worse.",
    )


def _table(
    data: ReportData,
    frame: pd.DataFrame,
    caption: str,
    *,
    first: list[str] | None = None,
    last: list[str] | None = None,
    note: str = "",
) -> Markup:
    chances = {"p_holm": "p (Holm)", "p_t": "p (t-test)"}
    columns = [*(first or []), *_COLUMNS, *chances, *(last or [])]
    targets = any(data.direction(measure).has_target for measure in frame["measure"].unique())
    distances = " Where one value of a measure is best, differences are of mean distances from it." if targets else ""
    return data.table(
        frame.assign(a=frame["a"].map(data.labels), b=frame["b"].map(data.labels))[columns].rename(
            columns=chances | {"difference": "a − b"}
        ),
        caption,
        formats=dict.fromkeys(chances.values(), _chance) | {"d": ".2f"},
        row_headers=2 + len(first or []),
        note=f"a − b with its confidence interval.{distances} {note}".strip(),
    )


def _chance(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


SECTION = Section("differences", "Differences", 15, differences)
