"""The sources and formats that are there without a plugin."""

from __future__ import annotations

from functools import partial

from datasets_ext.parallel import registered_collections
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.training.sources.collection import from_collection
from hybrid_plugin.training.sources.formats import SourceFormat, SourceLoader
from hybrid_plugin.training.sources.irds import IRDS
from hybrid_plugin.training.sources.jsonl import JSONL
from hybrid_plugin.training.sources.squad import SQUAD
from hybrid_plugin.training.sources.tevatron import TEVATRON


@hookimpl
def hybrid_ir_sources() -> dict[str, SourceLoader]:
    """Every parallel collection is a source; of those with a train part, that part."""
    names = {collection.name for collection in registered_collections()}
    trained = {name: f"{name}-train" if f"{name}-train" in names else name for name in names}
    return {name: partial(from_collection, name, dataset_id) for name, dataset_id in trained.items()}


@hookimpl
def hybrid_ir_source_formats() -> list[SourceFormat]:
    return [JSONL, SQUAD, TEVATRON, IRDS]
