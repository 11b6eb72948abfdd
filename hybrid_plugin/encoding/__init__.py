"""Texts to vectors.

In: texts with their ids and languages, and a model's folder or name. Out: unit vectors, in memory or on disk
(:class:`Vectors`), by an :class:`Encoder`, perhaps with language information taken out by a fitted transform.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
