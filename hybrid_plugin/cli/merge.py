"""Checkpoints without training: merge."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter

from hybrid_plugin import training
from hybrid_plugin.cli.options import Output, Overwrite


def merge(
    checkpoints: Annotated[list[str], Parameter(help="Two or more, by folder or name on the hub.")],
    /,
    *,
    output: Output,
    weights: Annotated[
        list[float] | None, Parameter(help="Of each checkpoint; scaled to the sum 1. By default all the same.")
    ] = None,
    method: Annotated[
        Literal["linear", "spherical"],
        Parameter(help="linear, the weighted mean; or spherical, of two along the arc between their weights."),
    ] = "linear",
    overwrite: Overwrite = False,
) -> None:
    """Merge checkpoints of one architecture into one, without training.

    The record of the merged checkpoint names all that they were trained on. For example, between a checkpoint of
    monolingual and one of cross-lingual batches:

        hybrid-ir merge e5-mono e5-cross --weights 0.25 0.75 --output e5-merged
        hybrid-ir evaluate xquad-r --encoder e5-merged --output scores
    """
    training.merge(checkpoints, output, weights, method, overwrite)
    print(f"checkpoint: {output}")
