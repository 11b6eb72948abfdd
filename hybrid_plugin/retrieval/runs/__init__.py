"""TREC run files: written whole and without loss of order, read strictly.

In: rankings, or a file by any tool. Out: a file, or a :class:`Run` and the :class:`~hybrid_plugin.retrieval.Ranks` of
its relevant documents.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
