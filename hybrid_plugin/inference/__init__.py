"""Scores of several systems to a comparison: what differs, by how much, and what chance explains.

In: evaluation folders. Out: a :class:`Comparison` with figures, intervals, tests and a verdict in words.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
