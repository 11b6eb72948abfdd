"""Collections and sources: datasets list, info, add, remove, export; sources list, info."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hybrid_plugin import tasks, training
from hybrid_plugin.cli import tables
from hybrid_plugin.cli.options import DatasetId, Json, Named, Output, Overwrite
from hybrid_plugin.errors import UserError

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
def stats(
    benchmark: Annotated[str, Parameter(help="Such as xquad-r, some of its tasks, or a YAML file of your own.")],
    /,
    *,
    output: Annotated[Path | None, Parameter(help="Also write them to this file, as JSON.")] = None,
    overwrite: Annotated[bool, Parameter(help="Replace that file.")] = False,
    json: Json = False,
) -> Any:
    """Count what a benchmark holds: texts, lengths, languages, relevant documents per question. Reads all of it.

    Where the counts of a collection are known, those that have changed since are named: its files are other ones.

    For example:

        hybrid-ir datasets stats xquad-r
        hybrid-ir datasets stats miracl/sw --output sw.json
    """
    if output is not None and output.exists() and not overwrite:
        raise UserError(f"{output} is there already; choose another output, or replace it with --overwrite")
    found = tasks.load_benchmark(benchmark)
    counted = tasks.statistics(found, progress=True)
    if output is not None:
        tasks.write_statistics(output, counted)
    known = tasks.known_statistics(found)
    changed = [] if known is None else tasks.changes(counted, known)
    if json:
        return {**counted, "changed": None if known is None else changed}
    tables.print_statistics(counted)
    if changed:
        print("not as it was when it was last looked at:", *changed, sep="\n")
    elif known is not None:
        print("all as it was when it was last looked at")
    return None


@datasets.command
def add(
    name: Annotated[str, Parameter(help="Of a published collection, such as xquad-r, or a name of your own.")],
    folder: Annotated[
        str, Parameter(help="Holds the collection's files; or hf:OWNER/NAME, a data set of the Hugging Face hub.")
    ],
    /,
    *,
    overwrite: Annotated[bool, Parameter(help="Replace a collection of this name that has other files.")] = False,
    languages: Annotated[
        Named, Parameter(help="Of hf:OWNER/NAME: its languages, each with what {lang} stands for: de=deu_Latn.")
    ] = None,
    docs: Annotated[Named, Parameter(help="Where its documents are: config, split; columns id, text, title.")] = None,
    queries: Annotated[
        Named, Parameter(help="Where its queries are: config, split; columns id (the same in all languages), text.")
    ] = None,
    qrels: Annotated[
        Named, Parameter(help="Where its judgements are: columns query, document, grade; by default each query's row.")
    ] = None,
    asked_in: Annotated[
        Named, Parameter(help="The languages of the queries, where they are not those of the documents.")
    ] = None,
    revision: Annotated[str | None, Parameter(help="Of the repository on the hub; by default what it has now.")] = None,
) -> None:
    """Take a collection from local files: verify them and put them where ir_datasets looks; or from the hub.

    For a published collection (`datasets list`) the folder holds its files as they are published; for a name of your
    own, docs.{lang}.jsonl and queries.{lang}.jsonl (see docs/collections.md). A data set of the hub is read by the
    names of its columns; one of MTEB's form needs none.

    For example:

        hybrid-ir datasets add my-faq data/faq
        hybrid-ir datasets add scidocs hf:mteb/scidocs
        hybrid-ir datasets add my-questions hf:OWNER/NAME --languages de=deu_Latn fr=fra_Latn \\
          --docs config={lang} split=test id=link text=passage \\
          --queries config={lang} split=test id={link}-{number} text=question
    """
    import datasets_ext

    tasks.register_datasets()
    given = {
        "languages": languages, "docs": docs, "queries": queries, "qrels": qrels, "asked_in": asked_in,
        "revision": revision,
    }  # fmt: skip
    columns = {key: value for key, value in given.items() if value is not None}
    if datasets_ext.is_hub(folder):
        paths = datasets_ext.add(name, folder, columns=columns, overwrite=overwrite)
        print(f"{name}: known from now on, by {paths[0]}")
        return
    if columns:
        raise UserError(f"--{next(iter(columns)).replace('_', '-')} is for a data set of the hub, hf:OWNER/NAME")
    done = Path(folder).is_dir() and datasets_ext.is_added(name, folder)
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
    loaders, formats = training.source_loaders(), sorted(training.source_formats().items())
    named = sorted(loaders)
    if json:
        return {
            "named": named,
            "formats": [{"name": name, "form": form.form, "description": form.description} for name, form in formats],
        }
    plain = "by this name; see: hybrid-ir sources info"
    described = {name: getattr(loaders[name], "description", f"{plain} {name}") for name in named}
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
    source, published = training.load_source(name), training.source_loaders().get(name)
    terms = {key: getattr(published, key) for key in ("licence", "citation") if hasattr(published, key)}
    sizes = {pattern: len(source.having(pattern.__eq__)) for pattern in source.patterns}
    if json:
        return {
            "name": source.name,
            "rows": len(source),
            "languages": source.languages,
            "checksum": source.checksum,
            **terms,
            "patterns": [
                {"queries": pattern.queries, "passages": pattern.passages, "rows": size}
                for pattern, size in sizes.items()
            ],
        }
    print(f"{source.name}: {len(source)} rows in {len(source.languages)} languages, {source.checksum}")
    print(*(f"{key}: {value}" for key, value in terms.items()), sep="\n", end="\n" if terms else "")
    for pattern, size in sorted(sizes.items(), key=lambda item: -item[1])[:20]:
        print(f"{size:10} queries in {' '.join(pattern.queries)}; passages in {' '.join(pattern.passages)}")
    if len(sizes) > 20:
        print(f"{'':10} and {len(sizes) - 20} other combinations")
    return None
