"""From rankings to verdicts: evaluate, compare, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hybrid_plugin import encoding, evaluation, inference, retrieval, tasks
from hybrid_plugin import report as reporting
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import BatchSize, Output, watched
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.settings import EvaluationSettings
from hybrid_plugin.files import SCORES, check_output
from hybrid_plugin.inference.settings import ComparisonSettings


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
) -> None:
    """Score an encoder, run files of any system, or BM25 in the monolingual, cross-lingual and multilingual settings.

    Writes scores.json (figures by setting and by task) and per_query.parquet. All measures of ir_measures work, and
    give its figures; a benchmark's official ones are the default. Measures of language bias
    (LanguageAP, LanguageSkew@k, LanguageDivergence@k, FirstRank, WeakAlignment, PEER@k) are for the setting multi.

    Example: hybrid-ir evaluate xquad-r --encoder e5-hybrid --measures AP RankDistance PEER@20 --output scores

    Example: hybrid-ir evaluate xquad-r/multi/en --runs-from run.trec.gz --output scores
    """
    if (encoder is not None) + (runs_from is not None) + bm25 != 1:
        raise UserError("evaluate takes either --encoder, --runs-from or --bm25")
    if encoder is None and options.transform is not None:
        raise UserError("--transform is for vectors, so it goes with --encoder")
    found = tasks.load_benchmark(benchmark)
    evaluation.measures_of(evaluation.chosen(found, asked), asked)  # complain before a model is loaded
    limit = _depth(depth)
    written = retrieval.DEFAULT_DEPTH if depth is None else limit
    if runs_from is not None:
        scores = evaluation.evaluate_runs(found, runs_from, output, asked, depth=limit)
    elif encoder is None:
        scores = evaluation.evaluate_bm25(found, output, asked, depth=written, runs=runs)
    else:
        loaded = encoding.Encoder.load(encoder, options)
        scores = evaluation.evaluate(
            found, loaded, output, asked, depth=limit, runs=runs, runs_depth=written, batch_size=batch_size,
            progress=watched(),
        )  # fmt: skip
    tables.print_scores(scores)
    print(output / SCORES)


def _depth(text: str | None) -> int | None:
    if text is None or text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"depth is '{text}'; it must be a positive number or 'all'")
    return int(text)


def compare(
    *folders: Annotated[
        str,
        Parameter(
            help="[NAME=]DIR: what evaluate wrote; the first is the baseline. One NAME's are runs of one system."
        ),
    ],
    output: Annotated[Path | None, Parameter(help="Write comparison.json, CSV files and a LaTeX table there.")] = None,
    settings: ComparisonSettings = ComparisonSettings(),
) -> None:
    """Which of several systems is better, by how much, and whether chance explains it.

    Paired tests with the question as the unit, Holm's correction over all of them, bootstrap intervals, effect sizes,
    wins by language, and a verdict to quote. Prints tables; with --output writes them and prints the verdict.

    Example: hybrid-ir compare scores-untouched scores-hybrid --measures AP nDCG@10 --published

    Several seeds: hybrid-ir compare mono=m0 mono=m1 mono=m2 hybrid=h0 hybrid=h1 hybrid=h2
    """
    systems = inference.named_systems(folders)
    if len(systems) < 2:
        raise UserError("a comparison takes the evaluation folders of two systems or more")
    if output is not None:
        check_output(output, inference.COMPARISON)
    found = inference.compare(systems, settings)
    if output is None:
        for table in inference.comparison_tables(found):
            tables.print_text_table(table)
    else:
        found.save(output)
    print(*found.verdict, *([] if output is None else [output / inference.COMPARISON]), sep="\n")


def report(
    *folders: Annotated[Path, Parameter(help="Evaluation folders of one benchmark; the first is the baseline.")],
    output: Annotated[Path, Parameter(help="The HTML file to write.")],
    plots: Annotated[
        Path | None, Parameter(help="Also write each plot as PNG and SVG there, and the main table as LaTeX.")
    ] = None,
    published: Annotated[bool, Parameter(help="Also show the figures published for other models.")] = False,
) -> None:
    """One HTML page, complete in itself, that compares evaluations: verdict, settings, languages, hardest questions.

    Positions and texts come from the run files that `hybrid-ir evaluate --runs` writes; the rest needs none.

    Example: hybrid-ir report scores-untouched scores-hybrid --output report.html
    """
    if not folders:
        raise UserError("a report takes one or more evaluation folders")
    reporting.write_report(folders, output, plots=plots, published=published)
    print(*filter(None, (output, plots)), sep="\n")
