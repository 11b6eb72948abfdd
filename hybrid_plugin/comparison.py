"""Evaluations of several systems on one benchmark, compared: what differs, by how much, and what chance explains."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import combinations, groupby, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hybrid_plugin.benchmarks import SETTINGS
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import PER_QUERY, SCORES, Scores
from hybrid_plugin.files import read_json, whole_folder, write_json
from hybrid_plugin.measures import higher_is_better, parse_measures
from hybrid_plugin.significance import bootstrap, effect_size, holm, randomization_test, shares, t_test

COMPARISON = "comparison.json"
TABLE = "table.tex"
DEFAULT_MEASURES = ("AP", "RankDistance")
FRAMES = ("figures", "tests", "by_language", "by_training", "published")

_QUERY = ["setting", "docs", "queries", "query_id"]
_TEST = ["a", "b", "setting", "measure", "value_a", "value_b", "difference", "low", "high", "p_randomization"]
_BY_TRAINING = ["trained_on", "part", "languages", "system", "setting", "measure", "value", "low", "high"]
_SOURCE = ["citation", "note"]
_IN_WORDS = {"mono": "monolingual", "cross": "cross-lingual", "multi": "multilingual"}


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; every frame is tidy, one row a figure or a test.

    Parameters
    ----------
    benchmark : what all systems were scored on.
    systems : a name each, in the order given; the first is the baseline.
    about : system -> the head of its ``scores.json``.
    figures : ``system``, ``setting``, ``measure``, ``value`` (the macro average of ``scores.json``), ``low``, ``high``,
        ``runs``, and ``spread``, the standard deviation over these.
    tests : ``a``, ``b``, ``setting``, ``measure``, ``value_a``, ``value_b`` (over the queries for which both have a
        value), ``difference`` (of a minus b), ``low``, ``high``, ``p_randomization``, ``p_t``,
        ``p_holm_randomization``, ``p_holm_t``, ``d`` (Cohen's d_z), ``wins``, ``ties``, ``losses`` (questions on which
        a is better, equal, worse), ``winner`` (by ``p_holm_randomization``; empty where no difference is shown), and
        ``languages_ahead``, ``languages_tied``, ``languages_behind``: the query languages in which the figure of a is
        better, equal, worse.
    by_language : the columns of ``tests`` up to ``winner`` for the queries of one ``language``.
    by_training : ``trained_on`` (languages), ``part`` (seen or unseen), ``languages``, ``system``, ``setting``,
        ``measure``, ``value``, ``low``, ``high``: figures over the query languages that a system was trained on, and
        over the others; a row for every system, so that the trained one has something to stand beside.
    published : as :func:`published_figures` gives it; empty unless asked for.
    verdict : sentences to quote.
    method : how the tests were made.
    """

    benchmark: str
    systems: tuple[str, ...]
    about: dict[str, dict[str, Any]]
    figures: pd.DataFrame
    tests: pd.DataFrame
    by_language: pd.DataFrame
    by_training: pd.DataFrame
    published: pd.DataFrame
    verdict: tuple[str, ...]
    method: dict[str, Any]

    def contaminated(self, system: str) -> bool:
        """Whether the system was trained on the benchmark, so that its figures are not zero-shot."""
        return self.about[system].get("zero_shot") is False

    def label(self, system: str) -> str:
        """The system's name, marked where it was trained on the benchmark."""
        return f"{system} (trained on {self.benchmark}, not zero-shot)" if self.contaminated(system) else system

    def number(self, measure: str, value: float, sign: str = "") -> str:
        """A value of a measure as tables print it: four digits, or one where the measure goes beyond 1."""
        large = self.figures.loc[self.figures.measure == measure, "value"].abs().max() > 1
        return f"{value:{sign}.{1 if large else 4}f}"

    def level(self) -> str:
        """What the intervals cover, such as 95%."""
        return f"{100 * (1 - self.method['alpha']):g}%"

    def columns(self) -> list[tuple[str, str]]:
        """The settings and measures that tell systems apart, in the order of the figures: those that are tested, or of
        one system alone those that vary."""
        rows = self.tests if len(self.systems) > 1 else self.figures[self.figures.low < self.figures.high]
        tested = set(zip(rows.setting, rows.measure, strict=True))
        return [
            key for key in dict.fromkeys(zip(self.figures.setting, self.figures.measure, strict=True)) if key in tested
        ]

    def sources(self) -> list[str]:
        """Where the published figures come from, each with what to know of it."""
        return [f"{citation} ({note})" for citation, note in self.published[_SOURCE].drop_duplicates().to_numpy()]

    def as_json(self) -> dict[str, Any]:
        """The contents of ``comparison.json``."""
        frames = {name: _records(getattr(self, name)) for name in FRAMES}
        return {
            "benchmark": self.benchmark, "systems": list(self.systems), "verdict": list(self.verdict),
            "method": self.method, **frames, "about": self.about,
        }  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write ``comparison.json``, each frame that has rows as a CSV file, and ``table.tex``, all or nothing.

        Raises
        ------
        UserError
            The folder holds something that is not a comparison.
        """
        with whole_folder(folder, COMPARISON) as staging:
            for name in FRAMES:
                frame = getattr(self, name)
                if len(frame):
                    frame.to_csv(staging / f"{name}.csv", index=False)
            (staging / TABLE).write_text(latex(self), encoding="utf-8")
            write_json(staging / COMPARISON, self.as_json())


def published_figures(benchmark: str, measures: Sequence[str] = DEFAULT_MEASURES) -> pd.DataFrame:
    """Figures that were published for other models on a benchmark; there are no per-query values of them.

    Returns
    -------
    ``system``, ``setting``, ``measure``, ``value``, ``digits`` (as printed there), ``citation`` and ``note``; no
    rows where none are known.
    """
    record = json.loads(files("hybrid_plugin").joinpath("etc", "published.json").read_text(encoding="utf-8"))
    rows = [
        (f"{system} ({source['label']})", setting, measure, value, source["digits"][measure], *map(source.get, _SOURCE))
        for source in record["sources"]
        for system, by_setting in source["figures"].get(benchmark, {}).items()
        for setting, figures in by_setting.items()
        for measure, value in figures.items()
        if measure in measures
    ]
    return pd.DataFrame(rows, columns=["system", "setting", "measure", "value", "digits", *_SOURCE])


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict(orient="records")


def compare(
    folders: Sequence[Path] | Mapping[str, Sequence[Path]],
    *,
    measures: Sequence[str] = DEFAULT_MEASURES,
    all_pairs: bool = False,
    published: bool = False,
    seed: int = 0,
    resamples: int = 100_000,
    bootstraps: int = 5_000,
    alpha: float = 0.05,
) -> Comparison:
    """Compare evaluations of one benchmark.

    The unit of every test is the question, over all the languages that ask it (:mod:`hybrid_plugin.significance`).
    Systems are compared in the settings that both were scored in. A measure that has one value everywhere in a
    setting, as RankDistance has within one language, is not tested there; a query on which a measure is not defined
    for one of two systems is left out of their test. The verdict says of how many, and where rankings differ in depth.

    Parameters
    ----------
    folders : evaluation folders, as :func:`hybrid_plugin.evaluate` writes them; the first is the baseline. One alone
        gets its figures with intervals, and no tests. Or the folders of each system by its name: where they are
        several runs of one system, such as seeds, the system's value for a query is the mean of theirs. The intervals
        and tests are then about these runs on other questions; what other runs would give, ``spread`` hints at.
    all_pairs : test every two systems, not only each with the baseline.
    published : also give the figures published for other models, see :func:`published_figures`.
    resamples : sign flips of the randomisation tests.
    bootstraps : samples of the bootstrap intervals.
    alpha : level of significance, after Holm's correction over all rows of ``tests`` (and, apart, of ``by_language``);
        intervals cover 1 - alpha.

    Raises
    ------
    UserError
        A folder is no evaluation, is damaged or was given twice, or two of them differ in benchmark or queries; names
        the folder.

    Examples
    --------
    >>> compare([Path("scores-untouched"), Path("scores-hybrid")]).verdict        # doctest: +SKIP
    """
    if not 0 < alpha < 1:
        raise UserError(f"alpha is {alpha}; a level of significance is above 0 and below 1")
    better = {str(measure): higher_is_better(measure) for measure in parse_measures(list(measures))}
    _check_distinct([one for some in folders.values() for one in some] if isinstance(folders, Mapping) else folders)
    grouped = folders if isinstance(folders, Mapping) else {name: [one] for name, one in _named(folders).items()}
    runs = {name: [_Run.load(one, list(better)) for one in some] for name, some in grouped.items()}
    _check_alike([run for some in runs.values() for run in some])
    systems = [_System.of(name, some, list(better)) for name, some in runs.items()]
    names = tuple(system.name for system in systems)
    chosen = [(a, b) for b, a in combinations(names, 2) if all_pairs or b == names[0]]
    questions = pd.Index(sorted(set().union(*(system.per_query["question"].unique() for system in systems))))
    trained = dict.fromkeys(langs for s in systems if (langs := tuple(s.about.get("languages_trained_on") or ())))
    figures: list[dict[str, Any]] = []
    by_training: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    by_language: list[dict[str, Any]] = []
    undefined: list[dict[str, Any]] = []
    for setting, measure in product(dict.fromkeys([*SETTINGS, *(s for one in systems for s in one.settings)]), better):
        frames = {s.name: s.values(setting, measure, questions) for s in systems if setting in s.settings}
        values = [frame.to_numpy() for frame in frames.values()]
        defined = [~np.isnan(value) for value in values]
        for name, own in zip(frames, defined, strict=True):
            lacking = int((np.any(defined, axis=0) & ~own).sum())
            if lacking:
                undefined.append({"system": name, "setting": setting, "measure": measure, "queries": lacking})
        distinct = set().union(*(np.unique(value[~np.isnan(value)]) for value in values))
        if not distinct:  # the measure is not defined here
            continue
        drawn = bootstrap(values, bootstraps, seed)
        cells = {name: _Cell(v, d, alpha) for name, v, d in zip(frames, values, drawn, strict=True)}
        asked = next(iter(frames.values())).columns.get_level_values("queries")
        what = {"setting": setting, "measure": measure}
        spread = {system.name: system.spread(setting, measure) for system in systems if system.name in cells}
        figures += [{"system": name, **what} | cell.figure() | spread[name] for name, cell in cells.items()]
        for langs, seen in product(trained, (True, False)):
            part = asked.isin(langs) == seen
            if part.any():
                key = {"trained_on": " ".join(langs), "part": "seen" if seen else "unseen"}
                key["languages"] = " ".join(sorted(set(asked[part])))
                by_training += [{**key, "system": n, **what} | cell.of(part).figure() for n, cell in cells.items()]
        for a, b in chosen if len(distinct) > 1 else ():
            if a in cells and b in cells:
                key = {"a": a, "b": b, **what}
                mine, theirs = _alike(cells[a], cells[b], bootstraps, seed)
                tests.append(key | mine.against(theirs))
                for lang in sorted(set(asked)):
                    one = asked == lang
                    by_language.append({"language": lang, **key} | mine.of(one).against(theirs.of(one)))
    tests, by_language = ([row for row in rows if not np.isnan(row["difference"])] for rows in (tests, by_language))
    if chosen and not tests:
        raise UserError(f"no setting of {' and '.join(names)} has values of {', '.join(better)} to compare")
    if len(tests) / (1 + resamples) > alpha:
        raise UserError(
            f"{resamples} sign flips cannot show a difference at {alpha:g} in {len(tests)} tests; "
            f"{math.ceil(len(tests) / alpha)} or more can"
        )
    rows = [*tests, *by_language]
    if rows:
        chances = randomization_test(np.column_stack([row["shares"] for row in rows]), resamples, seed)
        for row, p in zip(rows, chances, strict=True):
            row["p_randomization"] = p
    languages = _judge(by_language, chosen, better, alpha)
    found = Comparison(
        benchmark=systems[0].about["benchmark"],
        systems=names,
        about={system.name: system.about for system in systems},
        figures=pd.DataFrame(figures).dropna(subset="value", ignore_index=True),
        tests=_with_languages(_judge(tests, chosen, better, alpha), languages, better),
        by_language=languages,
        by_training=pd.DataFrame(by_training, columns=_BY_TRAINING).dropna(subset="value", ignore_index=True),
        published=published_figures(systems[0].about["benchmark"] if published else "", list(better)),
        verdict=(),
        method={
            "unit": "question", "questions": len(questions), "tests": len(tests), "correction": "Holm", "alpha": alpha,
            "randomization_resamples": resamples, "bootstrap_resamples": bootstraps, "seed": seed,
            "effect_size": "Cohen's d_z", "higher_is_better": better, "undefined": undefined,
        },
    )  # fmt: skip
    return replace(found, verdict=tuple(_verdict(found)))


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    """Different folders by the shortest ends of their paths that tell them apart, without an end common to all."""
    paths = [Path(os.path.abspath(folder)).parts for folder in folders]
    while len(folders) > 1 and len({path[-1] for path in paths}) == 1:
        paths = [path[:-1] for path in paths]
    names: dict[str, Path] = {}
    length = 0
    while len(names) < len(folders):
        length += 1
        names = {"/".join(path[-length:]): folder for path, folder in zip(paths, folders, strict=True)}
    return names


def _check_distinct(folders: Sequence[Path]) -> None:
    places = [folder.resolve() for folder in folders]
    twice = next((folder for i, folder in enumerate(folders) if places[i] in places[:i]), None)
    if twice is not None:
        raise UserError(f"{twice} is given twice; a comparison takes different evaluation folders")


@dataclass(frozen=True)
class _Run:
    """An evaluation folder as it was read: ``per_query`` with the column ``question``, the unit of the tests."""

    folder: Path
    about: dict[str, Any]
    figures: dict[str, dict[str, float]]  # setting -> measure -> macro average
    per_query: pd.DataFrame

    @classmethod
    def load(cls, folder: Path, measures: list[str]) -> _Run:
        if not (folder / SCORES).is_file():
            raise UserError(f"{folder} has no {SCORES}, so it is no folder that hybrid-ir evaluate wrote")
        about = read_json(folder / SCORES)
        if not (isinstance(about, dict) and isinstance(about.get("benchmark"), str) and _figures_of(about)):
            raise UserError(f"{folder / SCORES} lacks its benchmark or its figures; evaluate again")
        path = folder / PER_QUERY
        if not path.is_file():
            raise UserError(f"{folder} has no {PER_QUERY}; evaluate again")
        try:
            frame = pd.read_parquet(path)
        except (OSError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or "it is no whole Parquet file"
            raise UserError(f"{path} cannot be read: {reason}; evaluate again") from error
        missing = next((column for column in (*_QUERY, *measures) if column not in frame), None)
        if missing is not None:
            raise UserError(f"{path} has no column '{missing}'; it has: {', '.join(map(str, frame.columns))}")
        if frame[_QUERY].isna().any(axis=None):
            raise UserError(f"{path} has a row without setting, languages or query id")
        frame = frame.astype(dict.fromkeys(_QUERY, str))
        twice = frame.duplicated(_QUERY)
        if twice.any():
            raise UserError(f"{path} has two rows of {_row(frame[twice].iloc[0])}")
        for measure in measures:
            if not pd.api.types.is_numeric_dtype(frame[measure]) or np.isinf(frame[measure]).any():
                raise UserError(f"{path} holds a value of {measure} that is not a finite number")
        figures = Scores(frame, tuple(measures)).settings
        _check_figures(figures, _figures_of(about), measures, path)
        suffixed = [*zip(frame["query_id"].tolist(), ("_" + frame["queries"]).tolist(), strict=True)]
        if all(query_id.endswith(suffix) for query_id, suffix in suffixed):
            frame["question"] = [query_id.removesuffix(suffix) for query_id, suffix in suffixed]
        else:  # a benchmark with ids of its own: a query is a question
            frame["question"] = frame["query_id"]
        head = {key: value for key, value in about.items() if key not in ("settings", "queries_undefined", "pairs")}
        return cls(folder, head, figures, frame)


@dataclass(frozen=True)
class _System:
    """One run, or the mean of several."""

    name: str
    runs: Sequence[_Run]
    about: dict[str, Any]
    per_query: pd.DataFrame

    @classmethod
    def of(cls, name: str, runs: Sequence[_Run], measures: list[str]) -> _System:
        first = runs[0]
        if len(runs) == 1:
            return cls(name, runs, first.about, first.per_query)
        for key, run in product(("zero_shot", "languages_trained_on", "depth"), runs):
            if run.about.get(key) != first.about.get(key):
                raise UserError(
                    f"{first.folder} and {run.folder} differ in {key.replace('_', ' ')}, so they are not runs of one "
                    f"system, '{name}'"
                )
        rows = pd.concat([run.per_query for run in runs])
        mean = rows.groupby([*_QUERY, "question"], as_index=False, sort=False)[measures].mean()
        return cls(name, runs, first.about | {"runs": [str(run.folder) for run in runs]}, mean)

    def spread(self, setting: str, measure: str) -> dict[str, float]:
        """How many runs there are, and the standard deviation of their figures, NaN for one."""
        figures = pd.Series([run.figures[setting][measure] for run in self.runs], dtype=float)
        return {"runs": len(self.runs), "spread": float(figures.std())}

    @property
    def settings(self) -> list[str]:
        return list(self.per_query["setting"].unique())

    def values(self, setting: str, measure: str, questions: pd.Index) -> pd.DataFrame:
        """Values by question (rows) and pair of languages (columns), sorted, NaN where a pair lacks the question."""
        rows = self.per_query[self.per_query["setting"] == setting]
        return (
            rows.pivot(index="question", columns=["docs", "queries"], values=measure)
            .sort_index(axis=1)
            .reindex(questions)
        )


def _figures_of(about: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    figures = about.get("settings")
    return figures if isinstance(figures, dict) and all(isinstance(f, dict) for f in figures.values()) else {}


def _row(row: Any) -> str:
    return f"query '{row.query_id}' on {row.docs}/{row.queries} ({row.setting})"


def _check_figures(
    found: dict[str, dict[str, float]], written: dict[str, dict[str, Any]], measures: list[str], path: Path
) -> None:
    """Raise if the rows do not give the figures of ``scores.json``: a part of the folder is missing or of another."""
    for setting, measure in product(dict.fromkeys([*written, *found]), measures):
        if setting not in found:
            raise UserError(f"{path} has no rows of the setting '{setting}', of which {SCORES} has figures")
        value, said = (figures.get(setting, {}).get(measure) for figures in (found, written))
        ours, theirs = (x if isinstance(x, (int, float)) else np.nan for x in (value, said))
        if not np.isclose(ours, theirs, rtol=1e-9, atol=1e-9, equal_nan=True):
            raise UserError(f"{path} gives {measure} {value} in the setting '{setting}', but {SCORES} says {said}")


def _check_alike(runs: Sequence[_Run]) -> None:
    """Raise unless all were scored on one benchmark and, in each setting, on the same queries."""
    first = runs[0]
    for other in runs[1:]:
        if other.about["benchmark"] != first.about["benchmark"]:
            raise UserError(
                f"{first.folder} is an evaluation of {first.about['benchmark']}, {other.folder} one of "
                f"{other.about['benchmark']}; a comparison takes one benchmark"
            )
    known: dict[str, _Run] = {}
    for run in runs:
        for setting, rows in run.per_query.groupby("setting"):
            other = known.setdefault(str(setting), run)
            theirs = other.per_query[other.per_query["setting"] == setting]
            if other is run:
                continue
            both = theirs[_QUERY].merge(rows[_QUERY], how="outer", indicator=True)
            odd = both[both["_merge"] != "both"]
            if len(odd):
                has, lacks = (other, run) if odd["_merge"].iloc[0] == "left_only" else (run, other)
                raise UserError(f"{lacks.folder} lacks {_row(odd.iloc[0])}, which {has.folder} has")


def _mean(values: np.ndarray, axis: int | None = None) -> Any:
    """The mean of what is not NaN; NaN where there is nothing."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis) / np.sum(~np.isnan(values), axis)


@dataclass(frozen=True)
class _Cell:
    """One measure of one system in one setting."""

    values: np.ndarray  # [questions, pairs]
    drawn: np.ndarray  # bootstrap means [samples, pairs]
    alpha: float

    def of(self, pairs: np.ndarray) -> _Cell:
        return _Cell(self.values[:, pairs], self.drawn[:, pairs], self.alpha)

    def figure(self) -> dict[str, float]:
        return {"value": float(_mean(_mean(self.values, 0)))} | self._interval(_mean(self.drawn, 1))

    def against(self, other: _Cell) -> dict[str, Any]:
        mine, theirs = self.figure()["value"], other.figure()["value"]
        return {
            "value_a": mine,
            "value_b": theirs,
            "difference": mine - theirs,
            **self._interval(_mean(self.drawn, 1) - _mean(other.drawn, 1)),
            "shares": shares(self.values) - shares(other.values),
        }

    def _interval(self, samples: np.ndarray) -> dict[str, float]:
        known = samples[~np.isnan(samples)]
        low, high = np.quantile(known, [self.alpha / 2, 1 - self.alpha / 2]) if known.size else (np.nan, np.nan)
        return {"low": float(low), "high": float(high)}


def _alike(a: _Cell, b: _Cell, bootstraps: int, seed: int) -> tuple[_Cell, _Cell]:
    """Two systems on the queries for which both have a value."""
    asked = ~np.isnan(a.values), ~np.isnan(b.values)
    if np.array_equal(*asked):
        return a, b
    values = [np.where(asked[0] & asked[1], cell.values, np.nan) for cell in (a, b)]
    mine, theirs = bootstrap(values, bootstraps, seed)
    return _Cell(values[0], mine, a.alpha), _Cell(values[1], theirs, b.alpha)


def _judge(
    rows: list[dict[str, Any]], chosen: list[tuple[str, str]], better: Mapping[str, bool], alpha: float
) -> pd.DataFrame:
    """Rows of differences as one family of tests, sorted by the systems compared."""
    rows.sort(key=lambda row: chosen.index((row["a"], row["b"])))
    differences = [row.pop("shares") for row in rows]
    result = pd.DataFrame(rows, columns=None if rows else _TEST)
    differences = [column[~np.isnan(column)] for column in differences]
    result["p_t"] = [t_test(column) for column in differences]
    for kind in ("randomization", "t"):
        result[f"p_holm_{kind}"] = holm(result[f"p_{kind}"].to_numpy())
    result["d"] = [effect_size(column) for column in differences]
    direction = np.array([1 if better[measure] else -1 for measure in result["measure"]])
    gains = [sign * _sign(column) for sign, column in zip(direction, differences, strict=True)]
    for name, sign in (("wins", 1), ("ties", 0), ("losses", -1)):
        result[name] = [int((gain == sign).sum()) for gain in gains]
    a_is_better = direction * result["difference"] > 0
    shown = result["p_holm_randomization"] <= alpha
    result["winner"] = np.where(shown, np.where(a_is_better, result["a"], result["b"]), "")
    return result


def _sign(differences: Any) -> Any:
    """1, 0 or -1, where 0 is also what differs by rounding alone."""
    return np.sign(np.round(differences, 9))


def _with_languages(tests: pd.DataFrame, by_language: pd.DataFrame, better: Mapping[str, bool]) -> pd.DataFrame:
    """Tests with the number of query languages in which a is ahead, tied and behind."""
    gain = _sign(by_language["difference"]) * by_language["measure"].map({m: 1 if b else -1 for m, b in better.items()})
    key = ["a", "b", "setting", "measure"]
    counts = by_language[key].assign(
        languages_ahead=gain > 0, languages_tied=gain == 0, languages_behind=gain < 0
    ).groupby(key).sum()  # fmt: skip
    return tests.join(counts, on=key)


def _verdict(found: Comparison) -> Iterator[str]:
    """A sentence a test, then what a reader must know to read them."""
    number = found.method["tests"]
    family = f"after Holm over {number} test{'s' if number > 1 else ''}"
    for test in found.tests.itertuples():
        swap = test.winner == test.b
        sign = -1 if swap else 1
        low, high = sorted((sign * test.low, sign * test.high))
        difference, low_text, high_text = (
            found.number(test.measure, value, sign=plus)
            for value, plus in ((sign * test.difference, "+"), (low, ""), (high, ""))
        )
        p = "p < 0.001" if test.p_holm_randomization < 0.001 else f"p = {test.p_holm_randomization:.3f}"
        figures = f"{test.measure} {difference}, {found.level()} CI {low_text} to {high_text}, {p} {family}"
        if not np.isnan(test.d):
            figures += f", d = {sign * test.d:.2f}"
        if not found.method["higher_is_better"][test.measure]:
            figures += "; lower is better"
        if found.about[test.a].get("depth") != found.about[test.b].get("depth"):
            figures += "; at different depths"
        a, b = map(found.label, (test.b, test.a) if swap else (test.a, test.b))
        where = f"in the {_IN_WORDS.get(test.setting, test.setting)} setting"
        if test.winner:
            yield f"{a} beats {b} {where} ({figures})."
        else:
            yield f"No difference shown between {a} and {b} {where} ({figures})."
    depths: dict[int | None, list[str]] = {}
    for system, about in found.about.items():
        depths.setdefault(about.get("depth"), []).append(system)
    if len(depths) > 1:
        parts = (
            f"{', '.join(systems)} on {f'rankings of {depth} documents' if depth else 'full rankings'}"
            for depth, systems in depths.items()
        )
        yield f"The figures are of different depths, and cut rankings lower AP and RankDistance: {'; '.join(parts)}."
    tested = set(zip(found.tests["setting"], found.tests["measure"], strict=True))
    for gap in found.method["undefined"]:
        if (gap["setting"], gap["measure"]) in tested:
            queries = f"{gap['queries']} queries of {gap['system']}"
            where = f"in the {_IN_WORDS.get(gap['setting'], gap['setting'])} setting"
            yield f"{gap['measure']} has no value for {queries} {where}; the tests leave these out."
    several = found.figures.groupby("system", sort=False)["runs"].first()
    for system, count in several[several > 1].items():
        yield f"{system} is the mean of {count} runs; intervals and tests are over questions, not over further runs."
    for system, about in found.about.items():
        if about.get("zero_shot") is None:
            yield f"What {system} was trained on is not recorded, so whether it is zero-shot is not known."
    if len(found.published):
        yield "Published figures are not tested: no values per query were published."


def latex(found: Comparison) -> str:
    """The figures as a LaTeX table for papers; it wants the package booktabs."""
    columns = found.columns()
    better = found.method["higher_is_better"]
    baseline = found.systems[0]
    shown = found.tests[(found.tests["b"] == baseline) & (found.tests["winner"] != "")]
    differs = set(zip(shown["a"], shown["setting"], shown["measure"], strict=True))
    values = found.figures.groupby(["setting", "measure"])["value"]
    best = {key: column.max() if better[key[1]] else column.min() for key, column in values}
    cells: dict[str, dict[tuple[str, str], str]] = {system: {} for system in found.systems}
    for row in found.figures.itertuples():
        key, text = (row.setting, row.measure), found.number(row.measure, row.value)
        text = rf"\textbf{{{text}}}" if np.isclose(row.value, best[key]) else text
        cells[row.system][key] = text + (r"\rlap{$^\dagger$}" if (row.system, *key) in differs else "")
    quoted: dict[str, dict[tuple[str, str], str]] = {}
    for row in found.published.itertuples():
        quoted.setdefault(row.system, {})[row.setting, row.measure] = f"{row.value:.{row.digits}f}"
    lower = ", ".join(dict.fromkeys(measure for _, measure in columns if not better[measure]))
    caption = [
        f"Macro averages on {found.benchmark}.",
        "Bold: best of the systems compared.",
        *([f"Lower is better: {lower}."] if lower else []),
        f"@dagger: differs from {baseline} (paired randomisation test over {found.method['questions']} questions, "
        f"p at most {found.method['alpha']:g} after Holm's correction over {found.method['tests']} tests).",
        *(["@ast: trained on the benchmark, not zero-shot."] if any(map(found.contaminated, found.systems)) else []),
        *([f"Below the line: as published, not tested. {' '.join(found.sources())}"] if quoted else []),
    ]
    marks = {"@dagger": r"$^\dagger$", "@ast": r"$^\ast$"}
    text = _escape(" ".join(caption))
    for mark, symbol in marks.items():
        text = text.replace(mark, symbol)

    def lines(rows: Mapping[str, Mapping[tuple[str, str], str]]) -> Iterator[str]:
        for system, row in rows.items():
            mark = marks["@ast"] if system in found.systems and found.contaminated(system) else ""
            yield " & ".join([_escape(system) + mark, *(row.get(column, "--") for column in columns)]) + r" \\"

    heads, rules, last = [], [], 1
    for setting, several in groupby(columns, key=lambda column: column[0]):
        first, last = last + 1, last + len(list(several))
        heads.append(rf"\multicolumn{{{last - first + 1}}}{{c}}{{{_escape(setting)}}}")
        rules.append(rf"\cmidrule(lr){{{first}-{last}}}")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\small",
            rf"\caption{{{text}}}",
            rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
            r"\toprule",
            " & ".join(["", *heads]) + r" \\",
            "".join(rules),
            " & ".join(["system", *(_escape(measure) for _, measure in columns)]) + r" \\",
            r"\midrule",
            *lines(cells),
            *([r"\midrule", *lines(quoted)] if quoted else []),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


_LATEX = {ord(letter): rf"\{letter}" for letter in "&%$#_{}"} | {
    ord("\\"): r"\textbackslash{}", ord("~"): r"\textasciitilde{}", ord("^"): r"\textasciicircum{}",
}  # fmt: skip


def _escape(text: str) -> str:
    return text.translate(_LATEX)
