"""The log of a sweep: which data was read for what, and what was chosen, in the order in which it happened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hybrid_plugin.brief import brief

LOG = "log.jsonl"  # in the output of a sweep


@dataclass(frozen=True)
class Log:
    """A file of JSON lines, of which each has the ``time`` (UTC) and the ``event``; only ever added to."""

    path: Path

    __repr__ = brief

    def add(self, event: str, about: Mapping[str, Any]) -> None:
        """Note that something is about to be done."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(), "event": event, **about}, ensure_ascii=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        torn = self.path.exists() and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n" if torn else f"{line}\n")

    def events(self, event: str) -> Iterator[dict[str, Any]]:
        """Those of a kind, so far; without a line that was torn when its process was killed."""
        for line in self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else ():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry["event"] == event:
                yield entry
