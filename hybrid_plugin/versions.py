"""The versions that a result depends on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("hybrid-ir", "torch", "transformers", "numpy", "ir-datasets", "ir-measures", "pyserini", "faiss-cpu")


def versions(*others: str) -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on, for every checkpoint and score file.

    Parameters
    ----------
    others : packages that a result depends on as well.
    """
    found = {"python": platform.python_version()}
    for package in (*_PACKAGES, *others):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
