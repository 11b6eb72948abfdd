"""How ir_measures computes the measures of plugins, on any qrels and run that it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ir_measures import measures as irm
from ir_measures import providers
from ir_measures.util import Metric, QrelsConverter, RunConverter

from hybrid_plugin.errors import blame
from hybrid_plugin.measures.base import Qrels


class PluginProvider(providers.Provider):
    """ir_measures' door to the measures of plugins, ours among them.

    Parameters
    ----------
    measures : by name.
    """

    NAME = "hybrid_ir"

    def __init__(self, measures: Mapping[str, irm.Measure]):
        super().__init__()
        self._measures = measures

    def supports(self, measure: irm.Measure) -> bool:
        measure.validate_params()
        return measure.NAME in self._measures and hasattr(measure, "values")

    def _evaluator(self, measures: Any, qrels: Any) -> providers.Evaluator:
        return _PluginEvaluator(measures, QrelsConverter(qrels).as_dict_of_dict())


class _PluginEvaluator(providers.Evaluator):
    def __init__(self, measures: Any, qrels: Qrels):
        super().__init__(measures, set(qrels))
        self._qrels = qrels

    def _iter_calc(self, run: Any) -> Iterator[Metric]:
        scored = RunConverter(run).as_dict_of_dict()
        # trec_eval's order, on scores as it keeps them: 32-bit, ties by descending document id.
        ranked = {
            query_id: sorted(docs, key=lambda doc_id, docs=docs: (np.float32(docs[doc_id]), doc_id), reverse=True)  # type: ignore[misc]
            for query_id, docs in scored.items()
        }
        for measure in self.measures:
            with blame(f"the measure {measure}", type(measure)):
                values = {query_id: float(v) for query_id, v in measure.values(self._qrels, ranked).items()}  # type: ignore[attr-defined]
            for query_id, value in values.items():
                yield Metric(query_id=query_id, measure=measure, value=value)
