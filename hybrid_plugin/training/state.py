"""The states of an interrupted run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, read_json, remove_folder, write_json
from hybrid_plugin.outputs import Request, difference, folder_is_done

_RUN = "run.json"  # the request that the progress in a folder belongs to
_LOCK = "lock"  # held by the process that trains
WHOLE = "whole"  # marks a saved state as complete


class Begun(NamedTuple):
    """How far a run has come: it is done, or goes on from a saved state, or begins."""

    done: bool = False
    state: Path | None = None
    step: int = 0


def saved_states(work: Path) -> list[Path]:
    """The complete states in a folder, the latest last."""
    states = [path.parent for path in work.glob(f"checkpoint-*/{WHOLE}")]
    return sorted(states, key=lambda path: int(path.name.rsplit("-", 1)[1]))


@contextmanager
def begun(output: Path, work: Path, request: Request, overwrite: bool = False) -> Iterator[Begun]:
    """Where a run is, as far as it was done before; the folder of its states is this process's until the block ends.

    Parameters
    ----------
    overwrite : a finished checkpoint is to be replaced, and the progress of another run is removed.

    Raises
    ------
    UserError
        The output or the folder of states is not ours, or holds another run; or another process has the folder.
    """
    if folder_is_done(output, RECORD, request, overwrite):
        yield Begun(done=True)
        return
    check_output(work, _RUN, (_LOCK,))
    with _held(work):
        # Looked at again: another process may have finished between.
        if folder_is_done(output, RECORD, request, overwrite):
            remove_folder(work)
            yield Begun(done=True)
            return
        if (work / _RUN).exists():
            said = difference(read_json(work / _RUN), request)
            if said and not overwrite:
                raise UserError(
                    f"{work} holds the progress of another run ({said}); choose another output, or begin anew with "
                    "--overwrite (overwrite=True)"
                )
            if said:
                for old in work.glob("checkpoint-*"):
                    shutil.rmtree(old)
                (work / _RUN).unlink()
        if not (work / _RUN).exists():
            write_json(work / _RUN, request)
        state = next(reversed(saved_states(work)), None)
        yield Begun(state=state, step=int(read_json(state / "trainer_state.json")["global_step"]) if state else 0)


@contextmanager
def _held(work: Path) -> Iterator[None]:
    """Have a folder of states alone."""
    with ExitStack() as stack:
        try:
            work.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(work / _LOCK, blocking=False))
        except (Timeout, FileNotFoundError) as error:  # the latter where the other has just finished
            raise UserError(
                f"another process is training into {work}; wait until it has finished, or choose another output"
            ) from error
        except OSError as error:
            raise UserError(f"cannot write {work}: {error.strerror or error}") from error
        yield
