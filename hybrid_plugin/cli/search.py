"""From vectors to rankings: index, search."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hybrid_plugin import encoding, retrieval, tasks
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import DatasetId, Json, Output, Overwrite, Positive, watched
from hybrid_plugin.encoding.settings import EncoderOptions
from hybrid_plugin.retrieval.settings import IndexSettings, SearchSettings

index = App(name="index")
Encoding = Annotated[str | None, Parameter(help="As of `encode`; needed where there are no --vectors.")]
Stored = Annotated[Path | None, Parameter(help="A folder of `hybrid-ir encode`, so that nothing is encoded.")]


@index.default
def build(
    dataset_id: DatasetId,
    /,
    *,
    encoder: Encoding = None,
    output: Output,
    backend: Annotated[str, Parameter(help="exact, faiss, milvus or a plugin's; see: hybrid-ir index list")] = "faiss",
    vectors: Stored = None,
    settings: IndexSettings = IndexSettings(),
    options: EncoderOptions = EncoderOptions(),
    overwrite: Overwrite = False,
) -> None:
    """Index the documents of an id or a task; docs/search.md compares the back ends.

    What is encoded for it lies in OUTPUT.vectors until the index is built, and what was killed goes on from there. For
    example, an exact FAISS index that Pyserini searches, and an approximate one of vectors that are there:

        hybrid-ir index xquad-r/multi --encoder e5-hybrid --output index
        hybrid-ir index xquad-r/multi --vectors vectors --index-factory HNSW32 --output hnsw
    """
    tasks.load_side(dataset_id, "docs")  # complain before the model is loaded
    loaded = None if encoder is None else encoding.Encoder.load(encoder, options)
    made = retrieval.index_dataset(
        dataset_id,
        loaded,
        output,
        backend=backend,
        settings=settings,
        vectors=vectors,
        progress=watched(),
        overwrite=overwrite,
    )
    for depth, share in retrieval.index_record(made).get("recall", {}).items():
        print(f"recall@{depth} {share:.4f} of an exact search, by the vectors of documents as queries")
    print(made)


@index.command
def delete(folder: Annotated[Path, Parameter(help="Of `hybrid-ir index`.")], /) -> None:
    """Remove an index, and what its back end keeps elsewhere: the collection in a Milvus cluster.

    For example:

        hybrid-ir index delete index
    """
    retrieval.delete_index(folder)


@index.command(name="list")
def list_backends(*, json: Json = False) -> Any:
    """The back ends that `index --backend` takes, those of plugins included."""
    found = {name: kind.summary() for name, kind in retrieval.backend_kinds().items()}
    if json:
        return [{"name": name, "description": summary} for name, summary in found.items()]
    tables.print_descriptions("back end", found)
    return None


def search(
    name: Annotated[str, Parameter(help="One task, as xquad-r/multi/en, or several, as xquad-r.")],
    /,
    *,
    encoder: Encoding = None,
    index: Annotated[Path, Parameter(help="Of `hybrid-ir index`, of Pyserini (FAISS), or of `hybrid-ir encode`.")],
    output: Annotated[Path, Parameter(help="The TREC run file to write; of several tasks, the folder of them.")],
    hits: Annotated[Positive, Parameter(help="Documents a query.")] = 1000,
    vectors: Stored = None,
    settings: SearchSettings = SearchSettings(),
    options: EncoderOptions = EncoderOptions(),
    overwrite: Overwrite = False,
) -> None:
    """Search an index with the queries of a task, or of all tasks of a benchmark, and write TREC run files.

    One index of the pool serves all tasks of a benchmark: those on one language pass over the documents of others. For
    example, one task, and all 132 of XQuAD-R with what scores them:

        hybrid-ir search xquad-r/multi/en --encoder e5-hybrid --index index --output run.trec
        hybrid-ir search xquad-r --encoder e5-hybrid --index index --output runs
        hybrid-ir evaluate xquad-r --runs-from runs --output scores
    """
    retrieval.check_search(name, output)  # complain before the model is loaded
    loaded = None if encoder is None else encoding.Encoder.load(encoder, options)
    found = retrieval.search_dataset(
        name,
        loaded,
        index,
        output,
        hits=hits,
        vectors=vectors,
        settings=settings,
        device=options.device,
        progress=watched(),
        overwrite=overwrite,
    )
    print(found)
