"""What is in a suite, and how much of it is here; known without reading or downloading anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hybrid_plugin.brief import brief
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.listing import Listed, listed
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.suite import Suite, SuitePart


@dataclass(frozen=True)
class ListedPart:
    """A benchmark of a suite in a list.

    Parameters
    ----------
    listed : the benchmark, or what of it the suite scores; None where nobody knows a benchmark of this name.
    """

    part: SuitePart
    listed: Listed | None

    __repr__ = brief

    @property
    def here(self) -> str:
        """Whether its data is here, as :class:`Listed` says it, or ``unknown``."""
        return "unknown" if self.listed is None else self.listed.here

    def as_json(self) -> dict[str, Any]:
        """Its name in the suite, and what is known of the benchmark."""
        return {"name": self.part.name} | (
            {"benchmark": self.part.benchmark, "data": self.here} if self.listed is None else self.listed.as_json()
        )


def listed_parts(suite: Suite) -> list[ListedPart]:
    """The benchmarks of a suite, in their order.

    Raises
    ------
    UserError
        The suite asks for what a benchmark does not have; names both.
    """
    return [ListedPart(part, _listed(suite, part)) for part in suite.parts]


def _listed(suite: Suite, part: SuitePart) -> Listed | None:
    try:
        whole = load_benchmark(part.benchmark)
    except UserError:
        return None
    try:
        return listed(whole.only(settings=part.settings, languages=part.languages, tasks=part.tasks))
    except UserError as error:
        raise UserError(f"{suite.called}: {error}") from None
