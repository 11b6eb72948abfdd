"""The states of an interrupted run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, write_json

_RUN = "run.json"  # what the progress in a folder belongs to
WHOLE = "whole"  # marks a saved state as complete


def saved_states(work: Path) -> list[Path]:
    """The complete states in a folder, the latest last."""
    states = [path.parent for path in work.glob(f"checkpoint-*/{WHOLE}")]
    return sorted(states, key=lambda path: int(path.name.rsplit("-", 1)[1]))


def last_state(work: Path, record: dict[str, Any]) -> Path | None:
    """Where an interrupted run goes on, if it was; makes the folder for a new run.

    Raises
    ------
    UserError
        The folder holds the progress of another run.
    """
    run = json.loads(json.dumps(record))  # as it comes back from a file
    del run["versions"]
    check_output(work, _RUN)
    if (work / _RUN).exists():
        before = read_json(work / _RUN)
        different = next((key for key in run | before if run.get(key) != before.get(key)), None)
        if different is not None:
            raise UserError(
                f"{work} holds the progress of another run (its {different.replace('_', ' ')} differs); "
                "delete it, or choose another output"
            )
    elif int(os.environ.get("RANK", "0")) == 0:
        write_json(work / _RUN, run)
    return next(reversed(saved_states(work)), None)
