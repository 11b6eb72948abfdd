"""Tables for spreadsheets: their texts are no formulas, and all else is as it was."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from hybrid_plugin.spreadsheets import spreadsheet_safe


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(A1)", "\t=1", "\n=1"])
def test_a_text_that_would_be_run_gets_a_quote(text: str) -> None:
    safe = spreadsheet_safe(pd.DataFrame({"system": [text, "a=b"], text: [1, 2]}))
    assert safe["system"].tolist() == [f"'{text}", "a=b"]
    assert safe.columns.tolist() == ["system", f"'{text}"], "a heading is a cell"
    file = io.StringIO(safe.to_csv(index=False), newline="")
    assert pd.read_csv(file)["system"].tolist() == [f"'{text}", "a=b"]


def test_no_row_begins_within_a_text() -> None:
    safe = spreadsheet_safe(pd.DataFrame({"system": ["\r=1", "a\r=1", "a\r\n=1"]}))
    rows = list(csv.reader(io.StringIO(safe.to_csv(index=False), newline="")))
    assert rows == [["system"], ["'\n=1"], ["a\n=1"], ["a\n=1"]]


def test_numbers_and_what_is_missing_stay_as_they_are() -> None:
    frame = pd.DataFrame(
        {"n": [-1, 2], "x": [-0.5, None], "mixed": pd.Series([-1, "-1"], dtype=object), "text": ["-", None]}
    )
    safe = spreadsheet_safe(frame)
    assert safe.to_csv(index=False) == "n,x,mixed,text\n-1,-0.5,-1,'-\n2,,'-1,\n"
    assert safe.dtypes["n"] == frame.dtypes["n"]
    assert safe.dtypes["x"] == frame.dtypes["x"]
    assert frame["text"].tolist()[0] == "-", "the table itself is not changed"
