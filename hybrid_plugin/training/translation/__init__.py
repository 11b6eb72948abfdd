"""Parallel training pairs by machine translation, as the paper made its own.

In: a source in one language and a translator. Out: JSON lines of its rows in more languages, bad translations left out.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
