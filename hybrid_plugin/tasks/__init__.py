"""What is asked: benchmarks, their tasks, and the texts and judgements of each, all read through ir_datasets.

In: names of benchmarks and ir_datasets ids. Out: :class:`Benchmark`, :class:`Pair`, and a :class:`Task` with documents,
queries and relevance; or files of them for other tools (:func:`export_dataset`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
