"""Runs of passages scored by the answers that they hold: answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from hybrid_plugin import evaluation, tasks
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import Json, Overwrite, Positive, watched


def answers(
    run: Annotated[Path, Parameter(help="A TREC run, or JSON with texts as Pyserini and DPR write it.")],
    /,
    *,
    queries: Annotated[
        str | None, Parameter(help="An ir_datasets id whose queries have answers, such as mkqa/multi/de.")
    ] = None,
    answers_of: Annotated[
        str | None,
        Parameter(help="Another id whose queries have the answers, as mkqa/multi/en has those for English passages."),
    ] = None,
    docs: Annotated[
        str | None,
        Parameter(help="Has the passages of a TREC run: an ir_datasets id such as beir/nq, or a JSON lines file."),
    ] = None,
    field: Annotated[str, Parameter(help='Of a passage, where to look: text, or "title text".')] = "text",
    k: Annotated[list[Positive], Parameter(help="How many passages, at most, may be looked at.")] = [1, 20, 100],  # noqa: B006
    qrels: Annotated[
        Path | None, Parameter(help="Also write the matches as judgements there, in TREC's format.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> Any:
    """In how many questions one of the first k passages holds an answer: R@k, or top-k accuracy, as papers have it.

    For example, German questions on English Wikipedia, and a run that Pyserini wrote for DPR's evaluation:

        hybrid-ir answers run.trec --queries mkqa/multi/de --answers-of mkqa/multi/en --docs beir/nq
        hybrid-ir answers run.json --k 20 100
    """
    found = evaluation.match_answers(
        run,
        None if queries is None else tasks.load_dataset(queries),
        None if docs is None else _documents(docs),
        answers=None if answers_of is None else tasks.load_dataset(answers_of),
        depth=max(k),
        field=field,
        progress=watched(),
    )
    if qrels is not None:
        found.save(qrels, overwrite=overwrite)
    figures = {f"Success@{one}": found.success(one) for one in k}
    if json:
        return {"questions": len(found.holds), "missing": found.missing, "figures": figures}
    tables.print_figures(f"{run}: {len(found.holds):,} questions", figures)
    return None


def _documents(name: str) -> Any:
    from datasets_ext.files import register_file  # with ir_datasets, which help texts should not wait for

    return tasks.load_dataset(register_file(name, "docs") if Path(name).is_file() else name)
