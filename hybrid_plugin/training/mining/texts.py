"""The distinct texts of a language, on disk."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from typing import IO

from hybrid_plugin.tasks.texts import Text, trimmed


class Texts:
    """The distinct texts of a language, in a file; in memory a hash and an offset of each.

    Texts that differ in outer blanks alone are one, which is written as it came first.
    """

    def __init__(self, lang: str, file: IO[bytes]):
        self._lang, self._file, self._ends = lang, file, array("Q", [0])
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, text: str) -> int:
        """The text's number, from 0 in order of appearance."""
        digest = hashlib.blake2b(trimmed(text).encode(), digest_size=16).digest()
        number = self._numbers.setdefault(digest, len(self._numbers))
        if number == len(self._ends) - 1:  # a new one; all are written before the first is read
            data = text.encode()
            self._file.write(data)
            self._ends.append(self._ends[-1] + len(data))
        return number

    def __getitem__(self, number: int) -> str:
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number]).decode()

    def text(self, number: int) -> Text:
        """A text as it is encoded."""
        return Text(str(number), trimmed(self[number]), self._lang)

    def __iter__(self) -> Iterator[Text]:
        return map(self.text, range(len(self)))

    @property
    def checksum(self) -> str:
        """SHA-256 of them all, in their order."""
        found = hashlib.sha256()
        for digest in self._numbers:
            found.update(digest)
        return f"sha256:{found.hexdigest()}"

    def close(self) -> None:
        self._file.close()
