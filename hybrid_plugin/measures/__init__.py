"""Rankings and judgements to a value for each query: one measure a file, all of them measures of ir_measures.

In: :class:`~hybrid_plugin.retrieval.Ranks`, or qrels and a run as ir_measures hands them over. Out: float64 [queries].
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
