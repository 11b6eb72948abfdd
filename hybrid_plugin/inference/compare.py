"""Evaluation folders to a comparison: load, infer, present."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ir_measures.measures import SumAgg

from hybrid_plugin.inference.comparison import Comparison
from hybrid_plugin.inference.infer.design import cluster_of
from hybrid_plugin.inference.infer.infer import infer
from hybrid_plugin.inference.infer.method import Method
from hybrid_plugin.inference.load.parts import narrowed, shared
from hybrid_plugin.inference.load.published import published_figures
from hybrid_plugin.inference.load.scope import scope_of
from hybrid_plugin.inference.load.systems import (
    GivenFolders,
    System,
    as_folders,
    check_distinct,
    comparison_request,
    load_runs,
    measures_to_compare,
)
from hybrid_plugin.inference.present.latex import latex
from hybrid_plugin.inference.present.verdict import verdict
from hybrid_plugin.inference.settings import ComparisonSettings
from hybrid_plugin.measures.direction import direction
from hybrid_plugin.measures.named import parse_measures


def compare(
    folders: GivenFolders,
    asked: ComparisonSettings | None = None,
    **changes: Any,
) -> Comparison:
    """Compare evaluations of one benchmark.

    What is resampled is the cluster (:mod:`hybrid_plugin.inference.infer.design`): a paragraph with all its questions
    in all their languages. Systems are compared in the settings that both were scored in, and there on the tasks and
    queries that all of them share: figures, too, are of these. A measure that has one value everywhere in a setting,
    as RankDistance has within one language, is not tested there; a query on which a measure is not defined for one of
    two systems is left out of their test. A measure of which a certain value is best is tested by the distances from
    it. Figures that say nothing beside each other, such as AP of rankings of different depths, are shown and not
    tested (:mod:`hybrid_plugin.inference.infer.comparability`). The verdict says all of this with numbers.

    Parameters
    ----------
    folders : evaluation folders, as :func:`hybrid_plugin.evaluate` writes them; the first is the baseline. One alone
        gets its figures with intervals, and no tests. Or the folders of each system by its name: where they are several
        runs of one system, such as seeds, figures are the means of theirs, and intervals and tests are about other runs
        as well (:mod:`hybrid_plugin.inference.infer.estimates`). A system of one run is compared as that run.
    asked, changes : what of them, and how; ``changes`` are fields of
        :class:`~hybrid_plugin.inference.ComparisonSettings` by name, such as ``measures=["AP", "nDCG@10"]``.

    Raises
    ------
    UserError
        A folder is no evaluation, is damaged, was given twice or was not scored with a measure, two of them differ in
        benchmark or share no query, or a setting or language is unknown; names it, and what there is.

    Examples
    --------
    >>> compare(["scores-untouched", "scores-hybrid"]).verdict        # doctest: +SKIP
    """
    folders = as_folders(folders)
    asked = replace(asked or ComparisonSettings(), **changes)
    check_distinct(folders)
    request = comparison_request(folders, asked)
    measures = {str(one): one for one in parse_measures(measures_to_compare(folders, asked.measures))}
    runs = load_runs(folders, list(measures))
    part = shared(narrowed(runs, asked))
    systems = [System.of(name, some) for name, some in part.runs.items()]
    method = Method(
        {name: direction(measure) for name, measure in measures.items()},
        replace(asked, cluster=cluster_of(systems, asked.cluster)),
        frozenset(name for name, measure in measures.items() if isinstance(measure.aggregator(), SumAgg)),
    )
    inferred = infer(systems, method, measures)
    benchmark = systems[0].about["benchmark"]
    found = Comparison(
        benchmark=benchmark,
        scope=scope_of(runs, part),
        systems=tuple(system.name for system in systems),
        about={system.name: system.about for system in systems},
        **inferred.frames,
        published=published_figures(benchmark if asked.published else "", list(measures)),
        verdict=(),
        latex="",
        method=method.record(
            questions=inferred.questions,
            clusters=inferred.clusters,
            runs={system.name: len(system.runs) for system in systems},
            tests=len(inferred.frames["tests"]),
            undefined=inferred.undefined,
            nothing_found=inferred.nothing_found,
            gaps=part.gaps,
        ),
        request=request,
    )
    return replace(found, verdict=tuple(verdict(found, part.gaps)), latex=latex(found))
