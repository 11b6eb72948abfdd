"""What a plugin may add. Every hook is optional; the built-ins come in by the same hooks.

A plugin is an installed package with an entry point in the group ``hybrid_ir`` that names a module (or object) with
some of these functions, each marked with :data:`hybrid_plugin.plugins.hookimpl`::

    [project.entry-points.hybrid_ir]
    my-plugin = "my_package.my_module"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ir_measures import Measure

    from hybrid_plugin.benchmarks import Benchmark
    from hybrid_plugin.report import Section
    from hybrid_plugin.sampling import Strategy
    from hybrid_plugin.sources import SourceFormat, SourceLoader
    from hybrid_plugin.transforms import Transform

hookspec = pluggy.HookspecMarker("hybrid_ir")


@hookspec
def hybrid_ir_register_datasets() -> None:
    """Make your collections known to ir_datasets. Called once, before any id is looked up."""


@hookspec
def hybrid_ir_benchmarks() -> Iterable[Benchmark]:
    """Benchmarks to evaluate on: a name, its languages, and the ir_datasets ids of its settings."""
    raise NotImplementedError


@hookspec
def hybrid_ir_strategies() -> Mapping[str, type[Strategy]]:
    """Batch strategies by the name that ``--strategy`` takes."""
    raise NotImplementedError


@hookspec
def hybrid_ir_sources() -> Mapping[str, SourceLoader]:
    """Sources of parallel training pairs by the name that ``--source`` takes."""
    raise NotImplementedError


@hookspec
def hybrid_ir_source_formats() -> Iterable[SourceFormat]:
    """What else sources can be read from: the ``FORMAT`` of ``--source FORMAT:WHAT``."""
    raise NotImplementedError


@hookspec
def hybrid_ir_measures() -> Iterable[Measure]:
    """Measures for ir_measures to know: each a ``Measure`` with a method ``values(qrels, run)``.

    The method gets the qrels ``{query_id: {doc_id: relevance}}`` and the run ``{query_id: [doc_id, ...]}`` (ranked
    as trec_eval ranks) and returns ``{query_id: value}``. A measure of which less is better says so with the class
    attribute ``HIGHER_IS_BETTER = False``.

    With a method ``from_ranks(ranks)`` as well, which computes the same values, float64 [queries], from
    :class:`hybrid_plugin.ranking.Ranks`, it can be named in ``hybrid-ir evaluate --measures``. The class attribute
    ``POOL_ONLY = True`` says that it compares languages: it is then computed in the setting ``multi`` alone, and the
    ranks know the languages of the documents, of the first ones as far as its parameter ``cutoff``.
    """
    raise NotImplementedError


@hookspec
def hybrid_ir_report_sections() -> Iterable[Section]:
    """Sections of ``hybrid-ir report``: a name, a title, an order, and a function of the evaluations that returns HTML.

    The function gets a :class:`hybrid_plugin.report.data.ReportData`, whose ``table`` and ``chart`` make tables and
    charts that look and work like the others. A section that fails is named in a warning and left out.
    """
    raise NotImplementedError


@hookspec
def hybrid_ir_transforms() -> Mapping[str, type[Transform]]:
    """Vector transforms by the name that ``hybrid-ir transform fit`` takes.

    Each is a frozen dataclass derived from :class:`hybrid_plugin.transforms.Transform`: ``fit`` makes one from the
    vectors of each language, ``remove`` takes the language out of others, and its array fields are what is saved.
    """
    raise NotImplementedError
