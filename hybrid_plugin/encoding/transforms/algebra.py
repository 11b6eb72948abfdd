"""What several transforms compute."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def language_means(vectors: Mapping[str, np.ndarray], dtype: type = np.float32) -> np.ndarray:
    """The mean of each language [languages + 1, dimension], and in the last row the mean of these."""
    means = np.stack([found.mean(0, dtype=np.float64) for found in vectors.values()])
    return np.concatenate([means, means.mean(0, keepdims=True)]).astype(dtype)


def dots(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Dot products [n, m], of which equal vectors get equal ones, bit for bit; a matrix product does not promise it."""
    return np.einsum("nd,md->nm", vectors, others)


def project_out(vectors: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Vectors [n, dimension] without their part in the span of orthonormal directions [k, dimension]."""
    return vectors - np.einsum("nk,kd->nd", dots(vectors, directions), directions)
