"""All batches of a training run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybrid_plugin.errors import UserError, blame, did_you_mean
from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.batches.named import strategy_kind
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.sources.source import Source


class Batches(Sequence[Batch]):
    """All batches of a training run: the batch of a step depends on the settings, the seed and the step alone.

    Parameters
    ----------
    strategy : the name of a plugin's strategy.
    steps : how many batches there are.

    Raises
    ------
    UserError
        A source cannot fill a batch, or there is none.
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
    ):
        if not sources:
            raise UserError("there is no source to draw batches from; name at least one")
        _check_languages(sources, settings.only)
        kind = strategy_kind(strategy)
        self._shares = (mix or SourceMix()).shares(sources)
        with blame(f"the strategy '{strategy}'", kind):
            self._strategies = [kind(source, settings) for source in sources]
        self._name, self._steps, self._seed = strategy, steps, seed
        self.rows = sum(map(len, sources))  # that an epoch is

    def __repr__(self) -> str:
        return f"Batches({self._name!r}, {len(self):,} steps, {self.rows:,} rows, seed={self._seed})"

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:  # type: ignore[override]
        if not 0 <= step < self._steps:
            raise IndexError(step)
        rng = np.random.default_rng([self._seed, step])
        strategy = self._strategies[rng.choice(len(self._strategies), p=self._shares)]
        with blame(f"the strategy '{self._name}'", type(strategy)):
            batch = strategy.draw(rng, step / max(1, self._steps - 1))
            if not isinstance(batch, Batch):
                raise TypeError(f"it draws a {type(batch).__name__}, not a Batch")
            return batch


def _check_languages(sources: Sequence[Source], wanted: Sequence[str]) -> None:
    """Refuse a language that no source has; a source may lack one that another has."""
    known = sorted({lang for source in sources for lang in source.languages})
    strange = sorted(set(wanted) - set(known))
    if strange:
        lacking = f"source '{sources[0].name}' has no '{strange[0]}'; it has"
        if sources[1:]:
            lacking = f"none of the {len(sources)} sources has '{strange[0]}'; they have"
        raise UserError(f"{lacking} {', '.join(known)}{did_you_mean(strange[0], known)}")
