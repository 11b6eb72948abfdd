"""The plots, as matplotlib figures: one a file, frames in, a figure out.

Each is as wide as a phone, so that no text gets small. Colour is never the only carrier: bars and rows are named, and
the systems of a dot or line plot have markers and strokes of their own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
