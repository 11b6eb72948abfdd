"""What was translated once, on disk: by translator, pair of languages and text."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from hybrid_plugin.errors import UserError
from hybrid_plugin.files import cache_folder

_AT_ONCE = 500  # texts looked up


class Cache:
    """The translations of one translator, in a file of ``$HYBRID_IR_CACHE/translations``, which is safe to delete.

    A call of :meth:`add` is kept as a whole or not at all, whenever the process is killed.

    Parameters
    ----------
    identity : of the translator.
    """

    def __init__(self, identity: Mapping[str, Any]):
        folder = cache_folder("translations")
        name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self._path = folder / f"{name}.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._table = sqlite3.connect(self._path, timeout=60)  # while another process writes
            with self._table:
                self._table.execute(
                    "CREATE TABLE IF NOT EXISTS translation (key BLOB PRIMARY KEY, text TEXT) WITHOUT ROWID"
                )
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"cannot keep translations in {self._path}: {error}") from error

    def find(self, texts: Sequence[str], source_lang: str, target_lang: str) -> dict[str, str]:
        """The translations of those of some texts that have one."""
        keys = {_key(text, source_lang, target_lang): text for text in texts}
        found: dict[str, str] = {}
        asked = list(keys)
        for start in range(0, len(asked), _AT_ONCE):
            part = asked[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            rows = self._table.execute(f"SELECT key, text FROM translation WHERE key IN ({marks})", part)
            found |= {keys[key]: text for key, text in rows}
        return found

    def add(self, translations: Mapping[str, str], source_lang: str, target_lang: str) -> None:
        """Keep translations, by their texts; those that another process has kept meanwhile stay."""
        rows = ((_key(text, source_lang, target_lang), made) for text, made in translations.items())
        try:
            with self._table:
                self._table.executemany("INSERT OR IGNORE INTO translation VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            raise UserError(f"cannot keep translations in {self._path}: {error}") from error

    def close(self) -> None:
        self._table.close()


def _key(text: str, source_lang: str, target_lang: str) -> bytes:
    return hashlib.blake2b("\n".join((source_lang, target_lang, text)).encode(), digest_size=16).digest()
