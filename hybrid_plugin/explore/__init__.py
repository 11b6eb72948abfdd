"""A page to look around in: questions of a benchmark, or any text, and where encoders rank its documents.

In: a benchmark and encoders. Out: answers in JSON (:class:`Explorer`), and a local server of the page.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
