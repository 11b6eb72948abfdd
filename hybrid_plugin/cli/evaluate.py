"""From rankings to verdicts: evaluate, compare, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from hybrid_plugin import encoding, evaluation, inference, retrieval, tasks
from hybrid_plugin import report as reporting
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import BatchSize, Json, Output, Overwrite, watched
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import SCORES, read_json
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.outputs import folder_is_done, say_done
from hybrid_plugin.settings import flatten


def evaluate(
    benchmark: Annotated[
        str,
        Parameter(
            help="Such as xquad-r (hybrid-ir datasets list), some of its tasks, such as xquad-r/de/en or miracl/sw, "
            "or a YAML file of your own (docs/collections.md)."
        ),
    ],
    /,
    *,
    output: Output,
    encoder: Annotated[str | None, Parameter(help="A checkpoint, a Hugging Face folder or a name on the hub.")] = None,
    runs: Annotated[bool, Parameter(help="Also write a run file for each task.")] = False,
    runs_from: Annotated[
        Path | None,
        Parameter(
            help="Score run files {docs}.{queries}.trec instead, or one file: of BENCHMARK's pool, or its only task."
        ),
    ] = None,
    bm25: Annotated[
        bool, Parameter(help="Score BM25 by Pyserini's Lucene instead (settings: mono multi; depth 1000).")
    ] = False,
    asked: EvaluationSettings = EvaluationSettings(),
    depth: Annotated[
        str | None, Parameter(help="Documents a query, or 'all', in scores (by default all) and in runs (1000).")
    ] = None,
    options: EncoderOptions = EncoderOptions(),
    batch_size: BatchSize = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> Any:
    """Score an encoder, run files of any system, or BM25 in the monolingual, cross-lingual and multilingual settings.

    Writes scores.json (figures by setting and by task) and per_query.parquet. All measures of ir_measures work, and
    give its figures; a benchmark's official ones are the default. Measures of language bias
    (LanguageAP, LanguageSkew@k, LanguageDivergence@k, FirstRank, WeakAlignment, PEER@k) are for the setting multi.

    For example:

        hybrid-ir evaluate xquad-r --encoder e5-hybrid --output scores
        hybrid-ir evaluate xquad-r --encoder e5-hybrid --languages de en --measures AP PEER@20 --output scores
        hybrid-ir evaluate xquad-r/multi/en --runs-from run.trec.gz --output scores
        hybrid-ir evaluate xquad-r --bm25 --settings mono multi --output scores
    """
    if (encoder is not None) + (runs_from is not None) + bm25 != 1:
        raise UserError("evaluate takes either --encoder, --runs-from or --bm25")
    if encoder is None:
        _check_idle(options, batch_size)
    if runs and runs_from is not None:
        raise UserError("--runs writes run files, which --runs-from has already; leave it out")
    found = tasks.load_benchmark(benchmark)
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
            found, loaded, output, asked, depth=limit, runs=runs, runs_depth=written, batch_size=batch_size,
            progress=watched(), overwrite=overwrite,
        )  # fmt: skip
    if json:
        return scores.as_json()
    tables.print_scores(scores)
    print(output / SCORES)
    return None


def _check_idle(options: EncoderOptions, batch_size: int | None) -> None:
    """Refuse what says how an encoder encodes where none does."""
    given = flatten(options) | {"batch_size": batch_size}
    idle = next((key for key, value in given.items() if value not in (None, False)), None)
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

    Paired tests with the question as the unit, Holm's correction over all of them, bootstrap intervals, effect sizes,
    wins by language, and a verdict to quote. Prints tables; with --output writes them and prints the verdict.

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

    Positions and texts come from the run files that `hybrid-ir evaluate --runs` writes; the rest needs none.

    For example, of two systems, and of two with several runs each (other seeds) on the pool alone:

        hybrid-ir report scores-untouched scores-hybrid --output report.html
        hybrid-ir report mono=m0 mono=m1 hybrid=h0 hybrid=h1 --settings multi --output pool.html
    """
    if not folders:
        raise UserError("a report takes one or more evaluation folders")
    reporting.write_report(inference.named_systems(folders), output, asked, plots=plots, overwrite=overwrite)
    print(*filter(None, (output, plots)), sep="\n")
