"""Vectors to rankings, and rankings to and from TREC run files.

In: vectors of documents and queries, or texts (BM25), or a run file. Out: :class:`Rankings`, block by block, with the
:class:`Ranks` of the judged documents; run files, and indexes to search (:mod:`hybrid_plugin.retrieval.backends`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
