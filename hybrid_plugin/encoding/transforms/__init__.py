"""Vector transforms, one a file: closed forms, fitted without training, that take language information out.

In: vectors by language. Out: a :class:`Transform` to apply to others, or a file of it (:class:`FittedTransform`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
