"""Collections and sources: datasets list, info, add, remove, export; sources list, info."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hybrid_plugin import tasks, training
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import DatasetId, Json, Output, Overwrite

datasets = App(name="datasets", help="Collections: list them, look at one, add or remove local files, export.")
sources = App(name="sources", help="Sources of training pairs: list what --source takes, look at one.")


@datasets.command(name="list")
def list_datasets(*, json: Json = False) -> Any:
    """The benchmarks, and whether their data is here; `hybrid-ir run ir_datasets list` lists every id."""
    found = tasks.benchmark_table()
    if json:
        return [one.as_json() for one in found]
    tables.print_benchmarks(found)
    return None


@datasets.command(name="info")
def describe_dataset(dataset_id: DatasetId, /, *, json: Json = False) -> Any:
    """What an id holds: counts, languages, documentation. Downloads nothing.

    For example:

        hybrid-ir datasets info xquad-r/multi/en
    """
    dataset = tasks.load_dataset(dataset_id)
    documentation = dataset.documentation() if hasattr(dataset, "documentation") else {}
    description = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", documentation.get("desc") or "")).strip()
    sides = {
        side: {
            "count": getattr(dataset, f"{side}_count")(),
            "language": getattr(dataset, f"{side}_lang", lambda: None)(),
            "fields": getattr(dataset, f"{side}_cls")()._fields,
        }
        for side in filter(dataset.has, ("docs", "queries", "qrels"))
    }
    ids = tasks.id_examples(dataset)
    if json:
        return {"id": dataset_id, "description": description, **sides, **({"ids": ids} if ids else {})}
    print(*filter(None, (dataset_id, description)), sep="\n")
    for side, held in sides.items():
        count = "?" if held["count"] is None else held["count"]
        print(f"{side:8} {count:>8}  {held['language'] or '':3} {', '.join(held['fields'])}")
    _print_ids(ids)
    return None


@datasets.command
def add(
    name: Annotated[str, Parameter(help="xquad-r, mlqa-r, or a name of your own.")],
    folder: Annotated[Path, Parameter(help="Holds the collection's files.")],
    /,
    *,
    overwrite: Annotated[bool, Parameter(help="Replace a collection of this name that has other files.")] = False,
) -> None:
    """Take a collection from local files: verify them and put them where ir_datasets looks.

    For xquad-r and mlqa-r the folder holds the published {lang}.json; for a name of your own, docs.{lang}.jsonl and
    queries.{lang}.jsonl (see docs/collections.md).
    """
    import datasets_ext

    tasks.register_datasets()
    done = folder.is_dir() and datasets_ext.is_added(name, folder)
    paths = datasets_ext.add(name, folder, overwrite=overwrite)
    print(f"{name}: {len(paths)} files in {paths[0].parent}{', the same as before: nothing to do' if done else ''}")
    _print_ids(tasks.id_examples(tasks.load_dataset(name)))


@datasets.command
def remove(name: Annotated[str, Parameter(help="As it was given to `datasets add`.")], /) -> None:
    """Remove a collection that `datasets add` has taken, and what was made of it; names what it removes.

    xquad-r and mlqa-r stay known without their files.
    """
    import datasets_ext
    from hybrid_plugin.tasks.named import is_dataset

    tasks.register_datasets()
    print("removed:", *datasets_ext.remove(name), sep="\n")
    if is_dataset(name):
        print(f"{name} itself is built in and stays: its files are downloaded when they are next read")


def _print_ids(ids: dict[str, dict[str, str]]) -> None:
    """Say what a collection of one's own makes of the ids in its files."""
    made = [f"'{one['original']}' of {one['file']} is '{one['id']}'" for one in ids.values()]
    if made:
        print(f"ids have their language: {', '.join(made)}")


@datasets.command
def export(
    dataset_id: DatasetId,
    /,
    *,
    output: Output,
    format: Annotated[str, Parameter(help="What to write: pyserini, jsonl or tsv.")] = "pyserini",
    overwrite: Overwrite = False,
) -> None:
    """Write an id's documents, queries and qrels as files, as far as it has them."""
    print(*tasks.export_dataset(dataset_id, format, output, overwrite=overwrite), sep="\n")


@sources.command(name="list")
def list_sources(*, json: Json = False) -> Any:
    """What --source takes: the named sources, and the formats that others are read from."""
    named, formats = sorted(training.source_loaders()), sorted(training.source_formats().items())
    if json:
        return {
            "named": named,
            "formats": [{"name": name, "form": form.form, "description": form.description} for name, form in formats],
        }
    described = {name: f"by this name; see: hybrid-ir sources info {name}" for name in named}
    described |= {f"{name}:{form.form}": form.description for name, form in formats}
    tables.print_descriptions("source", described)
    return None


@sources.command(name="info")
def describe_source(
    name: Annotated[str, Parameter(help="As --source takes it; it is read if it was not yet.")],
    /,
    *,
    json: Json = False,
) -> Any:
    """What a source holds: rows, checksum, and how many rows have which languages."""
    source = training.load_source(name)
    sizes = {pattern: len(source.having(pattern.__eq__)) for pattern in source.patterns}
    if json:
        return {
            "name": source.name,
            "rows": len(source),
            "languages": source.languages,
            "checksum": source.checksum,
            "patterns": [
                {"queries": pattern.queries, "passages": pattern.passages, "rows": size}
                for pattern, size in sizes.items()
            ],
        }
    print(f"{source.name}: {len(source)} rows in {len(source.languages)} languages, {source.checksum}")
    for pattern, size in sorted(sizes.items(), key=lambda item: -item[1])[:20]:
        print(f"{size:10} queries in {' '.join(pattern.queries)}; passages in {' '.join(pattern.passages)}")
    if len(sizes) > 20:
        print(f"{'':10} and {len(sizes) - 20} other combinations")
    return None
