"""Parallel training pairs: one file for each thing they are read from (collections, JSON lines, SQuAD, Tevatron,
ir_datasets ids), and one store.

In: a name, files or ids. Out: a :class:`Source`, a sequence of :class:`Row` on disk of which only those drawn are read.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
