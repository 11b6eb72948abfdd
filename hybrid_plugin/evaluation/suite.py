"""Several benchmarks to scores, with one loading of the encoder: a suite."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from datasets_ext.catalogue import COLLECTIONS
from datasets_ext.errors import CollectionError
from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.evaluation.asked import chosen
from hybrid_plugin.evaluation.bm25 import evaluate_bm25
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.evaluation.runs import evaluate_runs
from hybrid_plugin.evaluation.scores import Scores
from hybrid_plugin.evaluation.scoring import measures_of
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import StrPath, read_json, write_json
from hybrid_plugin.outputs import REQUEST, folder_is_done
from hybrid_plugin.retrieval.bm25 import K1, B
from hybrid_plugin.retrieval.runs.writer import DEFAULT_DEPTH
from hybrid_plugin.settings import flatten
from hybrid_plugin.tasks.benchmark import SETTINGS, Benchmark
from hybrid_plugin.tasks.listing import listed
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.reading import NotHere, no_downloads
from hybrid_plugin.tasks.suite import Suite, SuitePart
from hybrid_plugin.versions import versions

SUITE = "suite.json"  # by which the folder of a suite is known
REPORT = "report.html"  # beside it
Depth = int | Literal["all"] | None


@dataclass(frozen=True)
class Outcome:
    """What became of a benchmark of a suite.

    Parameters
    ----------
    name : of its folder.
    benchmark : as :func:`hybrid_plugin.tasks.load_benchmark` takes it.
    state : ``done``; ``missing``, its data is not here; ``failed``; ``left out``, it has nothing of what is asked for;
        or ``to do``.
    message : why it is not done.
    download : whether what is missing would be downloaded.
    command : that adds what is missing from files, where there is one.
    settings : its figures, setting -> measure -> value.
    """

    name: str
    benchmark: str
    state: str = "to do"
    message: str = ""
    download: bool = False
    command: str = ""
    settings: dict[str, dict[str, float]] = field(default_factory=dict)

    __repr__ = brief

    @property
    def measure(self) -> str | None:
        """The measure that stands for the others: AP if there is one, else the first, which is official."""
        names = [name for figures in self.settings.values() for name in figures]
        return "AP" if "AP" in names else next(iter(names), None)


@dataclass(frozen=True)
class SuiteScores:
    """What became of the benchmarks of a suite; their scores lie in ``folder``, a folder each.

    Parameters
    ----------
    suite : its name.
    """

    suite: str
    folder: Path
    outcomes: tuple[Outcome, ...]

    __repr__ = brief

    def of(self, state: str) -> list[Outcome]:
        """The benchmarks of which this became."""
        return [one for one in self.outcomes if one.state == state]

    def as_json(self) -> dict[str, Any]:
        """Its name, and what became of each benchmark."""
        return {"suite": self.suite, "benchmarks": [asdict(one) for one in self.outcomes]}

    @classmethod
    def load(cls, folder: StrPath) -> SuiteScores:
        """Read what :func:`evaluate_suite` recorded.

        Raises
        ------
        UserError
            The folder is not that of a suite.
        """
        path = Path(folder, SUITE)
        if not path.is_file():
            raise UserError(f"{folder} is no folder of a suite: it has no {SUITE}")
        found = read_json(path)
        return cls(found["suite"], Path(folder), tuple(Outcome(**one) for one in found["benchmarks"]))


@dataclass(frozen=True)
class Planned:
    """A benchmark of a suite, and what of it is scored.

    Parameters
    ----------
    asked : None where it has nothing of what is asked for.
    """

    part: SuitePart
    benchmark: Benchmark
    asked: EvaluationSettings | None

    __repr__ = brief


def plan_suite(suite: Suite, asked: EvaluationSettings | None = None) -> list[Planned]:
    """What of each benchmark is scored; reads no collection.

    Parameters
    ----------
    asked : settings, languages and measures in the place of the suite's, for each benchmark those that it has.

    Raises
    ------
    UserError
        A benchmark, setting, language, task or measure is unknown; names the suite and the benchmark.
    """
    asked = asked or EvaluationSettings()
    if asked.tasks:
        raise UserError("each benchmark has its own tasks: choose them in a suite of your own, a YAML file")
    found = [_planned(suite, part, asked) for part in suite.parts]
    languages = {name for one in found for name in _languages(one.benchmark)}
    for lang in asked.languages:
        if lang not in languages:
            raise UserError(f"no benchmark of the suite '{suite.name}' has the language '{lang}'"
                            f"{did_you_mean(lang, sorted(languages))}")  # fmt: skip
    if all(one.asked is None for one in found):
        raise UserError(f"no benchmark of the suite '{suite.name}' has anything of what is asked for")
    return found


def _planned(suite: Suite, part: SuitePart, asked: EvaluationSettings) -> Planned:
    try:
        benchmark = load_benchmark(part.benchmark)
        own = EvaluationSettings(part.languages, part.settings, part.tasks, part.measures)
        narrowed = chosen(benchmark, own)
        for setting in asked.settings:
            if setting not in SETTINGS:
                chosen(narrowed, EvaluationSettings(settings=(setting,)))  # says which there are
        settings = tuple(one for one in asked.settings if one in narrowed.settings)
        languages = tuple(one for one in asked.languages if one in _languages(narrowed))
        nothing = (asked.settings and not settings) or (asked.languages and not languages)
        if nothing:
            return Planned(part, benchmark, None)
        final = replace(
            own,
            settings=settings or own.settings,
            languages=languages or own.languages,
            measures=asked.measures or own.measures,
        )
        measures_of(chosen(benchmark, final), final)  # complain before the minutes that the others take
        return Planned(part, benchmark, final)
    except UserError as error:
        raise UserError(f"the suite {suite.called}, benchmark '{part.name}': {error}") from None


def _languages(benchmark: Benchmark) -> tuple[str, ...]:
    return (*benchmark.languages, *benchmark.language_groups)


def evaluate_suite(
    suite: Suite,
    system: Encoder | StrPath,
    output: StrPath,
    asked: EvaluationSettings | None = None,
    *,
    depth: Depth = None,
    runs: bool = False,
    vectors: StrPath | None = None,
    download: bool = False,
    progress: bool = False,
    overwrite: bool = False,
    **changes: Any,
) -> SuiteScores:
    """Score a system on the benchmarks of a suite, one after the other.

    Each gets a folder as :func:`evaluate` writes it, and ``suite.json`` says what became of it. One whose data is not
    here, and one that fails, is recorded as such, and the others are scored. The same call goes on where it was
    stopped, and scores what has come since.

    Parameters
    ----------
    system : an encoder; a folder that has the run files of each benchmark in a folder of its name; or ``bm25``.
    output : gets a folder a benchmark, and ``suite.json``.
    asked, changes : settings, languages and measures in the place of the suite's, for each benchmark those that it
        has; ``changes`` are fields of :class:`~hybrid_plugin.evaluation.EvaluationSettings` by name.
    depth : documents a query in scores and run files, in the place of the suite's; by default all, and 1000 in run
        files and of BM25.
    runs : also write a run file a task.
    vectors : a folder that has the encoder's vectors of each benchmark in a folder of its name, see
        :func:`stored_vectors`; nothing is encoded.
    download : let ir_datasets download what is not here, of any size.
    overwrite : replace scores of other settings or of another system.

    Raises
    ------
    UserError
        A benchmark or something asked of it is unknown, or the output holds another suite or another system's scores.

    Examples
    --------
    >>> found = evaluate_suite(load_suite("paper"), Encoder.load("out"), "scores")   # doctest: +SKIP
    >>> found.of("missing")                                                          # doctest: +SKIP
    """
    from tqdm.auto import tqdm

    output = Path(output)
    system = system if isinstance(system, Encoder) or system == "bm25" else Path(system)
    asked = replace(asked or EvaluationSettings(), **changes)
    planned = plan_suite(suite, asked)
    request = {"suite": suite.name, **_identity(system), **flatten(asked), "depth": depth, "runs": runs}
    begun = folder_is_done(output, SUITE, request, overwrite, [one.part.name for one in planned])
    before = {one.name: one for one in SuiteScores.load(output).outcomes} if begun else {}
    vectors = None if vectors is None else Path(vectors)
    place = system if isinstance(system, Path) else vectors
    fresh = [Outcome(one.part.name, one.part.benchmark) for one in planned]
    found = {one.name: before.get(one.name, one) for one in fresh}

    def record() -> SuiteScores:
        scores = SuiteScores(suite.name, output, tuple(found.values()))
        write_json(output / SUITE, scores.as_json() | {"versions": versions(), REQUEST: request})
        return scores

    def score(one: Planned) -> Scores:
        """The scores of one benchmark, in its folder."""
        given = depth or one.part.depth
        limit = given if isinstance(given, int) else None
        written = DEFAULT_DEPTH if given is None else limit
        folder = output / one.part.name
        if isinstance(system, Encoder):
            return evaluate(
                one.benchmark, system, folder, one.asked, depth=limit, runs=runs, runs_depth=written,
                vectors=vectors and vectors / one.part.name, progress=progress, overwrite=overwrite,
            )  # fmt: skip
        if system == "bm25":
            return evaluate_bm25(one.benchmark, folder, one.asked, depth=written, runs=runs, overwrite=overwrite)
        source = Path(system, one.part.name)
        return evaluate_runs(one.benchmark, source, folder, one.asked, depth=limit, overwrite=overwrite)

    record()
    with tqdm(planned, desc="suite", unit="benchmark", disable=not progress) as bar:
        for one in bar:
            bar.set_postfix_str(one.part.name)
            found[one.part.name] = _outcome(one, score, place, download)
            record()
    return record()


def _identity(system: Encoder | StrPath) -> dict[str, Any]:
    """What tells a system from others, for the request."""
    if isinstance(system, Encoder):
        return {"encoder": system.identity}
    return {"bm25": {"k1": K1, "b": B}} if system == "bm25" else {"run files": True}


def _outcome(one: Planned, score: Callable[[Planned], Scores], place: Path | None, download: bool) -> Outcome:
    """Score a benchmark, and tell what became of it.

    Parameters
    ----------
    place : that has a folder of its run files or vectors, if it is scored from such.
    """
    to_do = Outcome(one.part.name, one.part.benchmark)
    if one.asked is None:
        return replace(to_do, state="left out", message="it has nothing of what is asked for")
    if place is not None and not (place / one.part.name).is_dir():
        said = f"there is no folder {place / one.part.name} with its run files or vectors"
        return replace(to_do, state="missing", message=said)
    try:
        with nullcontext() if download else no_downloads():
            scores = score(one)
    except Exception as error:  # of any library; the other benchmarks are scored all the same
        users = isinstance(error, (UserError, CollectionError))
        message = str(error) if users else f"{type(error).__name__}: {error}"
        refusal = _refusal(error)
        here = refusal is None and listed(chosen(one.benchmark, one.asked)).here
        if refusal is None and (not users or here not in ("no", "partly")):
            return replace(to_do, state="failed", message=message)
        name = one.benchmark.name
        return replace(
            to_do,
            state="missing",
            message=str(refusal or message),
            download=refusal is not None,
            command=f"hybrid-ir datasets add {name} FOLDER" if name in COLLECTIONS else "",
        )
    return replace(to_do, state="done", settings=scores.settings)


def _refusal(error: BaseException | None) -> NotHere | None:
    """What would have had to be downloaded, if an error is about that."""
    while error is not None and not isinstance(error, NotHere):
        error = error.__cause__ or error.__context__
    return error
