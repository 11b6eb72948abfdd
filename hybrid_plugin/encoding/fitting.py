"""Transforms fitted on texts of each language, and kept beside their encoder."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.identity import check_identity
from hybrid_plugin.encoding.ids import rows_of
from hybrid_plugin.encoding.sampling import Sample, sample_parallel, sample_texts
from hybrid_plugin.encoding.transforms.base import Transform
from hybrid_plugin.encoding.transforms.fitted import FILE, FittedTransform, probe_of
from hybrid_plugin.encoding.transforms.named import transform_kind
from hybrid_plugin.encoding.vectors import read_record, read_vectors
from hybrid_plugin.errors import UserError, did_you_mean
from hybrid_plugin.files import StrPath, check_output, whole_folder
from hybrid_plugin.outputs import REQUEST, Request, file_is_done, folder_is_done, record_request
from hybrid_plugin.tasks.checksum import checksum, is_small
from hybrid_plugin.tasks.named import load_dataset
from hybrid_plugin.tasks.sides import load_side, said_of_texts
from hybrid_plugin.tasks.texts import Text, texts_of

_Drawn = Mapping[tuple[str, str], Sequence[Text]]  # (language, "docs" or "queries") -> texts
DEFAULT_TEXTS = 500  # of each language and kind; docs/transforms.md shows what fewer cost
_FEW = 50  # texts of a language, below which a warning is due


def check_fit(
    name: str,
    dataset_ids: Sequence[str],
    output: StrPath,
    encoder_name: str,
    vectors: Sequence[StrPath] = (),
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Refuse what :func:`fit_transform` and :func:`save_transform` would, before anything is loaded.

    Raises
    ------
    UserError
        A name, an id or a setting is unknown, there is not one folder of vectors for each id, or the output is not ours
        to write.
    """
    output = Path(output)
    _settings(transform_kind(name), settings)
    for dataset_id in dataset_ids:
        load_dataset(dataset_id)
    _folders(dataset_ids, vectors)
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
    settings: Mapping[str, Any] | None = None,
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
    asked = _settings(transform_kind(name), settings)
    request = {"transform": name, "rank": rank, "texts": texts, "seed": seed, "on": on, "encoder": identity}
    return request | ({"settings": asked} if asked else {})


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
    vectors: Sequence[StrPath] = (),
    settings: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> FittedTransform:
    """Fit a transform on the documents and queries of ir_datasets ids; relevance is not looked at.

    Queries and passages of a language are fitted together: one mean, one subspace. A language that several ids have
    is fitted on the first of them. A transform that is fitted on translations (shift) gets documents alone, those that
    answer the same question in its source language and in another.

    Parameters
    ----------
    name : centring, lir, lsar, shift, or that of a plugin.
    rank : see the transform.
    texts : of each language, so many documents and so many queries, drawn at random; or so many translations.
    seed : of the draw.
    vectors : what :func:`~hybrid_plugin.encoding.encode_dataset` wrote with the encoder, without a transform, for each
        id; nothing is encoded then, and the transform is the same but for last digits.
    settings : further ones, by the keywords of the transform's ``fit``: ``{"source": "en", "scale": 0.6}``.

    Raises
    ------
    UserError
        A name, id or setting is unknown, an id does not say the languages of its texts or has no translations, the rank
        or a setting does not fit, or the vectors are of another encoder or of other texts.

    Examples
    --------
    >>> fitted = fit_transform("centring", Encoder.load("e5"), ["mlqa-r"])   # doctest: +SKIP
    >>> fitted.save(Path("centring.safetensors"))                            # doctest: +SKIP
    """
    kind, folders = transform_kind(name), _folders(dataset_ids, vectors)
    asked = _settings(kind, settings)
    if kind.parallel:
        samples = sample_parallel(dataset_ids, texts, seed, asked["source"])
    else:
        samples = [Sample(*sample_texts(dataset_ids, texts, seed))]
    sizes: dict[str, int] = {}
    for sample in samples:
        for (lang, _), drawn in sample.texts.items():
            sizes[lang] = sizes.get(lang, 0) + len(drawn)
    # A rehearsal on noise: a rank that does not fit is refused before the minutes that encoding may take.
    rng, width = np.random.default_rng(seed), encoder.dimension
    noise = [{key: rng.standard_normal((len(drawn), width)) for key, drawn in one.texts.items()} for one in samples]
    kind.fit(_by_language(samples, noise), rank, **asked)
    few = ", ".join(f"{lang} ({size})" for lang, size in sizes.items() if size < _FEW)
    if few:
        warnings.warn(f"the transform is fitted on fewer than {_FEW} texts of {few}", stacklevel=2)
    raw = encoder.untransformed()
    parts = [
        _stored(raw, folders, one.texts, one.languages) if folders else _encoded(raw, one.texts, progress)
        for one in samples
    ]
    about = {
        "name": name,
        "rank": rank,
        **({"settings": asked} if asked else {}),
        "encoder": encoder.name,
        "fitted_on": {dataset_id: langs for one in samples for dataset_id, langs in one.languages.items()},
        "texts": sizes,
        "seed": seed,
    }
    return FittedTransform(kind.fit(_by_language(samples, parts), rank, **asked), about, probe_of(encoder))


def _settings(kind: type[Transform], settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """All settings of a transform beside its rank: those that are given, and the defaults of its ``fit``."""
    known = {
        name: parameter.default
        for name, parameter in signature(kind.fit).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    }
    chosen = dict(known)
    for name, value in (settings or {}).items():
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "has none"
            raise UserError(f"unknown setting '{name}'; {kind.name} {takes}{did_you_mean(name, known)}")
        default = known[name]
        chosen[name] = float(value) if type(value) is int and isinstance(default, float) else value
        if not isinstance(chosen[name], type(default)):  # YAML takes the language no for false
            raise UserError(f"{name} is {value!r}; {kind.name} takes a value such as {default!r}")
    return chosen


def _by_language(
    samples: Sequence[Sample], parts: Sequence[Mapping[tuple[str, str], np.ndarray]]
) -> dict[str, np.ndarray]:
    """The vectors of each language, from those of each sample."""
    langs = dict.fromkeys(lang for part in parts for lang, _ in part)
    both = list(zip(samples, parts, strict=True))
    return {lang: np.concatenate([block for one, part in both for block in _blocks(one, part, lang)]) for lang in langs}


def _blocks(sample: Sample, part: Mapping[tuple[str, str], np.ndarray], lang: str) -> list[np.ndarray]:
    """The vectors of a language in a sample; of translations in the rows of the source, of which NaN lack one."""
    own = [vectors for (one, _), vectors in part.items() if one == lang]
    if sample.rows is None:
        return own
    source = max(part.values(), key=len)
    aligned = np.full(source.shape, np.nan, np.float32)
    for vectors in own:
        aligned[sample.rows[lang]] = vectors
    return [aligned]


def _folders(dataset_ids: Sequence[str], vectors: Sequence[StrPath]) -> dict[str, Path]:
    """The folder of vectors of each id, if there are any."""
    if vectors and len(vectors) != len(dataset_ids):
        raise UserError(f"there are {len(vectors)} folders of vectors for {len(dataset_ids)} ids; give one for each")
    return dict(zip(dataset_ids, map(Path, vectors), strict=True)) if vectors else {}


def _encoded(encoder: Encoder, found: _Drawn, progress: bool) -> dict[tuple[str, str], np.ndarray]:
    return {
        (lang, side): encoder.encode(
            [text.text for text in drawn], "passage" if side == "docs" else "query", progress=progress
        )
        for (lang, side), drawn in found.items()
    }


def _stored(
    encoder: Encoder, folders: Mapping[str, Path], found: _Drawn, fitted_on: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], np.ndarray]:
    """The vectors of texts, looked up by their ids."""
    identity, parts = encoder.identity, {}
    for dataset_id, langs in fitted_on.items():
        for side in ("docs", "queries"):
            drawn = {lang: found[lang, side] for lang in langs if (lang, side) in found}
            if not drawn:
                continue
            folder = folders[dataset_id] / side
            vectors, record = read_vectors(folder), read_record(folder)
            check_identity(record.get("identity"), identity, f"the folder of vectors {folder}", encoder.name)
            comparable = record.get("dataset") == dataset_id and "views" not in record and is_small(dataset_id, side)
            if comparable and record.get("checksum") != checksum(texts_of(load_dataset(dataset_id), side)):
                raise UserError(f"{folder} has vectors of other texts than '{dataset_id}' has; encode again")
            row = rows_of(vectors.ids, {text.id for texts in drawn.values() for text in texts})
            for lang, texts in drawn.items():
                missing = next((text.id for text in texts if text.id not in row), None)
                if missing is not None:
                    raise UserError(f"{folder} has no vector of '{missing}'")
                parts[lang, side] = vectors.take(np.array([row[text.id] for text in texts], np.int64))
    return parts
