"""Texts and whole ir_datasets entries to vectors, in memory or on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.settings import Kind, Sharding
from hybrid_plugin.encoding.shards import Block, Shards, encode_shards
from hybrid_plugin.encoding.vectors import Vectors, read_vectors
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath
from hybrid_plugin.outputs import Request, say_done
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import id_of, load_dataset
from hybrid_plugin.tasks.sides import said_of_texts, texts_of_views, views_of
from hybrid_plugin.tasks.texts import Text, check_id, count_texts, texts_of
from hybrid_plugin.versions import versions


class Workers(Protocol):
    """Processes, perhaps on other machines, that make shards."""

    def make(
        self, dataset_id: str, side: str, shards: Shards, blocks: Iterable[Block], seen: Callable[[int], object]
    ) -> Iterator[object]:
        """Make some shards, in any order; yields when one is written.

        Parameters
        ----------
        dataset_id, side : where workers read the texts of the blocks.
        seen : is told of so many more texts that are encoded.
        """


def kind_of(side: str) -> Kind:
    """As what the ``docs`` or ``queries`` of a dataset are encoded."""
    return "passage" if side == "docs" else "query"


def encode_texts(encoder: Encoder, texts: Sequence[Text], kind: Kind, *, progress: bool = False) -> Vectors:
    """Vectors of texts, in memory."""
    langs = (text.lang for text in texts)
    matrix = encoder.encode([text.text for text in texts], kind, langs=langs, progress=progress)
    return Vectors([text.id for text in texts], matrix)


def encode_to_folder(
    encoder: Encoder,
    texts: Iterable[Text],
    kind: Kind,
    folder: StrPath,
    *,
    total: int | None = None,
    progress: bool = False,
    request: Request | None = None,
    overwrite: bool | None = False,
    sharding: Sharding | None = None,
    about: dict[str, Any] | None = None,
) -> Vectors:
    """Encode a stream of texts to disk, with memory for two shards of them.

    Parameters
    ----------
    folder : gets ``vectors.json`` when all vectors are written; older vectors there are replaced.
    request : all that decides the vectors. Where it is given, shards that were made for the same before are kept: a run
        that was killed goes on, and a shard that is damaged is made anew.
    overwrite : replace those that were made for the same or another; None where nobody can ask for it.
    sharding : by default float32, in shards of 16,384; of a part of the shards, only where the others are there.
    about : further facts to record, such as the ir_datasets id; an ``identity`` of the encoder that is known already
        is not computed again.

    Returns
    -------
    The vectors, memory-mapped.

    Raises
    ------
    UserError
        The folder holds the vectors of another request or something that is not ours, or an id cannot be in a run file.
    """
    folder, about = Path(folder), about or {}
    about = facts_of(encoder, about.get("identity") or encoder.identity) | about
    asked = {"encoder": about["identity"], "kind": kind} if request is None else request
    encode_shards(
        encoder, texts, kind, folder, sharding or Sharding(), asked, about, total=total, progress=progress,
        overwrite=overwrite if request is not None else True,
    )  # fmt: skip
    return read_vectors(folder)


def facts_of(encoder: Encoder, identity: Request) -> dict[str, Any]:
    """What a record of vectors says of their encoder."""
    return {
        "encoder": encoder.name,
        "identity": dict(identity),
        "transform": encoder.transform and encoder.transform.about,
    }


def encode_dataset(
    dataset_id: str,
    encoder: Encoder,
    output: StrPath,
    *,
    sharding: Sharding | None = None,
    progress: bool = False,
    overwrite: bool = False,
    workers: Workers | None = None,
) -> dict[Path, list[int]]:
    """Encode the documents and queries of an ir_datasets id, as far as it has them, or of all tasks of a benchmark.

    Shards that are there are kept: what was killed goes on, and a damaged shard of finished vectors is made anew.

    Parameters
    ----------
    dataset_id : an ir_datasets id, or what :func:`hybrid_plugin.load_benchmark` takes, of which each text is encoded
        once.
    sharding : how vectors lie on disk, and which part of the work to do.
    overwrite : replace what is there, vectors of another encoder or collection included.
    workers : make the shards, with the same encoder; by default this process does.

    Returns
    -------
    The folders written, ``output/docs`` and ``output/queries``, for :func:`~hybrid_plugin.encoding.read_vectors`; with
    the numbers of the shards that are not there yet, because others make them.

    Raises
    ------
    UserError
        The id is unknown or has neither, or the output holds other vectors.
    """
    dataset_id, output, sharding = id_of(dataset_id), Path(output), sharding or Sharding()
    benchmark = views_of(dataset_id)
    sides = [side for side in ("docs", "queries") if benchmark is not None or load_dataset(dataset_id).has(side)]
    if not sides:
        raise UserError(f"'{dataset_id}' has neither documents nor queries")
    if output.is_file():
        raise UserError(f"{output} is a file, not a folder; choose another output")
    identity = encoder.identity
    requests = {
        side: {
            "side": side,
            "texts": said_of_texts(dataset_id, _checked(texts_to_encode(dataset_id, benchmark, side, [])), side),
            "encoder": identity,
        }
        for side in sides
    }
    shards = {side: Shards(output / side, requests[side], sharding, overwrite) for side in sides}  # before minutes pass
    found: dict[Path, list[int]] = {}
    for side in sides:
        if shards[side].is_whole():
            say_done(output / side)
            found[output / side] = []
            continue
        views: list[dict[str, object]] = []  # filled while they are encoded
        found[output / side] = encode_shards(
            encoder,
            texts_to_encode(dataset_id, benchmark, side, views),
            kind_of(side),
            output / side,
            sharding,
            requests[side],
            {"dataset": dataset_id, **facts_of(encoder, identity), "versions": versions()}
            | ({"views": views} if benchmark else {}),
            total=count_texts(load_dataset(dataset_id), side) if benchmark is None else None,
            progress=progress,
            overwrite=overwrite,
            make=partial(workers.make, dataset_id, side) if workers else None,
        )
    return found


def _checked(texts: Iterable[Text]) -> Iterator[Text]:
    """The same texts; raises where one has an id that cannot be in a run file."""
    for text in texts:
        check_id(text.id)
        yield text


def texts_to_encode(
    dataset_id: str, benchmark: Benchmark | None, side: str, views: list[dict[str, object]]
) -> Iterator[Text]:
    """The documents or queries of an id or a benchmark; notes in ``views`` which rows are whose."""
    if benchmark is None:
        return texts_of(load_dataset(dataset_id), side)
    return texts_of_views(benchmark.doc_views if side == "docs" else benchmark.query_views, side, views)
