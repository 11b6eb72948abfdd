"""A benchmark through the stages before: an encoder, stored vectors, run files or BM25 to scores.

In: a :class:`~hybrid_plugin.tasks.Benchmark` and what is to be scored on it. Out: :class:`Scores`, with
``scores.json``, ``per_query.parquet`` and run files.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
