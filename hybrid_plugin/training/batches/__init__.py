"""Which pairs form a batch: one strategy a file.

In: sources and :class:`BatchSettings`. Out: the :class:`Batch` of each step, which depends on the settings, the seed
and the step alone (:class:`Batches`).

Hybrid batch training (Elmahdy, Lin and Ahmad 2024, arXiv 2408.10536) changes nothing but this: with probability alpha
a batch is monolingual, otherwise cross-lingual. What that does to in-batch negatives: in a monolingual batch all
negatives speak the query's language, so only meaning tells them from the positive; in a cross-lingual batch the
positive speaks another language than its query while the negatives speak any, so the query's own language is no
clue to relevance.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
