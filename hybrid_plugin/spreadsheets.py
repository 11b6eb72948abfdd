"""Tables that a spreadsheet may open: text in them stays text."""

from __future__ import annotations

from typing import Any

import pandas as pd

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\n")


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy to be written as CSV, whose texts no spreadsheet runs as formulas: before such a text stands a quote.

    Cells and column names that are text are changed where they begin with one of ``= + - @``, tab or line break;
    numbers, negative ones too, are not. As OWASP has it: https://owasp.org/www-community/attacks/CSV_Injection.
    A carriage return becomes a line feed, since ``to_csv`` quotes only that; after the other a new row would begin.
    """
    safe = frame.rename(columns=_quoted)
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        if any(isinstance(cell, str) for cell in column):
            safe.isetitem(position, column.map(_quoted))
    return safe


def _quoted(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
