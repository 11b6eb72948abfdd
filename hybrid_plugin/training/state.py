"""The states of an interrupted run."""

from __future__ import annotations

import shutil
from pathlib import Path

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, write_json
from hybrid_plugin.outputs import Request, difference

_RUN = "run.json"  # the request that the progress in a folder belongs to
WHOLE = "whole"  # marks a saved state as complete


def saved_states(work: Path) -> list[Path]:
    """The complete states in a folder, the latest last."""
    states = [path.parent for path in work.glob(f"checkpoint-*/{WHOLE}")]
    return sorted(states, key=lambda path: int(path.name.rsplit("-", 1)[1]))


def last_state(work: Path, request: Request, overwrite: bool = False) -> Path | None:
    """Where an interrupted run goes on, if it was; makes the folder for a new run.

    Parameters
    ----------
    overwrite : the progress of another run is removed.

    Raises
    ------
    UserError
        The folder holds the progress of another run; names the difference.
    """
    check_output(work, _RUN)
    if (work / _RUN).exists():
        said = difference(read_json(work / _RUN), request)
        if said and not overwrite:
            raise UserError(
                f"{work} holds the progress of another run ({said}); choose another output, or begin anew with "
                "--overwrite (overwrite=True)"
            )
        if said:
            shutil.rmtree(work)
    if not (work / _RUN).exists():
        write_json(work / _RUN, request)
    return next(reversed(saved_states(work)), None)
