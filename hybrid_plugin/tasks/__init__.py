"""What is asked: benchmarks, their tasks, and the texts and judgements of each, all read through ir_datasets.

In: names of benchmarks, YAML files, ir_datasets ids. Out: :class:`Benchmark`, each :class:`Task` of it as texts
(:func:`documents`, :func:`queries`) and :class:`Judgements`; or files for other tools (:func:`export_dataset`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
