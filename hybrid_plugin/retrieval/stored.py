"""Which rows of a folder of vectors are the texts of a view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hybrid_plugin.encoding.ids import rows_of
from hybrid_plugin.encoding.vectors import Vectors, read_record
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.checksum import checksum, is_small
from hybrid_plugin.tasks.task import View
from hybrid_plugin.tasks.texts import Text, query_texts


def rows_of_view(
    folder: Path, vectors: Vectors, view: View, texts: Callable[[View], Iterator[Text]]
) -> range | np.ndarray:
    """The rows with the texts of a view, in their order; a range where they lie together.

    Parameters
    ----------
    folder : that the vectors were read from; its record says which rows are whose, else they are found by their ids.
    view : without prefix.
    texts : reads its documents or its queries.

    Raises
    ------
    UserError
        The folder has vectors of texts that have changed, or lacks one; names it.
    """
    record = read_record(folder)
    side, what = ("queries", "queries") if texts is query_texts else ("docs", "documents")
    whole = {"dataset_id": record.get("dataset"), "field": None, "start": 0, "stop": len(vectors.ids)}
    for part in record.get("views") or [{**whole, "checksum": record.get("checksum")}]:
        if (part["dataset_id"], part["field"]) == (view.dataset_id, view.field):
            said = part.get("checksum")
            if said and is_small(view.dataset_id, side) and said != checksum(texts(view)):
                raise UserError(f"{folder} has vectors of other {what} than '{view.dataset_id}' has; encode again")
            return range(part["start"], part["stop"])
    ids = [text.id for text in texts(view)]
    row = rows_of(vectors.ids, set(ids))
    missing = next((text_id for text_id in ids if text_id not in row), None)
    if missing is not None:
        raise UserError(f"{folder} has no vector of '{missing}'")
    rows = np.array([row[text_id] for text_id in ids], np.int64)
    if len(rows) and (np.diff(rows) == 1).all():
        return range(int(rows[0]), int(rows[-1]) + 1)
    return rows
