"""Engines that search vectors, one a file, behind three calls: index, search, delete.

In: numbered documents with their vectors, ids and languages; vectors of queries. Out: the best documents of each query.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
