"""From rankings to verdicts: suites, evaluate, compare, report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, ArgumentCollection, Group, Parameter

from hybrid_plugin import encoding, evaluation, inference, retrieval, tasks
from hybrid_plugin import report as reporting
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import Json, Output, Overwrite, flat, watched
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import PartlyDone, UserError
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import SCORES, read_json
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.outputs import folder_is_done, say_done
from hybrid_plugin.settings import flatten

suites = App(name="suites", help="Suites, benchmarks that are scored together: list them, look at one.")


@suites.command(name="list")
def list_suites(*, json: Json = False) -> Any:
    """The suites, how many of their benchmarks are here, and how large they are."""
    found = {name: (suite, tasks.listed_parts(suite)) for name, suite in sorted(tasks.all_suites().items())}
    if json:
        return [
            {"suite": name, "description": suite.description, "benchmarks": [one.as_json() for one in parts]}
            for name, (suite, parts) in found.items()
        ]
    tables.print_suites(found.values())
    return None


@suites.command(name="info")
def describe_suite(
    name: Annotated[str, Parameter(help="Such as paper; see: hybrid-ir suites list. Or a YAML file of your own.")],
    /,
    *,
    json: Json = False,
) -> Any:
    """The benchmarks of a suite, and whether their data is here."""
    suite = tasks.load_suite(name)
    parts = tasks.listed_parts(suite)
    if json:
        return {"suite": suite.name, "description": suite.description, "benchmarks": [one.as_json() for one in parts]}
    tables.print_suite(suite, parts)
    return None


def _either(arguments: ArgumentCollection) -> None:
    """Refuse a benchmark and a suite at once, and neither."""
    given = [argument.name for argument in arguments if argument.tokens]
    if not given:
        raise UserError("BENCHMARK requires an argument, such as xquad-r; or give --suite")
    if len(given) > 1:
        raise UserError("evaluate takes either a BENCHMARK or --suite, which has its own")


_WHAT = ("Parameters", Group("What it is scored on", validator=_either, show=False))


@flat
@dataclass(frozen=True)
class SuiteOptions:
    """Several benchmarks in the place of one."""

    suite: Annotated[str | None, Parameter(group=_WHAT)] = None
    """Several benchmarks: paper, parallel ... (hybrid-ir suites list), or a YAML file (docs/evaluation.md#suites)."""
    download: bool = False
    """Let ir_datasets download what the suite lacks, of any size; without it, that is reported as missing."""


@flat
@dataclass(frozen=True)
class SystemOptions:
    """What is scored: one of these."""

    encoder: str | None = None
    """A checkpoint, a Hugging Face folder or a name on the hub."""
    runs_from: Path | None = None
    """Score run files {docs}.{queries}.trec instead, or one file: of BENCHMARK's pool, or its only task."""
    bm25: bool = False
    """Score BM25 by Pyserini's Lucene instead (settings: mono multi; depth 1000)."""


def evaluate(
    benchmark: Annotated[
        str | None,
        Parameter(
            help="Such as xquad-r (hybrid-ir datasets list), some of its tasks, such as xquad-r/de/en or miracl/sw, "
            "or a YAML file of your own (docs/collections.md).",
            group=_WHAT,
        ),
    ] = None,
    /,
    *,
    output: Output,
    suite: SuiteOptions = SuiteOptions(),
    system: SystemOptions = SystemOptions(),
    runs: Annotated[bool, Parameter(help="Also write a run file for each task.")] = False,
    asked: EvaluationSettings = EvaluationSettings(),
    depth: Annotated[
        str | None, Parameter(help="Documents a query, or 'all', in scores (by default all) and in runs (1000).")
    ] = None,
    options: EncoderOptions = EncoderOptions(),
    vectors: Annotated[
        Path | None,
        Parameter(
            help="What `hybrid-ir encode BENCHMARK` wrote with the encoder: nothing is encoded. With --suite, a folder "
            "that has such a one for each benchmark, of its name."
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> Any:
    """Score an encoder, run files of any system, or BM25 in the monolingual, cross-lingual and multilingual settings.

    Writes scores.json (figures by setting and by task) and per_query.parquet. All measures of ir_measures work, and
    give its figures; a benchmark's official ones are the default. Measures of language bias
    (LanguageAP, LanguageSkew@k, LanguageDivergence@k, FirstRank, WeakAlignment, PEER@k) are for the setting multi.
    With --suite a folder for each benchmark, suite.json and report.html over all; the same command goes on.

    For example:

        hybrid-ir evaluate xquad-r --encoder e5-hybrid --output scores
        hybrid-ir evaluate xquad-r --encoder e5-hybrid --languages de en --measures AP PEER@20 --output scores
        hybrid-ir evaluate xquad-r/multi/en --runs-from run.trec.gz --output scores
        hybrid-ir evaluate xquad-r --bm25 --settings mono multi --output scores
        hybrid-ir evaluate --suite paper --encoder e5-hybrid --output paper
    """
    encoder, runs_from, bm25 = system.encoder, system.runs_from, system.bm25
    if (encoder is not None) + (runs_from is not None) + bm25 != 1:
        raise UserError("evaluate takes either --encoder, --runs-from or --bm25")
    if encoder is None:
        _check_idle(options, vectors)
    if runs and runs_from is not None:
        raise UserError("--runs writes run files, which --runs-from has already; leave it out")
    if suite.download and suite.suite is None:
        raise UserError("--download goes with --suite; the data of one benchmark is downloaded when it is read")
    if suite.suite is not None:
        limits = {"depth": "all" if depth == "all" else _depth(depth), "runs": runs, "vectors": vectors}
        with _going_on(output):
            return _evaluate_suite(suite, system, options, output, json, asked=asked, overwrite=overwrite, **limits)
    found = tasks.load_benchmark(str(benchmark))
    evaluation.measures_of(evaluation.chosen(found, asked), asked)  # complain before a model is loaded
    limit = _depth(depth)
    written = retrieval.DEFAULT_DEPTH if depth is None else limit
    if runs_from is not None:
        scores = evaluation.evaluate_runs(found, runs_from, output, asked, depth=limit, overwrite=overwrite)
    elif encoder is None:
        scores = evaluation.evaluate_bm25(found, output, asked, depth=written, runs=runs, overwrite=overwrite)
    else:
        loaded = encoding.Encoder.load(encoder, options)
        scores = evaluation.evaluate(
            found, loaded, output, asked, depth=limit, runs=runs, runs_depth=written, vectors=vectors,
            progress=watched(), overwrite=overwrite,
        )  # fmt: skip
    if json:
        return scores.as_json()
    tables.print_scores(scores)
    print(*_nothing_found(scores), output / SCORES, sep="\n")
    return None


_COUNTED = {  # without an answer
    "RankDistance": "as the depth of the rankings",
    **dict.fromkeys(("FirstRank", "MaxR"), "as one place below it"),
}


def _nothing_found(scores: evaluation.Scores) -> Iterator[str]:
    """How many queries found nothing, and what they count in measures that look at positions; nothing without these."""
    scored = {name.split("(")[0].split("@")[0] for name in scores.measures}
    counted = [f"{how} in {name}" for name, how in _COUNTED.items() if name in scored]
    if counted and scores.nothing_found:
        sizes = scores.per_query["setting"].value_counts()
        parts = (f"{number:,} of {sizes[setting]:,} ({setting})" for setting, number in scores.nothing_found.items())
        yield f"queries that found nothing relevant: {', '.join(parts)}; they count {', '.join(counted)}"


def _evaluate_suite(
    suite: SuiteOptions, system: SystemOptions, options: EncoderOptions, output: Path, json: bool, **others: Any
) -> Any:
    """Score the benchmarks of a suite, write their report, and say what became of each."""
    found = tasks.load_suite(str(suite.suite))
    evaluation.plan_suite(found, others["asked"])  # complain before a model is loaded
    scored: Any = "bm25" if system.bm25 else system.runs_from
    if system.encoder is not None:
        scored = encoding.Encoder.load(system.encoder, options)
    scores = evaluation.evaluate_suite(found, scored, output, download=suite.download, progress=watched(), **others)
    if not json:
        tables.print_suite_scores(scores, shlex.join(["hybrid-ir", *sys.argv[1:], "--download"]))
        print(output / evaluation.SUITE)
    page = reporting.renew_report(output, output / evaluation.REPORT) if scores.of("done") else None
    record = scores.as_json() | {"report": None if page is None else str(page)}
    if page is not None and not json:
        print(page)
    failed = [one.name for one in scores.of("failed")]
    if failed:
        raise PartlyDone(f"{len(failed)} of {len(scores.outcomes)} benchmarks failed: {', '.join(failed)}", record)
    if page is None:
        raise PartlyDone(f"nothing of the suite '{found.name}' is here", record)
    return record if json else None


@contextmanager
def _going_on(output: Path) -> Iterator[None]:
    """While a suite is scored: who stops it is told that it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"what is done is kept in {output}, and the same command goes on from there") from None


def _check_idle(options: EncoderOptions, vectors: Path | None) -> None:
    """Refuse what says how an encoder encodes where none does."""
    if vectors is not None:
        raise UserError("--vectors are those of an encoder, so it goes with --encoder")
    defaults = flatten(EncoderOptions())
    idle = next((key for key, value in flatten(options).items() if value != defaults[key]), None)
    if idle is not None:
        raise UserError(f"--{idle.replace('_', '-')} says how an encoder encodes, so it goes with --encoder")


def _depth(text: str | None) -> int | None:
    if text is None or text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"depth is '{text}'; it must be a positive number or 'all'")
    return int(text)


_Evaluated = Annotated[
    str,
    Parameter(help="[NAME=]DIR: what evaluate wrote; the first is the baseline. One NAME's are runs of one system."),
]


def compare(
    *folders: _Evaluated,
    output: Annotated[Path | None, Parameter(help="Write comparison.json, CSV files and a LaTeX table there.")] = None,
    asked: ComparisonSettings = ComparisonSettings(),
    overwrite: Overwrite = False,
    json: Json = False,
) -> Any:
    """Which of several systems is better, by how much, and whether chance explains it.

    Paired tests over clusters of questions and over runs, Holm's correction, bootstrap intervals, effect sizes, wins by
    language, and a verdict to quote. Prints tables; with --output writes them and prints the verdict.

    For example, of two systems, and of two with several runs each (other seeds):

        hybrid-ir compare scores-untouched scores-hybrid --measures AP nDCG@10 --published
        hybrid-ir compare mono=m0 mono=m1 mono=m2 hybrid=h0 hybrid=h1 hybrid=h2
    """
    systems = inference.named_systems(folders)
    if len(systems) < 2:
        alone = f"; {' '.join(folders)} are runs of one" if len(folders) > 1 else ""
        raise UserError(f"a comparison takes the evaluation folders of two systems or more{alone}")
    request = inference.comparison_request(systems, asked)
    if output is not None and folder_is_done(output, inference.COMPARISON, request, overwrite):
        say_done(output)
        record = read_json(output / inference.COMPARISON)
    else:
        found = inference.compare(systems, asked)
        record = found.as_json()
        if output is not None:
            found.save(output, overwrite=overwrite)
        elif not json:
            for table in inference.comparison_tables(found):
                tables.print_text_table(table)
    if json:
        return record
    print(*record["verdict"], *([] if output is None else [output / inference.COMPARISON]), sep="\n")
    return None


def report(
    *folders: _Evaluated,
    output: Annotated[Path, Parameter(help="The HTML file to write.")],
    plots: Annotated[
        Path | None, Parameter(help="Also write each plot as PNG and SVG there, and the main table as LaTeX.")
    ] = None,
    asked: ComparisonSettings = ComparisonSettings(),
    overwrite: Overwrite = False,
) -> None:
    """One HTML page, complete in itself, that compares evaluations: verdict, settings, languages, hardest questions.

    Positions and texts come from the run files that `hybrid-ir evaluate --runs` writes; the rest needs none. Folders of
    several benchmarks, or of `hybrid-ir evaluate --suite`, make one page of all of these.

    For example, of two systems, and of two with several runs each (other seeds) on the pool alone:

        hybrid-ir report scores-untouched scores-hybrid --output report.html
        hybrid-ir report mono=m0 mono=m1 hybrid=h0 hybrid=h1 --settings multi --output pool.html
    """
    if not folders:
        raise UserError("a report takes one or more evaluation folders")
    reporting.write_report(inference.named_systems(folders), output, asked, plots=plots, overwrite=overwrite)
    print(*filter(None, (output, plots)), sep="\n")
