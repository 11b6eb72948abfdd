"""The sources and formats that are there without a plugin."""

from __future__ import annotations

from functools import partial

from datasets_ext.parallel import registered_collections
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.training.sources.collection import from_collection
from hybrid_plugin.training.sources.duorc import DUORC
from hybrid_plugin.training.sources.entityquestions import ENTITYQUESTIONS
from hybrid_plugin.training.sources.formats import SourceFormat, SourceLoader
from hybrid_plugin.training.sources.irds import IRDS
from hybrid_plugin.training.sources.jsonl import JSONL
from hybrid_plugin.training.sources.mfaq import MFAQ
from hybrid_plugin.training.sources.mmarco import MMARCO
from hybrid_plugin.training.sources.mr_tydi import MR_TYDI
from hybrid_plugin.training.sources.natural_questions import NATURAL_QUESTIONS
from hybrid_plugin.training.sources.newsqa import NEWSQA
from hybrid_plugin.training.sources.squad import SQUAD
from hybrid_plugin.training.sources.squadshifts import SQUADSHIFTS
from hybrid_plugin.training.sources.tevatron import TEVATRON
from hybrid_plugin.training.sources.wikiqa import WIKIQA
from hybrid_plugin.training.sources.yahoo_answers import YAHOO_ANSWERS

_IDS = (MMARCO, MR_TYDI)
_PAIRS = (DUORC, ENTITYQUESTIONS, MFAQ, NATURAL_QUESTIONS, NEWSQA, SQUADSHIFTS, WIKIQA, YAHOO_ANSWERS)


@hookimpl
def hybrid_ir_sources() -> dict[str, SourceLoader]:
    """Every parallel collection is a source, of those with a train part, that part; and the pairs of the paper."""
    names = {collection.name for collection in registered_collections() if not collection.streamed}
    trained = {name: f"{name}-train" if f"{name}-train" in names else name for name in names}
    collections = {name: partial(from_collection, name, dataset_id) for name, dataset_id in trained.items()}
    return {**collections, **{one.name: one for one in (*_IDS, *_PAIRS)}}


@hookimpl
def hybrid_ir_source_formats() -> list[SourceFormat]:
    return [JSONL, SQUAD, TEVATRON, IRDS, *(one.format for one in _PAIRS)]
