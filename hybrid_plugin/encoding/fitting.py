"""Transforms fitted on unlabelled texts of each language, and kept beside their encoder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.sampling import sample_texts
from hybrid_plugin.encoding.transforms.fitted import FILE, FittedTransform, probe_of
from hybrid_plugin.encoding.transforms.named import transform_kind
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, check_output, whole_folder
from hybrid_plugin.outputs import REQUEST, Request, file_is_done, folder_is_done, record_request
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.sides import load_side, said_of_texts

DEFAULT_TEXTS = 500  # of each language and kind; docs/transforms.md shows what fewer cost
_FEW = 50  # texts of a language, below which a warning is due


def check_fit(name: str, dataset_ids: Sequence[str], output: StrPath, encoder_name: str) -> None:
    """Refuse what :func:`fit_transform` and :func:`save_transform` would, before anything is loaded.

    Raises
    ------
    UserError
        A name or an id is unknown, or the output is not ours to write.
    """
    output = Path(output)
    transform_kind(name)
    for dataset_id in dataset_ids:
        load_dataset(dataset_id)
    check_transform_output(output, encoder_name)


def check_transform_output(output: Path, encoder_name: str) -> None:
    """Refuse what :func:`save_transform` could not write, before the minutes that fitting may take.

    Raises
    ------
    UserError
        The output is a folder that is not ours to replace, or the encoder's own.
    """
    if output.suffix == ".safetensors":
        return
    check_output(output, RECORD)
    if output.resolve() == Path(encoder_name).resolve():
        raise UserError(f"{output} is the encoder's own folder; to keep the transform in it, write {output / FILE}")


def fit_request(
    name: str,
    encoder: Encoder,
    dataset_ids: Sequence[str],
    *,
    rank: int | None = None,
    texts: int = DEFAULT_TEXTS,
    seed: int = 0,
) -> dict[str, Any]:
    """All that decides what :func:`fit_transform` gives, for :func:`transform_is_done` and :func:`save_transform`."""
    on = {
        dataset_id: {
            side: said_of_texts(dataset_id, found.texts, side)
            for side in ("docs", "queries")
            if (found := load_side(dataset_id, side)) is not None
        }
        for dataset_id in dataset_ids
    }
    identity = {key: value for key, value in encoder.identity.items() if key != "transform"}
    return {"transform": name, "rank": rank, "texts": texts, "seed": seed, "on": on, "encoder": identity}


def transform_is_done(output: StrPath, request: Request, overwrite: bool = False) -> bool:
    """Whether an output of :func:`save_transform` is the result of a request already.

    Raises
    ------
    UserError
        It is of another, or not ours.
    """
    output = Path(output)
    if output.suffix == ".safetensors":
        return file_is_done(output, request, overwrite)
    return folder_is_done(output, RECORD, request, overwrite)


def save_transform(fitted: FittedTransform, encoder: Encoder, output: StrPath, request: Request | None = None) -> None:
    """Write a transform as a file, or together with its encoder.

    Parameters
    ----------
    output : a name that ends in ``.safetensors`` for the file alone; any other becomes a folder with a copy of the
        encoder and the transform in it, which :meth:`Encoder.load` takes as one.
    request : of :func:`fit_request`, to be recorded with it.
    """
    output = Path(output)
    check_transform_output(output, encoder.name)
    if output.suffix == ".safetensors":
        fitted.save(output)
        if request is not None:
            record_request(output, request)
        return
    with whole_folder(output, RECORD) as staging:
        record = {**(encoder.record or {"base_model": encoder.name}), REQUEST: request}
        replace(encoder, transform=fitted).save(staging, record)
        fitted.save(staging / FILE)


def fit_transform(
    name: str,
    encoder: Encoder,
    dataset_ids: Sequence[str],
    *,
    rank: int | None = None,
    texts: int = DEFAULT_TEXTS,
    seed: int = 0,
    batch_size: int | None = None,
    progress: bool = False,
) -> FittedTransform:
    """Fit a transform on the documents and queries of ir_datasets ids; relevance is not looked at.

    Queries and passages of a language are fitted together: one mean, one subspace. A language that several ids have
    is fitted on the first of them.

    Parameters
    ----------
    name : centring, lir, lsar, or that of a plugin.
    rank : see the transform.
    texts : of each language, so many documents and so many queries, drawn at random.
    seed : of the draw.

    Raises
    ------
    UserError
        A name or id is unknown, an id does not say the languages of its texts, or the rank does not fit.

    Examples
    --------
    >>> fitted = fit_transform("centring", Encoder.load("e5"), ["mlqa-r"])   # doctest: +SKIP
    >>> fitted.save(Path("centring.safetensors"))                            # doctest: +SKIP
    """
    kind = transform_kind(name)
    found, fitted_on = sample_texts(dataset_ids, texts, seed)
    sizes: dict[str, int] = {}
    for (lang, _), drawn in found.items():
        sizes[lang] = sizes.get(lang, 0) + len(drawn)
    # A rehearsal on noise: a rank that does not fit is refused before the minutes that encoding may take.
    noise = np.random.default_rng(seed)
    kind.fit({lang: noise.standard_normal((size, encoder.dimension)) for lang, size in sizes.items()}, rank)
    few = ", ".join(f"{lang} ({size})" for lang, size in sizes.items() if size < _FEW)
    if few:
        warnings.warn(f"the transform is fitted on fewer than {_FEW} texts of {few}", stacklevel=2)
    raw = encoder.untransformed()
    vectors: dict[str, list[np.ndarray]] = {}
    for (lang, side), drawn in found.items():
        encoded = raw.encode(
            [text.text for text in drawn],
            "passage" if side == "docs" else "query",
            batch_size=batch_size,
            progress=progress,
        )
        vectors.setdefault(lang, []).append(encoded)
    by_lang = {lang: np.concatenate(parts) for lang, parts in vectors.items()}
    about = {
        "name": name,
        "rank": rank,
        "encoder": encoder.name,
        "fitted_on": fitted_on,
        "texts": sizes,
        "seed": seed,
    }
    return FittedTransform(kind.fit(by_lang, rank), about, probe_of(encoder))
