"""Evaluations as one HTML page to read, print and share, and as plots and a table for a paper.

In: evaluation folders. Out: a page made of :class:`Section`, each a function of :class:`ReportData`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
