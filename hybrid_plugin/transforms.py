"""Language information taken out of finished vectors: transforms, fitted on unlabelled texts of each language.

No training: each transform is a closed form over the vectors of some texts per language, and is applied to vectors of
queries and passages alike. One is kept in a file beside the encoder that it was fitted for.
"""

from __future__ import annotations

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hybrid_plugin.benchmarks import load_dataset
from hybrid_plugin.encoder import RECORD, Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import check_output, whole_file, whole_folder
from hybrid_plugin.plugins import hookimpl, pick
from hybrid_plugin.search import texts_of
from hybrid_plugin.vectors import Text

FILE = "transform.safetensors"  # the name by which an encoder's own folder may hold one
DEFAULT_TEXTS = 500  # of each language and kind; docs/transforms.md shows what fewer cost
_FEW = 50
_PROBE = "Where can I find out more about this?"  # its vectors tell one encoder from another
_SAME = 0.99  # cosine of two vectors of it; bfloat16 stays above, another prefix falls below
Langs = str | Sequence[str | None] | None


@dataclass(frozen=True)
class Transform(ABC):
    """One way to take language information out of vectors.

    A subclass has a ``name``, its state as further array fields (last axis: the dimension), and ``fit`` and ``remove``.

    Parameters
    ----------
    languages : those that it was fitted on.
    """

    name: ClassVar[str]
    languages: tuple[str, ...]

    @classmethod
    @abstractmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> Transform:
        """Fit on vectors [texts, dimension] of each language.

        Parameters
        ----------
        rank : how many directions to remove, where the method has such a choice; None for its default.

        Raises
        ------
        UserError
            The rank does not suit the method or the vectors.
        """

    @abstractmethod
    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        """Vectors [n, dimension] without the language information, before they are scaled; ``langs`` has n."""

    def apply(self, vectors: np.ndarray, lang: Langs = None) -> np.ndarray:
        """Unit vectors without the language information.

        Parameters
        ----------
        vectors : float32 [n, dimension].
        lang : of all vectors, or one each; None where it is not known.

        Returns
        -------
        float32 [n, dimension]; a vector of which nothing is left stays zero.
        """
        langs = [lang] * len(vectors) if lang is None or isinstance(lang, str) else lang
        left = self.remove(vectors, langs)
        lengths = np.linalg.norm(left, axis=1, keepdims=True)
        return (left / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32, copy=False)


@dataclass(frozen=True)
class _PerLanguage(Transform):
    """A transform that does something else in each language.

    Its arrays have a row a language and one more, computed over all languages, for the languages that it was not
    fitted on. A vector of unknown language counts as one of the language with the nearest mean.
    """

    means: np.ndarray  # float32 [languages + 1, dimension]

    @abstractmethod
    def _remove(self, vectors: np.ndarray, row: int) -> np.ndarray:
        """Vectors of the language in this row of the arrays."""

    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        row_of = {lang: row for row, lang in enumerate(self.languages)}
        rows = np.array([-1 if lang is None else row_of.get(lang, len(row_of)) for lang in langs], np.intp)
        rows[rows < 0] = self.nearest(vectors[rows < 0])
        result = np.empty_like(vectors, np.float32)
        for row in np.unique(rows):
            result[rows == row] = self._remove(vectors[rows == row], row)
        return result

    def nearest(self, vectors: np.ndarray) -> np.ndarray:
        """The row of the language whose mean is nearest (Euclidean), int64 [n]."""
        means = self.means[:-1]
        return (_dots(vectors, means) - (means**2).sum(1) / 2).argmax(1)


@dataclass(frozen=True)
class Centring(_PerLanguage):
    """Subtracts each language's mean vector.

    Source: Libovický, Rosa and Fraser, "On the Language Neutrality of Pre-trained Multilingual Representations",
    Findings of EMNLP 2020, https://arxiv.org/abs/2004.05160.
    """

    name: ClassVar[str] = "centring"

    @classmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> Centring:
        if rank is not None:
            raise UserError(f"centring removes no directions, so it takes no rank (got {rank})")
        return cls(tuple(vectors), _means(vectors))

    def _remove(self, vectors: np.ndarray, row: int) -> np.ndarray:
        return vectors - self.means[row]


@dataclass(frozen=True)
class LIR(_PerLanguage):
    """Language information removal: projects each language's first principal directions out.

    The directions are the first right singular vectors of the language's matrix of vectors, which is not centred, so
    the first is close to the direction of its mean.

    Source: Yang, Yang, Cer and Darve, "A Simple and Effective Method To Eliminate the Self Language Bias in
    Multilingual Representations", EMNLP 2021, https://arxiv.org/abs/2109.04727.
    """

    name: ClassVar[str] = "lir"
    directions: np.ndarray  # float32 [languages + 1, rank, dimension]

    @classmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> LIR:
        rank = 1 if rank is None else rank
        most = min(min(len(found), found.shape[1] - 1) for found in vectors.values())
        if not 1 <= rank <= most:
            raise UserError(f"the rank is {rank}; lir on these vectors takes 1 to {most}")
        # Over all languages, each language counts the same, however many texts it has.
        everything = np.concatenate([found / np.sqrt(len(found)) for found in vectors.values()])
        directions = [np.linalg.svd(found, full_matrices=False)[2][:rank] for found in (*vectors.values(), everything)]
        return cls(tuple(vectors), _means(vectors), np.stack(directions).astype(np.float32))

    def _remove(self, vectors: np.ndarray, row: int) -> np.ndarray:
        return _project_out(vectors, self.directions[row])


@dataclass(frozen=True)
class LSAR(Transform):
    """Low-rank subspaces for language-agnostic representations: projects out the subspace in which languages differ.

    The matrix of language means is approximated by a vector shared by all languages and a subspace of the given rank
    orthogonal to it; the subspace is removed from every vector, whatever its language.

    Source: Xie, Zhao, Yu and Li, "Discovering Low-rank Subspaces for Language-agnostic Multilingual Representations",
    EMNLP 2022, https://arxiv.org/abs/2401.05792, Algorithm 1. The default rank is one less than the number of
    languages, with which the means of all languages become one vector.
    """

    name: ClassVar[str] = "lsar"
    basis: np.ndarray  # float32 [rank, dimension]

    @classmethod
    def fit(cls, vectors: Mapping[str, np.ndarray], rank: int | None = None) -> LSAR:
        most = len(vectors) - 1
        if most < 1:
            raise UserError("lsar needs texts of at least two languages")
        rank = most if rank is None else rank
        if not 1 <= rank <= most:
            raise UserError(f"the rank is {rank}; lsar on {len(vectors)} languages takes 1 to {most}")
        means = _means(vectors, np.float64)[:-1].T
        centre = means.mean(1, keepdims=True)
        left, values, right = np.linalg.svd(means - centre, full_matrices=False)
        approximated = centre + left[:, :rank] * values[:rank] @ right[:rank]
        shared = np.linalg.pinv(approximated.T) @ np.ones((len(vectors), 1))
        shared /= (shared**2).sum()
        left, _, _ = np.linalg.svd(approximated - shared, full_matrices=False)
        return cls(tuple(vectors), np.ascontiguousarray(left[:, :rank].T, np.float32))

    def remove(self, vectors: np.ndarray, langs: Sequence[str | None]) -> np.ndarray:
        return _project_out(vectors, self.basis)


def _means(vectors: Mapping[str, np.ndarray], dtype: type = np.float32) -> np.ndarray:
    """The mean of each language, and in the last row the mean of these."""
    means = np.stack([found.mean(0, dtype=np.float64) for found in vectors.values()])
    return np.concatenate([means, means.mean(0, keepdims=True)]).astype(dtype)


def _dots(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Dot products [n, m], of which equal vectors get equal ones, bit for bit; a matrix product does not promise it."""
    return np.einsum("nd,md->nm", vectors, others)


def _project_out(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    return vectors - np.einsum("nk,kd->nd", _dots(vectors, directions), directions)


@hookimpl
def hybrid_ir_transforms() -> dict[str, type[Transform]]:
    return {kind.name: kind for kind in (Centring, LIR, LSAR)}


@dataclass(frozen=True)
class FittedTransform:
    """A transform and the encoder whose vectors it was fitted on.

    Parameters
    ----------
    about : JSON values: ``name``, ``rank``, ``encoder``, ``fitted_on`` (ir_datasets id to languages), ``texts``
        (language to number) and ``seed``.
    probe : float32 [2, dimension], what the encoder gives for one sentence as query and as passage.
    """

    transform: Transform
    about: dict[str, Any]
    probe: np.ndarray

    def apply(self, vectors: np.ndarray, lang: Langs = None) -> np.ndarray:
        """See :meth:`Transform.apply`."""
        return self.transform.apply(vectors, lang)

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        from safetensors.numpy import save

        arrays = {name: getattr(self.transform, name) for name in _arrays(type(self.transform))}
        about = {**self.about, "languages": self.transform.languages}
        with whole_file(path, "wb") as file:
            file.write(save({**arrays, "probe": self.probe}, {"hybrid_ir": json.dumps(about, ensure_ascii=False)}))

    @classmethod
    def load(cls, path: Path) -> FittedTransform:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        UserError
            There is no such file, it is damaged, or no plugin offers its transform; names the file.
        """
        from safetensors import SafetensorError, safe_open

        if not path.is_file():
            raise UserError(f"there is no transform file '{path}'")
        try:
            with safe_open(path, "numpy") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            about = json.loads(metadata["hybrid_ir"])
            languages = tuple(about.pop("languages"))
            name = about["name"]
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path} is damaged or no transform of hybrid-ir: {error}") from error
        kind = pick("hybrid_ir_transforms", name, "transform")
        probe = arrays.pop("probe", None)
        expected = _arrays(kind)
        if probe is None or arrays.keys() != expected or not all(np.isfinite(array).all() for array in arrays.values()):
            raise UserError(f"{path} is damaged: a {name} transform has finite {', '.join(sorted(expected))} and probe")
        if {array.shape[-1] for array in arrays.values()} != {probe.shape[-1]}:
            raise UserError(f"{path} is damaged: its arrays do not have one dimension")
        return cls(kind(languages, **arrays), about, probe)

    def check(self, encoder: Encoder, path: Path) -> None:
        """Refuse an encoder that gives other vectors than the one that the transform was fitted for.

        Raises
        ------
        UserError
            Their dimension, or the vectors of one sentence, differ; names both.
        """
        made = f"{path} was fitted for vectors of '{self.about.get('encoder')}'"
        if self.probe.shape[1] != encoder.dimension:
            raise UserError(f"{made} with {self.probe.shape[1]} dimensions; '{encoder.name}' has {encoder.dimension}")
        if (_probe(encoder) * self.probe).sum(1).min() < _SAME:
            raise UserError(
                f"{made}, and '{encoder.name}' gives others; check the encoder, --pooling and the prefixes, or fit anew"
            )

    def against(self, dataset_id: str, languages: Iterable[str]) -> dict[str, Any]:
        """What a reader of scores must know, as JSON: ``about``, and how it relates to the collection scored.

        ``fitted_on_scored`` has the languages that were fitted on texts of that collection, ``unseen`` those that were
        not fitted at all. Warns of either.
        """
        scored = set(languages)
        own = {
            lang
            for fitted_on, langs in self.about.get("fitted_on", {}).items()
            if fitted_on.split("/")[0] == dataset_id.split("/")[0]
            for lang in langs
        }
        relation = {
            "fitted_on_scored": sorted(own & scored),
            "unseen": sorted(scored.difference(self.transform.languages)),
        }
        if relation["fitted_on_scored"]:
            langs = ", ".join(relation["fitted_on_scored"])
            warnings.warn(
                f"the transform was fitted on texts of {dataset_id}, which it is scored on ({langs})", stacklevel=3
            )
        if relation["unseen"]:
            langs = ", ".join(relation["unseen"])
            warnings.warn(f"the transform saw no texts in {langs}; see 'unseen' in docs/transforms.md", stacklevel=3)
        return self.about | relation


def _arrays(kind: type[Transform]) -> set[str]:
    return {one.name for one in fields(kind)} - {"languages"}


def _probe(encoder: Encoder) -> np.ndarray:
    raw = replace(encoder, transform=None)
    return np.concatenate([raw.encode([_PROBE], "query"), raw.encode([_PROBE], "passage")])


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


def save_transform(fitted: FittedTransform, encoder: Encoder, output: Path) -> None:
    """Write a transform as a file, or together with its encoder.

    Parameters
    ----------
    output : a name that ends in ``.safetensors`` for the file alone; any other becomes a folder with a copy of the
        encoder and the transform in it, which :meth:`Encoder.load` takes as one.
    """
    check_transform_output(output, encoder.name)
    if output.suffix == ".safetensors":
        fitted.save(output)
        return
    with whole_folder(output, RECORD) as staging:
        replace(encoder, transform=fitted).save(staging, encoder.record or {"base_model": encoder.name})
        fitted.save(staging / FILE)


def with_transform(encoder: Encoder, path: Path) -> Encoder:
    """The same encoder with the transform of a file.

    Raises
    ------
    UserError
        The file is no transform, or one for another encoder; names it.
    """
    fitted = FittedTransform.load(path)
    fitted.check(encoder, path)
    return replace(encoder, transform=fitted)


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
    kind = pick("hybrid_ir_transforms", name, "transform")
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
    raw = replace(encoder, transform=None)
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
    return FittedTransform(kind.fit(by_lang, rank), about, _probe(encoder))


def sample_texts(
    dataset_ids: Sequence[str], number: int, seed: int
) -> tuple[dict[tuple[str, str], list[Text]], dict[str, list[str]]]:
    """Random texts of each language, and the languages taken from each id.

    Returns
    -------
    (language, ``docs`` or ``queries``) to at most ``number`` texts; ir_datasets id to languages.
    """
    if number < 1:
        raise UserError(f"the number of texts is {number}; it must be at least 1")
    datasets = {dataset_id: load_dataset(dataset_id) for dataset_id in dataset_ids}
    found: dict[tuple[str, str], list[Text]] = {}
    taken: dict[str, list[str]] = {}
    for dataset_id, dataset in datasets.items():
        done = {lang for langs in taken.values() for lang in langs}
        new: set[str] = set()
        for side in ("docs", "queries"):
            if not dataset.has(side):
                continue
            for lang, drawn in _draw(texts_of(dataset, side), number, np.random.default_rng(seed)).items():
                if lang is None:
                    raise UserError(f"'{dataset_id}' does not say the language of its {side}")
                if lang not in done:
                    found[lang, side] = drawn
                    new.add(lang)
        if not new:
            raise UserError(f"'{dataset_id}' has no texts of a language that is not fitted yet")
        taken[dataset_id] = sorted(new)
    return dict(sorted(found.items())), taken


def _draw(texts: Iterable[Text], number: int, rng: np.random.Generator) -> dict[str | None, list[Text]]:
    """At most ``number`` texts of each language, all equally likely, from a stream (Vitter 1985, reservoir R)."""
    drawn: dict[str | None, list[Text]] = {}
    seen: dict[str | None, int] = {}
    for text in texts:
        kept = drawn.setdefault(text.lang, [])
        seen[text.lang] = seen.get(text.lang, 0) + 1
        if len(kept) < number:
            kept.append(text)
        elif (place := rng.integers(seen[text.lang])) < number:
            kept[place] = text
    return drawn
