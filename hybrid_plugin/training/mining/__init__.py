"""Hard negatives: passages that an encoder ranks high for a question, and that do not answer it.

In: a source and an encoder. Out: the source's rows with negatives, as JSON lines.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
