"""Train, serve and score dense encoders for monolingual, cross-lingual and multilingual retrieval.

The names below are the public interface; each is imported when it is first used, so that importing this package, and
the command line's help, stay quick. Each wing (folder) exports more, and says in its first lines what comes in and what
goes out; docs/development.md shows them on one page.

>>> import hybrid_plugin
>>> hybrid_plugin.load_benchmark("xquad-r").languages[:3]
('ar', 'de', 'el')
"""

import lazy_loader

from hybrid_plugin.moved import keep_old_names

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
keep_old_names()
