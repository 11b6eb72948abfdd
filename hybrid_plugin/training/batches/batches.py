"""All batches of a training run: the planner.

First the kind of a batch is drawn, then a source among those that can give it, then rows, then languages, then hard
negatives, each from a random stream of its own (:class:`Streams`).
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from hybrid_plugin.errors import UserError, blame, did_you_mean
from hybrid_plugin.training.batches.batch import Batch, Example
from hybrid_plugin.training.batches.kind import Kind, another, one_of
from hybrid_plugin.training.batches.named import strategy_kind
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.batches.streams import Streams
from hybrid_plugin.training.sources.source import Source

Parallel = Literal["queries", "passages"]  # what a loss may want in a second language


class Batches(Sequence[Batch]):
    """All batches of a training run: the batch of a step depends on the settings, the seed and the step alone.

    Parameters
    ----------
    strategy : the name of a plugin's strategy.
    steps : how many batches there are.
    parallel : what each example has in a second language besides, where its row has it.

    Raises
    ------
    UserError
        No source can give a kind of batch that the strategy has, or there is no source.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        strategy: str,
        settings: BatchSettings,
        *,
        steps: int,
        seed: int = 0,
        mix: SourceMix | None = None,
        parallel: Collection[Parallel] = (),
    ):
        if not sources:
            raise UserError("there is no source to draw batches from; name at least one")
        _check_languages(sources, settings.only)
        kind = strategy_kind(strategy)
        if hasattr(kind, "draw"):
            raise UserError(
                f"the strategy '{strategy}' draws batches itself, as in version 0.1; since 0.2 a strategy names its "
                "kinds of examples, and these draw them: see docs/plugins.md"
            )
        with blame(f"the strategy '{strategy}'", kind):
            self._strategy = kind(settings)
            self._able = {
                kind: _Able(kind, sources, settings, mix or SourceMix()) for kind in self._strategy.possible()
            }
        for source in sources:
            failures = [able.failures.get(source.name) for able in self._able.values()]
            if all(failures):
                warnings.warn(f"nothing is drawn from '{source.name}': {failures[0]}", stacklevel=2)
        self._languages = settings.only or tuple({lang for source in sources for lang in source.languages})
        self._parallel = frozenset(parallel)
        self._name, self._steps, self._seed = strategy, steps, seed
        self.rows = sum(map(len, sources))  # that an epoch is

    def __repr__(self) -> str:
        return f"Batches({self._name!r}, {len(self):,} steps, {self.rows:,} rows, seed={self._seed})"

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:  # type: ignore[override]
        if not 0 <= step < self._steps:
            raise IndexError(step)
        streams = Streams(self._seed, step)
        with blame(f"the strategy '{self._name}'", type(self._strategy)):
            parts = self._strategy.parts(streams.kinds, step / max(1, self._steps - 1))
        taken: dict[str, set[int]] = {}  # places of rows, by source
        examples: list[Example] = []
        for kind, count in (part for part in parts if part[1]):
            drawer = self._able[kind].one(streams)
            with blame(f"the strategy '{self._name}'", kind):
                drawn = drawer.draw(count, streams, taken.setdefault(drawer.source.name, set()))
                if not isinstance(drawn, list) or [isinstance(one, Example) for one in drawn] != [True] * count:
                    raise TypeError(f"its kind '{kind.name}' draws {drawn!r:.80}, not a list of {count} examples")
            examples += drawn
        name = parts[0][0].name if len(parts) == 1 else self._name
        return Batch(name, tuple(self._with_parallel(example, streams) for example in examples))

    def _with_parallel(self, example: Example, streams: Streams) -> Example:
        """An example with what losses want of it in a second language."""
        row, found = example.row, example
        if "queries" in self._parallel:
            langs = sorted(set(row.queries).intersection(self._languages) - {example.query_lang})
            found = replace(found, parallel_query=one_of(langs, streams.parallel_queries) if langs else None)
        if "passages" in self._parallel:
            first, *others = example.positives
            if not others:
                langs = sorted(set(row.passages).intersection(self._languages) - {first.lang})
                rng = streams.parallel_passages
                others = [another(row, first, one_of(langs, rng), rng)] if langs else []
            found = replace(found, parallel_passage=others[0] if others else None)
        return found


class _Able:
    """The sources that can give a kind of examples, and how often each does.

    Raises
    ------
    UserError
        None can; says why.
    """

    def __init__(self, kind: type[Kind], sources: Sequence[Source], settings: BatchSettings, mix: SourceMix):
        self.failures: dict[str, str] = {}  # why a source cannot, by its name
        self._drawers, shares = [], []
        for source, share in zip(sources, mix.shares(sources), strict=True):
            try:
                self._drawers.append(kind(source, settings))
                shares.append(share)
            except UserError as error:
                self.failures[source.name] = str(error)
        if not self._drawers:
            raise UserError("; ".join(self.failures.values()))
        weights = np.array(shares)
        if not weights.sum():
            raise UserError(f"the weights leave no source that can give a {kind.name} batch")
        self._shares = weights / weights.sum()

    def one(self, streams: Streams) -> Kind:
        """One of them."""
        return self._drawers[streams.sources.choice(len(self._drawers), p=self._shares)]


def _check_languages(sources: Sequence[Source], wanted: Sequence[str]) -> None:
    """Refuse a language that no source has; a source may lack one that another has."""
    known = sorted({lang for source in sources for lang in source.languages})
    strange = sorted(set(wanted) - set(known))
    if strange:
        lacking = f"source '{sources[0].name}' has no '{strange[0]}'; it has"
        if sources[1:]:
            lacking = f"none of the {len(sources)} sources has '{strange[0]}'; they have"
        raise UserError(f"{lacking} {', '.join(known)}{did_you_mean(strange[0], known)}")
