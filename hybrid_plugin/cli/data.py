"""Collections and sources: datasets list, info, add, export; sources list, info."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hybrid_plugin import tasks, training
from hybrid_plugin.cli.options import DatasetId, Output

datasets = App(name="datasets", help="Collections: list them, look at one, add local files, export.")
sources = App(name="sources", help="Sources of training pairs: list what --source takes, look at one.")


@datasets.command(name="list")
def list_datasets() -> None:
    """The benchmarks, and whether their data is here; `hybrid-ir run ir_datasets list` lists every id."""
    from hybrid_plugin.cli.tables import print_benchmarks

    print_benchmarks(tasks.benchmark_table())


@datasets.command(name="info")
def describe_dataset(dataset_id: DatasetId, /) -> None:
    """What an id holds: counts, languages, documentation. Downloads nothing."""
    dataset = tasks.load_dataset(dataset_id)
    documentation = dataset.documentation() if hasattr(dataset, "documentation") else {}
    print(dataset_id)
    if documentation.get("desc"):
        print(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", documentation["desc"])).strip())
    for side in filter(dataset.has, ("docs", "queries", "qrels")):
        lang = getattr(dataset, f"{side}_lang", lambda: None)()
        fields = ", ".join(getattr(dataset, f"{side}_cls")()._fields)
        count = getattr(dataset, f"{side}_count")()
        print(f"{side:8} {'?' if count is None else count:>8}  {lang or '':3} {fields}")


@datasets.command
def add(
    name: Annotated[str, Parameter(help="xquad-r, mlqa-r, or a name of your own.")],
    folder: Annotated[Path, Parameter(help="Holds the collection's files.")],
    /,
) -> None:
    """Take a collection from local files: verify them and put them where ir_datasets looks.

    For xquad-r and mlqa-r the folder holds the published {lang}.json; for a name of your own, docs.{lang}.jsonl and
    queries.{lang}.jsonl (see docs/collections.md).
    """
    import datasets_ext

    tasks.register_datasets()
    paths = datasets_ext.add(name, folder)
    print(f"{name}: {len(paths)} files in {paths[0].parent}")


@datasets.command
def export(
    dataset_id: DatasetId,
    /,
    *,
    output: Output,
    format: Annotated[str, Parameter(help="What to write: pyserini, jsonl or tsv.")] = "pyserini",
) -> None:
    """Write an id's documents, queries and qrels as files, as far as it has them."""
    print(*tasks.export_dataset(dataset_id, format, output), sep="\n")


@sources.command(name="list")
def list_sources() -> None:
    """What --source takes: the named sources, and the formats that others are read from."""
    print(*sorted(training.source_loaders()), sep="\n")
    for name, form in sorted(training.source_formats().items()):
        print(f"{f'{name}:{form.form}':18} {form.description}")


@sources.command(name="info")
def describe_source(
    name: Annotated[str, Parameter(help="As --source takes it; it is read if it was not yet.")], /
) -> None:
    """What a source holds: rows, checksum, and how many rows have which languages."""
    source = training.load_source(name)
    print(f"{source.name}: {len(source)} rows in {len(source.languages)} languages, {source.checksum}")
    sizes = {pattern: len(source.having(pattern.__eq__)) for pattern in source.patterns}
    for pattern, size in sorted(sizes.items(), key=lambda item: -item[1])[:20]:
        print(f"{size:10} queries in {' '.join(pattern.queries)}; passages in {' '.join(pattern.passages)}")
    if len(sizes) > 20:
        print(f"{'':10} and {len(sizes) - 20} other combinations")
