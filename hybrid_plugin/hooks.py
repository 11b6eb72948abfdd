"""What a plugin may add. Every hook is optional; the built-ins come in by the same hooks.

A plugin is an installed package with an entry point in the group ``hybrid_ir`` that names a module (or object) with
some of these functions, each marked with :data:`hookimpl`::

    [project.entry-points.hybrid_ir]
    my-plugin = "my_package.my_module"

They are hooks of `pluggy <https://pluggy.readthedocs.io>`_, and all that it offers works: ``hookimpl(tryfirst=True)``
for precedence, ``hookimpl(wrapper=True)`` to see or change what the others return. Of two offers of one name that of
the plugin called first counts, and plugins are called before the built-ins.

Types are named here by where they live, and none is imported: this file stands below all that it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

GROUP = "hybrid_ir"  # of the entry points
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def hybrid_ir_register_datasets() -> None:
    """Make your collections known to ir_datasets. Called once, before any id is looked up."""


@hookspec
def hybrid_ir_benchmarks() -> Iterable[Any]:  # type: ignore[empty-body]
    """Benchmarks to evaluate on, each a :class:`hybrid_plugin.tasks.Benchmark`: a name, its tasks, its measures."""


@hookspec
def hybrid_ir_suites() -> Iterable[Any]:  # type: ignore[empty-body]
    """Suites, each a :class:`hybrid_plugin.tasks.Suite`: benchmarks to score together with ``evaluate --suite``."""


@hookspec
def hybrid_ir_transforms() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Vector transforms by the name that ``hybrid-ir transform fit`` takes.

    Each is a frozen dataclass derived from :class:`hybrid_plugin.encoding.transforms.Transform`: ``fit`` makes one from
    the vectors of each language, ``remove`` takes the language out of others, and its array fields are what is saved.
    With ``parallel = True`` it is fitted on translations, and ``kinds = ("passage",)`` leaves queries as they are.
    """


@hookspec
def hybrid_ir_backends() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Engines that search vectors by the name that ``hybrid-ir index --backend`` takes.

    Each is a subclass of :class:`hybrid_plugin.retrieval.SearchBackend` with three methods: ``index`` builds an index
    in a folder, ``search`` finds the best documents of some queries in it, ``delete`` removes what it keeps elsewhere.
    """


@hookspec
def hybrid_ir_measures() -> Iterable[Any]:  # type: ignore[empty-body]
    """Measures for ir_measures to know: each an ``ir_measures.measures.Measure`` with a method ``values(qrels, run)``.

    The method gets the qrels ``{query_id: {doc_id: relevance}}`` and the run ``{query_id: [doc_id, ...]}`` (ranked
    as trec_eval ranks) and returns ``{query_id: value}``. A measure of which less is better says so with the class
    attribute ``HIGHER_IS_BETTER = False``, one of which a certain value is best with ``TARGET``, that value. What
    cutting rankings does to its values it says with ``CUT``, "lowers" or "raises"
    (:func:`hybrid_plugin.measures.cutting.effect_of_cut`).

    That is all it takes to be named in ``hybrid-ir evaluate --measures``. With a method ``from_ranks(ranks)`` as well,
    which computes the same values, float64 [queries], from :class:`hybrid_plugin.retrieval.Ranks`, it is faster, and is
    computed on whole rankings however long they are. The ranks are those of the documents whose grade is the measure's
    parameter ``rel`` (1) or above; of all documents with a grade other than 0 where the class attribute ``GRADED`` is
    true. The class attribute ``POOL_ONLY = True`` says that it compares languages: it is then computed in the setting
    ``multi`` alone, and the ranks know the languages of the documents, of the first ones as far as its parameter
    ``cutoff``.

    A measure that compares the rankings which one question gets in several languages has the class attribute
    ``ACROSS_LANGUAGES = True``, a required parameter ``cutoff``, and in the place of ``from_ranks`` a method
    ``alike(one, other)``: how alike two rankings are, float64 [pairs], of the first ``cutoff`` documents of each, int
    [pairs, n], as numbers from 0, and -1 beyond the end of a ranking. Its value for a query is the mean over the
    queries that ask the same question in another language, of the same documents in the same setting; where nobody
    does, it is absent. :class:`hybrid_plugin.measures.ConsistencyMeasure` has the ``values`` that go with it.
    """


@hookspec
def hybrid_ir_strategies() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Batch strategies, each a subclass of :class:`hybrid_plugin.training.batches.Strategy`, by the name that
    ``--strategy`` takes. A strategy says which kinds of examples a batch has, a
    :class:`hybrid_plugin.training.batches.Kind` how those of one kind are drawn from a source.
    """


@hookspec
def hybrid_ir_losses() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Losses by the name that ``--loss NAME=WEIGHT`` takes, each a subclass of
    :class:`hybrid_plugin.training.losses.Loss`, which is called with a
    :class:`hybrid_plugin.training.losses.EncodedBatch` and gives a scalar. What it needs besides queries and passages
    (``parallel_queries``, ``parallel_passages``, ``teacher_scores``, ``teacher_vectors``) its class attribute ``needs``
    says.
    """


@hookspec
def hybrid_ir_sources() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Sources of parallel training pairs by the name that ``--source`` takes.

    Each is a function without parameters that returns a :class:`hybrid_plugin.training.sources.Source`.
    """


@hookspec
def hybrid_ir_source_formats() -> Iterable[Any]:  # type: ignore[empty-body]
    """What else sources can be read from, each a :class:`hybrid_plugin.training.sources.SourceFormat`: the ``FORMAT``
    of ``--source FORMAT:WHAT``.
    """


@hookspec
def hybrid_ir_translators() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """Translators by the name that ``hybrid-ir translate --model`` takes, as ``NAME`` or ``NAME:WHAT``.

    Each is a :class:`hybrid_plugin.training.translation.Translator`, an object with a method
    ``translate(texts, source_lang, target_lang)``, which returns as many texts, and with an ``identity``, a mapping of
    all that decides them, by which translations are cached; or a function that makes one of ``WHAT`` (or an empty
    text) and of :class:`hybrid_plugin.training.translation.TranslatorOptions`. Where it has a method
    ``check(source_lang, target_lang)`` that raises a ``UserError``, that is called before anything is translated.
    """


@hookspec
def hybrid_ir_report_sections() -> Iterable[Any]:  # type: ignore[empty-body]
    """Sections of ``hybrid-ir report``, each a :class:`hybrid_plugin.report.Section`: a name, a title, an order, and a
    function of the evaluations that returns HTML.

    The function gets a :class:`hybrid_plugin.report.ReportData`, whose ``table`` and ``chart`` make tables and charts
    that look and work like the others. A section that fails is named in a warning and left out.
    """
