"""From texts to vectors: encode, transform."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hybrid_plugin import encoding, tasks
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import (
    Assignments,
    DatasetId,
    EncoderName,
    Json,
    Output,
    Overwrite,
    Positive,
    Seed,
    watched,
)
from hybrid_plugin.encoding.settings import EncoderOptions, Execution, Sharding
from hybrid_plugin.outputs import say_done

transform = App(name="transform", help="Take language information out of vectors, without training.")


@transform.command(name="list")
def list_transforms(*, json: Json = False) -> Any:
    """The transforms that `transform fit` makes, those of plugins included; docs/transforms.md compares them."""
    found = {name: kind.summary() for name, kind in encoding.transform_kinds().items()}
    if json:
        return [{"name": name, "description": summary} for name, summary in found.items()]
    tables.print_descriptions("transform", found)
    return None


@transform.command
def fit(
    name: Annotated[
        str, Parameter(help="centring, lir, lsar, shift, or that of a plugin; see: hybrid-ir transform list")
    ],
    /,
    *,
    encoder: EncoderName,
    on: Annotated[list[str], Parameter(help="ir_datasets ids; each language is fitted on the first that has it.")],
    output: Annotated[Path, Parameter(help="X.safetensors, or a folder for encoder and transform.")],
    rank: Annotated[int | None, Parameter(help="Directions to remove: lir 1, lsar languages - 1.")] = None,
    texts: Annotated[Positive, Parameter(help="Documents, and as many queries, of each language.")] = 500,
    seed: Annotated[Seed, Parameter(help="Of the random draw of texts.")] = 0,
    set: Annotated[
        Assignments | None, Parameter(help="Settings of a transform that has some, as shift: source=en scale=0.6.")
    ] = None,
    options: EncoderOptions = EncoderOptions(),
    vectors: Annotated[
        list[Path] | None,
        Parameter(help="What `hybrid-ir encode` wrote with the encoder, one for each of --on: nothing is encoded."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Fit a vector transform on texts of each language, unlabelled or parallel; see docs/transforms.md.

    Fit on another collection than the one you score. A file goes to --transform of evaluate, encode, index and search;
    a folder is an encoder like any other, also for `hybrid-ir run pyserini...`.

    For example:

        hybrid-ir transform fit centring --encoder e5-hybrid --on mlqa-r --output centring.safetensors
        hybrid-ir evaluate xquad-r --encoder e5-hybrid --transform centring.safetensors --output scores
    """
    stored = vectors or ()
    encoding.check_fit(name, on, output, encoder, stored, set)  # complain before the model is loaded
    loaded = encoding.Encoder.load(encoder, options)
    request = encoding.fit_request(name, loaded, on, rank=rank, texts=texts, seed=seed, settings=set)
    if encoding.transform_is_done(output, request, overwrite):
        say_done(output)
    else:
        fitted = encoding.fit_transform(
            name, loaded, on, rank=rank, texts=texts, seed=seed, vectors=stored, settings=set, progress=watched()
        )
        encoding.save_transform(fitted, loaded, output, request)
    print(output)


def encode(
    dataset_id: DatasetId,
    /,
    *,
    encoder: EncoderName,
    output: Output,
    options: EncoderOptions = EncoderOptions(),
    sharding: Sharding = Sharding(),
    execution: Execution = Execution(),
    overwrite: Overwrite = False,
) -> None:
    """Encode the documents and queries of an id or a benchmark into folders of vectors, in shards.

    What was killed goes on after the last whole shard when the same command is given again, and a shard that was
    damaged since is made anew. Several jobs share the work by --shard, or the workers of a cluster by --executor ray.
    Evaluate, index, search, explore and transform fit take the vectors by --vectors. For example, the whole, as the
    first of four jobs that share it, and by a cluster of Ray:

        hybrid-ir encode xquad-r --encoder e5-hybrid --output vectors
        hybrid-ir encode miracl --encoder e5-hybrid --output vectors --dtype float16 --shard 1/4
        hybrid-ir encode miracl --encoder e5-hybrid --output vectors --executor ray --ray-address auto
    """
    tasks.views_of(dataset_id)  # complain before the model is loaded
    by_ray = execution.executor == "ray"
    with encoding.ray_workers(encoder, options, execution) if by_ray else nullcontext() as workers:
        loaded = workers.encoder if workers else encoding.Encoder.load(encoder, options)
        folders = encoding.encode_dataset(
            dataset_id,
            loaded,
            output,
            sharding=sharding,
            progress=watched(),
            overwrite=overwrite,
            workers=workers,
        )
    counts = loaded.counts
    if counts.texts:
        told = (
            f"{counts.texts:,} distinct texts, {counts.tokens:,} tokens; padding was {counts.padding:.1%} of the work"
        )
        print(told, file=sys.stderr)
    for folder, missing in folders.items():
        print(f"{folder}: {len(missing)} shards of other jobs are not there yet" if missing else folder)
