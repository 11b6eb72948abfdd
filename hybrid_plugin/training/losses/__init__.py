"""What training makes small: one loss a file, or one idea of several.

In: the vectors of a batch, what answers what, and a teacher's scores or vectors where there are any
(:class:`EncodedBatch`). Out: a scalar with gradients; :class:`Objective` sums several.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
