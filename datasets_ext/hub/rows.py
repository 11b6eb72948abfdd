"""The rows of a data set as records, by the names of its columns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from datasets_ext.errors import CollectionError
from datasets_ext.hub.about import PREFIX, HubCollection

_FIELD = re.compile(r"\{([^{}]+)\}")
_ROW = "row"
_BATCH = 1000  # rows read at a time


def read_rows(
    about: HubCollection, side: Mapping[str, Any], keys: tuple[tuple[str, ...], tuple[str, ...]], code: str
) -> Iterator[tuple[Where, dict[str, str]]]:
    """The records of one side in one language, each with where it stands."""
    side = filled(side, code)
    wanted = {key: _Column(side[key]) for key in (*keys[0], *keys[1]) if key in side}
    condition = {_Column(name): value for name, value in side.get("where", {}).items()}
    dataset, place = load_split(about, side.get("config"), side.get("split"))
    columns = {name for column in (*wanted.values(), *condition) for name in column.names} - {_ROW}
    for name in sorted(columns - {*dataset.column_names}):
        near = difflib.get_close_matches(name, dataset.column_names, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise CollectionError(
            f"{place} has no column '{name}'; its columns are: {', '.join(dataset.column_names)}{hint}"
        )
    read = sorted(columns) or dataset.column_names[:1]  # of rows that are known by their number alone
    batches = dataset.select_columns(read).iter(batch_size=_BATCH)
    for first, batch in zip(count(0, _BATCH), batches, strict=False):
        plain = None if condition else _plain(wanted, batch)
        if plain is not None:  # as in most data sets, where much is saved
            for number, values in enumerate(zip(*plain, strict=True), first):
                yield Where(place, number), dict(zip(wanted, values, strict=True))
            continue
        for number, values in enumerate(zip(*batch.values(), strict=True), first):
            row = {**dict(zip(batch, values, strict=True)), _ROW: number}
            where = Where(place, number)
            if all(column.of(row, where) == [str(value)] for column, value in condition.items()):
                yield from ((where, record) for record in _records(wanted, row, where))


def _plain(wanted: Mapping[str, _Column], batch: Mapping[str, list[Any]]) -> list[list[str]] | None:
    """The wanted columns of a batch, where each is a column of texts as it is."""
    found = [batch.get(column.form, [None]) for column in wanted.values()]
    return found if all(isinstance(value, str) for values in found for value in values) else None


class Where(NamedTuple):
    """A row, as messages name it."""

    place: str
    number: int

    def __str__(self) -> str:
        return f"{self.place} row {self.number}"


def _records(wanted: Mapping[str, _Column], row: Mapping[str, Any], where: Where) -> Iterator[dict[str, str]]:
    """What a row has in the wanted columns: one record, or one for each item of its lists."""
    found = {key: column.of(row, where) for key, column in wanted.items()}
    listed = {len(values) for key, values in found.items() if wanted[key].listed(row)}
    if len(listed) > 1:
        raise CollectionError(f"{where} has lists of {' and '.join(map(str, sorted(listed)))} items in its columns")
    many = listed.pop() if listed else 1
    for i in range(many):
        yield {key: values[i] if wanted[key].listed(row) else values[0] for key, values in found.items()}


@dataclass(frozen=True)
class _Column:
    """A column, what is inside one, or several joined by a form."""

    form: str

    @property
    def paths(self) -> list[list[str]]:
        return [place.split(".") for place in _FIELD.findall(self.form) or [self.form]]

    @property
    def names(self) -> set[str]:
        """The columns that it needs."""
        return {path[0] for path in self.paths}

    def listed(self, row: Mapping[str, Any]) -> bool:
        """Whether it has several values in a row."""
        return any(isinstance(_inside(row, path), list) for path in self.paths)

    def of(self, row: Mapping[str, Any], where: Where) -> list[str]:
        """Its values in a row."""
        found = [_inside(row, path) for path in self.paths]
        many = max((len(one) for one in found if isinstance(one, list)), default=1)
        parts = [one if isinstance(one, list) else [one] * many for one in found]
        if any(isinstance(one, dict) for part in parts for one in part):
            raise CollectionError(f"{where}: '{self.form}' is no text; name what is in it, such as '{self.form}.text'")
        texts = [["" if one is None else str(one) for one in part] for part in parts]
        if not _FIELD.search(self.form):
            return texts[0]
        return [self._joined(values) for values in zip(*texts, strict=True)]

    def _joined(self, values: Iterable[str]) -> str:
        rest = iter(values)
        return _FIELD.sub(lambda _: next(rest), self.form)


def _inside(value: Any, path: Sequence[str]) -> Any:
    """What lies under a path of keys; of a list, that of each item."""
    for place, key in enumerate(path):
        if isinstance(value, list):
            return [_inside(one, path[place:]) for one in value]
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def filled(value: Any, code: str) -> Any:
    """A specification with its ``{lang}`` filled in."""
    if isinstance(value, Mapping):
        return {key: filled(one, code) for key, one in value.items()}
    return value.replace("{lang}", code) if isinstance(value, str) else value


def load_split(about: HubCollection, config: str | None, split: str | None) -> tuple[Any, str]:
    """The rows of one split, and what it is called in messages."""
    import datasets

    place = " ".join(filter(None, (f"{PREFIX}{about.path}", config)))
    try:
        loaded = datasets.load_dataset(about.path, config, revision=about.revision)
    except Exception as error:  # of the hub, of files, of formats: whatever datasets and its libraries raise
        raise CollectionError(f"cannot load {place}: {str(error).splitlines()[0]}") from error
    if split is None:
        split = "test" if "test" in loaded else next(iter(loaded))
        if split != "test" and len(loaded) > 1:
            raise CollectionError(f"{place} has several splits; name one of {', '.join(loaded)}")
    if split not in loaded:
        raise CollectionError(f"{place} has no split '{split}'; it has: {', '.join(loaded)}")
    return loaded[split], f"{place} {split}"
