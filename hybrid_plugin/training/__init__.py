"""Parallel pairs to a trained encoder.

In: sources, an encoder to start from and :class:`TrainingSettings`. Out: a checkpoint with the record of its making; on
the way batches (``batches``), a loss (``losses``), hard negatives (``mining``), and grids of such runs (``sweep``).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
