"""Data sets of the Hugging Face hub as collections, by the names of their columns: ``hf:OWNER/NAME``.

What :func:`datasets.load_dataset` reads can be a collection: a name on the hub, or a folder of parquet, JSON lines or
CSV. A :class:`HubCollection` says where documents, queries and judgements are:

``docs``
    ``id`` and ``text``, and optionally ``title``, which stands before the text
``queries``
    ``id`` (the parallel id: the same for the same question in every language) and ``text``, optionally ``cluster`` and
    ``article``
``qrels``
    ``query`` and ``document``, the ids of above, and optionally ``grade``; without ``qrels`` each row of ``queries`` is
    answered by the document that it has in the columns of ``docs``

Each of the three may name the ``config`` and the ``split`` that its rows are in (by default ``test``, or the only one),
and ``where``: columns and the values that they must have. ``{lang}`` in any of them is the language as the data set
writes it.

A column is named as it is; ``.`` goes into what it holds (``positive_passages.docid``), and a list gives one record for
each of its items. Braces join several: ``{link}-{question_number}``; ``{row}`` is the number of the row in its split,
from 0, for data sets without ids whose languages have the same rows in the same order.

The registered ids are those of every collection here: ``{lang}_{id}`` of documents, ``{id}_{lang}`` of queries.
"""

from __future__ import annotations

from datasets_ext.hub.about import PREFIX, HubCollection, read
from datasets_ext.hub.kept import add, is_kept, register, register_hub, register_own, remove
from datasets_ext.hub.mteb import guess

__all__ = [
    "PREFIX",
    "HubCollection",
    "add",
    "guess",
    "is_kept",
    "read",
    "register",
    "register_hub",
    "register_own",
    "remove",
]
