"""The engines that are there without a plugin."""

from __future__ import annotations

from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.retrieval.backends.base import SearchBackend
from hybrid_plugin.retrieval.backends.exact import ExactBackend
from hybrid_plugin.retrieval.backends.faiss import FaissBackend
from hybrid_plugin.retrieval.backends.milvus import MilvusBackend


@hookimpl
def hybrid_ir_backends() -> dict[str, type[SearchBackend]]:
    return {kind.name: kind for kind in (ExactBackend, FaissBackend, MilvusBackend)}
