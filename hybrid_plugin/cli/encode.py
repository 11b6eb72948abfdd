"""From texts to vectors, indexes and rankings: encode, index, search, transform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hybrid_plugin import encoding, retrieval, tasks
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import (
    BatchSize,
    DatasetId,
    EncoderName,
    Json,
    Output,
    Overwrite,
    Positive,
    Seed,
    watched,
)
from hybrid_plugin.encoding.settings import EncoderOptions
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
    name: Annotated[str, Parameter(help="centring, lir, lsar, or that of a plugin; see: hybrid-ir transform list")],
    /,
    *,
    encoder: EncoderName,
    on: Annotated[list[str], Parameter(help="ir_datasets ids; each language is fitted on the first that has it.")],
    output: Annotated[Path, Parameter(help="X.safetensors, or a folder for encoder and transform.")],
    rank: Annotated[int | None, Parameter(help="Directions to remove: lir 1, lsar languages - 1.")] = None,
    texts: Annotated[Positive, Parameter(help="Documents, and as many queries, of each language.")] = 500,
    seed: Annotated[Seed, Parameter(help="Of the random draw of texts.")] = 0,
    options: EncoderOptions = EncoderOptions(),
    batch_size: BatchSize = None,
    overwrite: Overwrite = False,
) -> None:
    """Fit a vector transform on unlabelled texts of each language; see docs/transforms.md.

    Fit on another collection than the one you score. A file goes to --transform of evaluate, encode, index and search;
    a folder is an encoder like any other, also for `hybrid-ir run pyserini...`.

    For example:

        hybrid-ir transform fit centring --encoder e5-hybrid --on mlqa-r --output centring.safetensors
        hybrid-ir evaluate xquad-r --encoder e5-hybrid --transform centring.safetensors --output scores
    """
    encoding.check_fit(name, on, output, encoder)  # complain before the model is loaded
    loaded = encoding.Encoder.load(encoder, options)
    request = encoding.fit_request(name, loaded, on, rank=rank, texts=texts, seed=seed)
    if encoding.transform_is_done(output, request, overwrite):
        say_done(output)
    else:
        fitted = encoding.fit_transform(
            name, loaded, on, rank=rank, texts=texts, seed=seed, batch_size=batch_size, progress=watched()
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
    batch_size: BatchSize = None,
    overwrite: Overwrite = False,
) -> None:
    """Encode the documents and queries of an id or a benchmark into folders of vectors (vectors.npy, ids.txt).

    For example:

        hybrid-ir encode xquad-r --encoder e5-hybrid --output vectors
    """
    tasks.views_of(dataset_id)  # complain before the model is loaded
    loaded = encoding.Encoder.load(encoder, options)
    folders = encoding.encode_dataset(
        dataset_id, loaded, output, batch_size=batch_size, progress=watched(), overwrite=overwrite
    )
    print(*folders, sep="\n")


def index(
    dataset_id: DatasetId,
    /,
    *,
    encoder: EncoderName,
    output: Output,
    options: EncoderOptions = EncoderOptions(),
    batch_size: BatchSize = None,
    overwrite: Overwrite = False,
) -> None:
    """Encode the documents of an id or a task into an exact FAISS index that Pyserini searches.

    For example:

        hybrid-ir index xquad-r/multi --encoder e5-hybrid --output index
    """
    tasks.load_side(dataset_id, "docs")
    loaded = encoding.Encoder.load(encoder, options)
    print(
        retrieval.index_dataset(
            dataset_id, loaded, output, batch_size=batch_size, progress=watched(), overwrite=overwrite
        )
    )


def search(
    dataset_id: DatasetId,
    /,
    *,
    encoder: EncoderName,
    index: Annotated[Path, Parameter(help="A FAISS folder, ours or Pyserini's.")],
    output: Annotated[Path, Parameter(help="The TREC run file to write.")],
    hits: Annotated[int, Parameter(help="Documents a query.")] = 1000,
    options: EncoderOptions = EncoderOptions(),
    batch_size: BatchSize = None,
    overwrite: Overwrite = False,
) -> None:
    """Search a FAISS index with the queries of an id or a task and write a TREC run file.

    For example, in the index of the pool, and what scores the run:

        hybrid-ir search xquad-r/multi/en --encoder e5-hybrid --index index --output run.trec
        hybrid-ir evaluate xquad-r/multi/en --runs-from run.trec --output scores
    """
    tasks.load_side(dataset_id, "queries")
    loaded = encoding.Encoder.load(encoder, options)
    print(
        retrieval.search_dataset(
            dataset_id,
            loaded,
            index,
            output,
            hits=hits,
            batch_size=batch_size,
            progress=watched(),
            overwrite=overwrite,
        )
    )
