"""A transform in a file, with the encoder that it was fitted for."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hybrid_plugin.brief import brief
from hybrid_plugin.encoding.settings import Kind
from hybrid_plugin.encoding.transforms.base import Langs, Transform
from hybrid_plugin.encoding.transforms.named import transform_kind
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import StrPath, whole_file

FILE = "transform.safetensors"  # the name by which an encoder's own folder may hold one
_PROBE = "Where can I find out more about this?"  # its vectors tell one encoder from another
_SAME = 0.99  # cosine of two vectors of it; bfloat16 stays above, another prefix falls below


class Encodes(Protocol):
    """What a transform must know of an encoder, which stands above it and holds it."""

    name: str

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str], kind: Kind) -> np.ndarray: ...

    def untransformed(self) -> Encodes: ...


@dataclass(frozen=True)
class FittedTransform:
    """A transform and the encoder whose vectors it was fitted on.

    Parameters
    ----------
    about : JSON values: ``name``, ``rank``, ``encoder``, ``fitted_on`` (ir_datasets id to languages), ``texts``
        (language to number), ``seed`` and, of a transform that has some of its own, ``settings``.
    probe : float32 [2, dimension], what the encoder gives for one sentence as query and as passage.
    """

    transform: Transform
    about: dict[str, Any]
    probe: np.ndarray

    __repr__ = brief

    def apply(self, vectors: np.ndarray, lang: Langs = None, kind: Kind | None = None) -> np.ndarray:
        """See :meth:`Transform.apply`.

        Parameters
        ----------
        kind : of the texts; where the transform leaves such alone, these are the vectors as they are.
        """
        return vectors if kind is not None and kind not in self.transform.kinds else self.transform.apply(vectors, lang)

    @property
    def checksum(self) -> str:
        """Its name and a checksum of its numbers."""
        found = hashlib.sha256(" ".join(self.transform.languages).encode())
        for name in sorted(_arrays(type(self.transform))):
            found.update(np.ascontiguousarray(getattr(self.transform, name)).tobytes())
        return f"{self.about['name']} sha256:{found.hexdigest()}"

    def save(self, path: StrPath) -> None:
        """Write a safetensors file."""
        path = Path(path)
        from safetensors.numpy import save

        arrays = {name: getattr(self.transform, name) for name in _arrays(type(self.transform))}
        about = {**self.about, "languages": self.transform.languages}
        with whole_file(path, "wb") as file:
            file.write(save({**arrays, "probe": self.probe}, {"hybrid_ir": json.dumps(about, ensure_ascii=False)}))

    @classmethod
    def load(cls, path: StrPath) -> FittedTransform:
        """Read a file that :meth:`save` wrote.

        Raises
        ------
        UserError
            There is no such file, it is damaged, or no plugin offers its transform; names the file.
        """
        path = Path(path)
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
        kind = transform_kind(name)
        probe = arrays.pop("probe", None)
        expected = _arrays(kind)
        if probe is None or arrays.keys() != expected or not all(np.isfinite(array).all() for array in arrays.values()):
            raise UserError(f"{path} is damaged: a {name} transform has finite {', '.join(sorted(expected))} and probe")
        if {array.shape[-1] for array in arrays.values()} != {probe.shape[-1]}:
            raise UserError(f"{path} is damaged: its arrays do not have one dimension")
        return cls(kind(languages, **arrays), about, probe)

    def check(self, encoder: Encodes, path: StrPath) -> None:
        """Refuse an encoder that gives other vectors than the one that the transform was fitted for.

        Raises
        ------
        UserError
            Their dimension, or the vectors of one sentence, differ; names both.
        """
        made = f"{path} was fitted for vectors of '{self.about.get('encoder')}'"
        if self.probe.shape[1] != encoder.dimension:
            raise UserError(f"{made} with {self.probe.shape[1]} dimensions; '{encoder.name}' has {encoder.dimension}")
        if (probe_of(encoder) * self.probe).sum(1).min() < _SAME:
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


def probe_of(encoder: Encodes) -> np.ndarray:
    """Vectors of one sentence, as query and as passage, by which an encoder is known: float32 [2, dimension]."""
    raw = encoder.untransformed()
    return np.concatenate([raw.encode([_PROBE], "query"), raw.encode([_PROBE], "passage")])
