"""Scores of a teacher, by which an encoder is trained and hard negatives are judged.

In: pairs of a query and a passage, and a :class:`Scorer`: an encoder or a cross-encoder. Out: a score each.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
