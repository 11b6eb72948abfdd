"""The command ``hybrid-ir``: parses, calls one function, prints.

Nothing heavy is imported before a command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from hybrid_plugin.comparison import Comparison
    from hybrid_plugin.encoder import Encoder
    from hybrid_plugin.evaluation import Scores

app = typer.Typer(
    name="hybrid-ir",
    help="Monolingual, cross-lingual and multilingual retrieval with ir_datasets, Pyserini and ir_measures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
datasets_app = typer.Typer(no_args_is_help=True, help="Collections: list them, look at one, add local files, export.")
app.add_typer(datasets_app, name="datasets", rich_help_panel=None)
transform_app = typer.Typer(no_args_is_help=True, help="Take language information out of vectors, without training.")
app.add_typer(transform_app, name="transform", rich_help_panel=None)
sources_app = typer.Typer(
    no_args_is_help=True, help="Sources of training pairs: list what --source takes, look at one."
)
app.add_typer(sources_app, name="sources", rich_help_panel=None)

DatasetId = Annotated[str, typer.Argument(metavar="ID", help="An ir_datasets id, such as xquad-r/de/en.")]
EncoderName = Annotated[
    str, typer.Option("--encoder", metavar="M", help="A checkpoint, a Hugging Face folder or a name on the hub.")
]
PoolingOption = Annotated[
    str | None, typer.Option("--pooling", metavar="mean|cls|last", help="Overrides the model's own files.")
]
QueryPrefix = Annotated[
    str | None, typer.Option("--query-prefix", metavar="TEXT", help="Put before each query, with a space between.")
]
PassagePrefix = Annotated[
    str | None, typer.Option("--passage-prefix", metavar="TEXT", help="Put before each passage, with a space between.")
]
EachPooling = Annotated[list[str] | None, typer.Option("--pooling", metavar="mean|cls|last", help="As for evaluate.")]
EachQueryPrefix = Annotated[list[str] | None, typer.Option("--query-prefix", metavar="TEXT", help="As for evaluate.")]
EachPassagePrefix = Annotated[
    list[str] | None, typer.Option("--passage-prefix", metavar="TEXT", help="As for evaluate.")
]
MaxLength = Annotated[int | None, typer.Option("--max-length", metavar="N", help="Tokens a text; longer ones are cut.")]
BatchSize = Annotated[int | None, typer.Option("--batch-size", metavar="N", min=1, help="Texts encoded at a time.")]
Device = Annotated[str | None, typer.Option("--device", metavar="cpu|cuda", help="By default a GPU if there is one.")]
AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Load weights that are Python pickles; they can run their author's code.")
]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="float32|bfloat16",
        help="Of encoding: bfloat16 is the default on a GPU, and faster on processors that have it.",
    ),
]
TransformOption = Annotated[
    Path | None,
    typer.Option("--transform", metavar="FILE", help="Of `hybrid-ir transform fit`; applied to the vectors."),
]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="The folder to write.")]
SourceNames = Annotated[
    list[str],
    typer.Option(
        "--source",
        metavar="S...",
        help="Parallel training pairs: a collection's name, a JSON lines file, a folder of SQuAD or Tevatron files, or "
        "ir_datasets ids such as 'mmarco/v2/*/train'; FORMAT:WHAT where that is not clear. See: hybrid-ir sources list",
    ),
]


def _progress() -> bool:
    return sys.stderr.isatty()


def _load(
    name: str,
    pooling: str | None,
    query_prefix: str | None,
    passage_prefix: str | None,
    max_length: int | None,
    device: str | None,
    allow_pickle: bool,
    precision: str | None = None,
    transform: Path | None = None,
) -> Encoder:
    from hybrid_plugin.encoder import Encoder

    return Encoder.load(
        name,
        pooling=pooling,
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        max_length=max_length,
        device=device,
        allow_pickle=allow_pickle,
        precision=precision,
        transform=transform,
    )


@app.command()
def quickstart(output: Output = Path("quickstart")) -> None:
    """The whole road on the bundled demo collection: train, index, search with Pyserini, score, compare."""
    from hybrid_plugin.quickstart import quickstart as run

    _print_comparison(run(output, progress=_progress(), say=typer.echo), output)


@datasets_app.command("list")
def datasets_list() -> None:
    """The benchmarks, with their languages; `hybrid-ir run ir_datasets list` lists every id."""
    from hybrid_plugin.benchmarks import Benchmark
    from hybrid_plugin.plugins import named, register_datasets

    register_datasets()
    benchmarks: dict[str, Benchmark] = named("hybrid_ir_benchmarks")
    for name, benchmark in sorted(benchmarks.items()):
        typer.echo(f"{name:20} {len(benchmark.languages):3} languages: {' '.join(benchmark.languages)}")


@datasets_app.command("info")
def datasets_info(dataset_id: DatasetId) -> None:
    """What an id holds: counts, languages, documentation. Downloads nothing."""
    from hybrid_plugin.benchmarks import load_dataset

    dataset = load_dataset(dataset_id)
    documentation = dataset.documentation() if hasattr(dataset, "documentation") else {}
    typer.echo(dataset_id)
    if documentation.get("desc"):
        typer.echo(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", documentation["desc"])).strip())
    for side in ("docs", "queries", "qrels"):
        if dataset.has(side):
            lang = getattr(dataset, f"{side}_lang", lambda: None)()
            fields = ", ".join(getattr(dataset, f"{side}_cls")()._fields)
            count = getattr(dataset, f"{side}_count")()
            typer.echo(f"{side:8} {'?' if count is None else count:>8}  {lang or '':3} {fields}")


@datasets_app.command("add")
def datasets_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="xquad-r, mlqa-r, or a name of your own.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds the collection's files.")],
) -> None:
    """Take a collection from local files: verify them and put them where ir_datasets looks.

    For xquad-r and mlqa-r the folder holds the published {lang}.json; for a name of your own, docs.{lang}.jsonl and
    queries.{lang}.jsonl (see docs/collections.md).
    """
    import datasets_ext
    from hybrid_plugin.plugins import register_datasets

    register_datasets()
    paths = datasets_ext.add(name, folder)
    typer.echo(f"{name}: {len(paths)} files in {paths[0].parent}")


@datasets_app.command("export")
def datasets_export(
    dataset_id: DatasetId,
    output: Output,
    form: Annotated[str, typer.Option("--format", metavar="pyserini|jsonl|tsv", help="What to write.")] = "pyserini",
) -> None:
    """Write an id's documents, queries and qrels as files, as far as it has them."""
    from hybrid_plugin.export import export_dataset

    for path in export_dataset(dataset_id, form, output):
        typer.echo(path)


@sources_app.command("list")
def sources_list() -> None:
    """What --source takes: the named sources, and the formats that others are read from."""
    from hybrid_plugin.plugins import named, register_datasets

    register_datasets()
    for name in sorted(named("hybrid_ir_sources")):
        typer.echo(name)
    for name, form in sorted(named("hybrid_ir_source_formats").items()):
        typer.echo(f"{f'{name}:{form.form}':18} {form.description}")


@sources_app.command("info")
def sources_info(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As --source takes it; it is read if it was not yet.")],
) -> None:
    """What a source holds: rows, checksum, and how many rows have which languages."""
    from hybrid_plugin.sources import load_source

    source = load_source(name)
    typer.echo(f"{source.name}: {len(source)} rows in {len(source.languages)} languages, {source.checksum}")
    sizes = {pattern: len(source.having(pattern.__eq__)) for pattern in source.patterns}
    for pattern, size in sorted(sizes.items(), key=lambda item: -item[1])[:20]:
        typer.echo(f"{size:10} queries in {' '.join(pattern.queries)}; passages in {' '.join(pattern.passages)}")
    if len(sizes) > 20:
        typer.echo(f"{'':10} and {len(sizes) - 20} other combinations")


@app.command()
def mine(
    source: SourceNames,
    encoder: EncoderName,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The JSON lines to write, a source again.")],
    languages: Annotated[
        str, typer.Option("--languages", metavar="query|others|both", help="The negatives' languages.")
    ] = "query",
    negatives: Annotated[
        int, typer.Option("--negatives", metavar="N", help="At most, for a query and a language.")
    ] = 4,
    depth: Annotated[int, typer.Option("--depth", metavar="K", help="Look no further down a ranking.")] = 100,
    max_share: Annotated[
        float | None,
        typer.Option(
            "--max-share", metavar="X", help="Leave out what scores above X times the positive; such as 0.95."
        ),
    ] = None,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
    precision: PrecisionOption = None,
    transform: TransformOption = None,
) -> None:
    """Mine hard negatives: passages that rank high for a question and do not answer it.

    Example: hybrid-ir mine --source mlqa-r --encoder e5-hybrid --max-share 0.95 --output mined.jsonl, then
    hybrid-ir train --source mined.jsonl --negatives 2 ...
    """
    from hybrid_plugin.mining import MiningSettings, pooled
    from hybrid_plugin.mining import mine as run
    from hybrid_plugin.sources import load_sources

    settings = MiningSettings(languages, negatives, depth, max_share)  # type: ignore[arg-type]
    pairs = pooled(load_sources(source))
    loaded = _load(
        encoder, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle, precision, transform
    )
    mined = run(pairs, loaded, output, settings, batch_size=batch_size, progress=_progress())
    typer.echo(f"{output}: {mined.negatives} negatives for {mined.rows_with_negatives} of {mined.rows} rows")


@app.command()
def train(
    source: SourceNames,
    model: Annotated[str, typer.Option("--model", metavar="M", help="Where to start: as --encoder elsewhere.")],
    output: Output,
    strategy: Annotated[
        str, typer.Option("--strategy", metavar="mono|cross|hybrid", help="How a batch is drawn.")
    ] = "hybrid",
    alpha: Annotated[
        float, typer.Option("--alpha", metavar="P", help="Probability of a monolingual batch in hybrid.")
    ] = 0.5,
    alpha_end: Annotated[
        float | None, typer.Option("--alpha-end", metavar="P", help="Let alpha change to this, linearly.")
    ] = None,
    languages: Annotated[
        list[str] | None, typer.Option("--languages", metavar="LANG...", help="Draw from these languages only.")
    ] = None,
    mono_languages: Annotated[
        str,
        typer.Option("--mono-languages", metavar="uniform|size", help="How a monolingual batch's language is drawn."),
    ] = "uniform",
    cross_languages: Annotated[
        str, typer.Option("--cross-languages", metavar="mixed|one", help="Pairs of languages in a cross-lingual batch.")
    ] = "mixed",
    negatives: Annotated[
        int, typer.Option("--negatives", metavar="N", min=0, help="Hard negatives a query, where the source has any.")
    ] = 0,
    cross_negatives: Annotated[
        str,
        typer.Option(
            "--cross-negatives", metavar="query|others|both", help="Their languages in a cross-lingual batch."
        ),
    ] = "both",
    source_exponent: Annotated[
        float, typer.Option("--source-exponent", metavar="X", help="Draw sources by rows to this power.")
    ] = 1.0,
    source_cap: Annotated[
        int | None, typer.Option("--source-cap", metavar="N", help="Count no source for more rows than this.")
    ] = None,
    source_weight: Annotated[
        list[str] | None,
        typer.Option("--source-weight", metavar="NAME=X", help="Draw this source so many times as often; repeatable."),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Batches to train on.")] = 1000,
    batch_size: Annotated[
        int, typer.Option("--batch-size", metavar="N", help="Pairs a batch, of all processes together.")
    ] = 100,
    chunk_size: Annotated[
        int | None,
        typer.Option("--chunk-size", metavar="N", help="Texts in memory at a time; same gradients, for small cards."),
    ] = None,
    learning_rate: Annotated[float, typer.Option("--learning-rate", metavar="X", help="Its highest value.")] = 3e-5,
    weight_decay: Annotated[float, typer.Option("--weight-decay", metavar="X", help="Of AdamW.")] = 0.01,
    warmup: Annotated[
        float, typer.Option("--warmup", metavar="X", help="Share of the steps in which the rate rises.")
    ] = 0.1,
    temperature: Annotated[float, typer.Option("--temperature", metavar="X", help="Of the loss, on cosines.")] = 0.02,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of batches and dropout.")] = 0,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="float32|bfloat16|float16",
            help="Of the computation; by default bfloat16 on a GPU, float32 on a CPU.",
        ),
    ] = None,
    lora_rank: Annotated[
        int, typer.Option("--lora-rank", metavar="N", help="Train adapters of this rank, merged at the end (peft).")
    ] = 0,
    compile: Annotated[bool, typer.Option("--compile", help="Compile the model by torch.compile.")] = False,
    validate: Annotated[
        str | None,
        typer.Option("--validate", metavar="NAME", help="A source (loss) or a benchmark (AP) to choose the state by."),
    ] = None,
    validate_by: Annotated[
        str, typer.Option("--validate-by", metavar="loss|ap", help="Loss on a source, or mean AP of the settings.")
    ] = "loss",
    validate_languages: Annotated[
        list[str] | None,
        typer.Option("--validate-languages", metavar="LANG...", help="Only these; the paper: en."),
    ] = None,
    validate_every: Annotated[
        int | None, typer.Option("--validate-every", metavar="N", help="Steps; by default a tenth of all.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option("--patience", metavar="N", help="Stop after so many validations without a better one.")
    ] = None,
    save_every: Annotated[
        int | None,
        typer.Option("--save-every", metavar="N", help="Steps between states to go on from; by default a tenth."),
    ] = None,
    trainer: Annotated[
        list[str] | None,
        typer.Option(
            "--trainer",
            metavar="KEY=VALUE",
            help="Any other option of transformers' TrainingArguments, such as report_to=tensorboard, "
            "lr_scheduler_type=cosine or gradient_checkpointing=true; repeatable.",
        ),
    ] = None,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
) -> None:
    """Train an encoder on parallel pairs with monolingual, cross-lingual or hybrid batches.

    Example: hybrid-ir train --source mlqa-r --model intfloat/multilingual-e5-small --query-prefix query:
    --passage-prefix passage: --strategy hybrid --steps 200 --batch-size 32 --output e5-hybrid

    A run that was interrupted goes on when the same command is given again. Several processes: torchrun
    --nproc-per-node=8 -m hybrid_plugin.cli train ...
    """
    from hybrid_plugin.encoder import RECORD
    from hybrid_plugin.files import check_output
    from hybrid_plugin.sources import load_sources
    from hybrid_plugin.training import TrainingSettings
    from hybrid_plugin.training import train as run
    from hybrid_plugin.validation import load_validation

    settings = TrainingSettings(
        strategy=strategy,
        alpha=alpha,
        alpha_end=alpha_end,
        mono_languages=mono_languages,  # type: ignore[arg-type]
        cross_languages=cross_languages,  # type: ignore[arg-type]
        only=tuple(languages or ()),
        negatives=negatives,
        cross_negatives=cross_negatives,  # type: ignore[arg-type]
        source_exponent=source_exponent,
        source_cap=source_cap,
        source_weights={name: float(value) for name, value in _assigned("--source-weight", source_weight).items()},
        steps=steps,
        batch_size=batch_size,
        chunk_size=chunk_size,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        temperature=temperature,
        warmup=warmup,
        seed=seed,
        precision=precision,  # type: ignore[arg-type]
        lora_rank=lora_rank,
        compile=compile,
        save_every=save_every,
        trainer=_assigned("--trainer", trainer),
    )
    check_output(output, RECORD)  # before the minutes that loading may take
    sources = load_sources(source)
    validation = None
    if validate is not None:
        every = validate_every or max(1, steps // 10)
        validation = load_validation(validate, settings, validate_by, every, patience, tuple(validate_languages or ()))
    encoder = _load(model, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle)
    run(encoder, sources, output, settings, validation=validation, progress=True)
    if os.environ.get("RANK", "0") == "0":  # of several processes, one speaks
        typer.echo(f"checkpoint: {output}")


def _assigned(option: str, given: list[str] | None) -> dict[str, Any]:
    """``KEY=VALUE`` options, their values read as YAML does: numbers, true and false, or text."""
    import yaml

    from hybrid_plugin.errors import UserError

    result = {}
    for one in given or ():
        key, sign, value = one.partition("=")
        if not sign:
            raise UserError(f"{option} takes KEY=VALUE, not '{one}'")
        result[key] = yaml.safe_load(value)
    return result


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The grid, in YAML; see docs/training.md.")],
    output: Output,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting of the file's base; repeatable."),
    ] = None,
    device: Device = None,
) -> None:
    """Train and score a grid of settings (strategy, alpha, seed, sources, model) and collect one table.

    Given again, it goes on where it was interrupted and skips what is done. Example:
    hybrid-ir sweep docs/study.yaml --set model=./e5-small --output study
    """
    from hybrid_plugin.sweep import TABLE, read_sweep
    from hybrid_plugin.sweep import sweep as run

    runs = read_sweep(file, _assigned("--set", change))
    _print_sweep(run(runs, output, progress=True, say=typer.echo, device=device))
    typer.echo(f"table: {output / TABLE}")


@app.command()
def card(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A folder that `train` wrote.")],
    scores: Annotated[list[Path] | None, typer.Argument(metavar="DIR...", help="Its evaluation folders.")] = None,
) -> None:
    """Write a checkpoint's model card (README.md) anew, with the scores that were measured."""
    from hybrid_plugin.card import write_card

    typer.echo(write_card(checkpoint, scores or []))


@transform_app.command("fit")
def transform_fit(
    name: Annotated[str, typer.Argument(metavar="NAME", help="centring, lir, lsar, or that of a plugin.")],
    encoder: EncoderName,
    on: Annotated[
        list[str],
        typer.Option(
            "--on", metavar="ID...", help="ir_datasets ids; each language is fitted on the first that has it."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", metavar="FILE|DIR", help="X.safetensors, or a folder for encoder and transform."),
    ],
    rank: Annotated[
        int | None, typer.Option("--rank", metavar="N", help="Directions to remove: lir 1, lsar languages - 1.")
    ] = None,
    texts: Annotated[
        int, typer.Option("--texts", metavar="N", min=1, help="Documents, and as many queries, of each language.")
    ] = 500,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the random draw of texts.")] = 0,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
) -> None:
    """Fit a vector transform on unlabelled texts of each language; see docs/transforms.md.

    Fit on another collection than the one you score. A file goes to --transform of evaluate, encode, index and search;
    a folder is an encoder like any other, also for `hybrid-ir run pyserini...`.

    Example: hybrid-ir transform fit centring --encoder e5-hybrid --on mlqa-r --output centring.safetensors
    """
    from hybrid_plugin.benchmarks import load_dataset
    from hybrid_plugin.plugins import pick
    from hybrid_plugin.transforms import check_transform_output, fit_transform, save_transform

    pick("hybrid_ir_transforms", name, "transform")
    for dataset_id in on:
        load_dataset(dataset_id)
    check_transform_output(output, encoder)
    loaded = _load(encoder, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle)
    fitted = fit_transform(
        name, loaded, on, rank=rank, texts=texts, seed=seed, batch_size=batch_size, progress=_progress()
    )
    save_transform(fitted, loaded, output)
    typer.echo(output)


@app.command()
def encode(
    dataset_id: DatasetId,
    encoder: EncoderName,
    output: Output,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
    precision: PrecisionOption = None,
    transform: TransformOption = None,
) -> None:
    """Encode an id's documents and queries into folders of vectors (vectors.npy, ids.txt)."""
    from hybrid_plugin.benchmarks import load_dataset
    from hybrid_plugin.search import encode_dataset

    load_dataset(dataset_id)
    loaded = _load(
        encoder, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle, precision, transform
    )
    for path in encode_dataset(dataset_id, loaded, output, batch_size=batch_size, progress=_progress()):
        typer.echo(path)


@app.command()
def index(
    dataset_id: DatasetId,
    encoder: EncoderName,
    output: Output,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
    precision: PrecisionOption = None,
    transform: TransformOption = None,
) -> None:
    """Encode an id's documents into an exact FAISS index that Pyserini searches."""
    from hybrid_plugin.benchmarks import load_dataset
    from hybrid_plugin.search import index_dataset

    load_dataset(dataset_id)
    loaded = _load(
        encoder, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle, precision, transform
    )
    typer.echo(index_dataset(dataset_id, loaded, output, batch_size=batch_size, progress=_progress()))


@app.command()
def search(
    dataset_id: DatasetId,
    encoder: EncoderName,
    index: Annotated[Path, typer.Option("--index", metavar="DIR", help="A FAISS folder, ours or Pyserini's.")],
    output: Annotated[Path, typer.Option("--output", metavar="RUN", help="The TREC run file to write.")],
    hits: Annotated[int, typer.Option("--hits", metavar="N", help="Documents a query.")] = 1000,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
    precision: PrecisionOption = None,
    transform: TransformOption = None,
) -> None:
    """Search a FAISS index with an id's queries and write a TREC run file."""
    from hybrid_plugin.benchmarks import load_dataset
    from hybrid_plugin.search import search_dataset

    load_dataset(dataset_id)
    loaded = _load(
        encoder, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle, precision, transform
    )
    typer.echo(
        search_dataset(dataset_id, loaded, index, output, hits=hits, batch_size=batch_size, progress=_progress())
    )


@app.command()
def evaluate(
    benchmark: Annotated[
        str,
        typer.Argument(
            metavar="BENCHMARK",
            help="Such as xquad-r (hybrid-ir datasets list), or for a single run an id: xquad-r/de/en",
        ),
    ],
    output: Output,
    encoder: Annotated[
        str | None, typer.Option("--encoder", metavar="M", help="A checkpoint, a Hugging Face folder or a hub name.")
    ] = None,
    runs: Annotated[bool, typer.Option("--runs", help="Also write a run file for each pair of languages.")] = False,
    runs_from: Annotated[
        Path | None,
        typer.Option(
            "--runs-from",
            metavar="DIR|FILE",
            help="Score run files {docs}.{queries}.trec instead, or one file: of BENCHMARK's pool, or of an id.",
        ),
    ] = None,
    bm25: Annotated[
        bool, typer.Option("--bm25", help="Score BM25 by Pyserini's Lucene instead (settings: mono multi; depth 1000).")
    ] = False,
    languages: Annotated[
        list[str] | None, typer.Option("--languages", metavar="LANG...", help="Only these; the pool stays whole.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--settings", metavar="mono|cross|multi...", help="Only these.")
    ] = None,
    measures: Annotated[
        list[str] | None,
        typer.Option(
            "--measures",
            metavar="NAME...",
            help="Such as AP nDCG@10 RankDistance \"LanguageAP(lang='de')\", or 'all'; see docs/evaluation.md.",
        ),
    ] = None,
    depth: Annotated[
        str | None,
        typer.Option("--depth", metavar="N|all", help="Documents a query, in scores (default: all) and runs (1000)."),
    ] = None,
    pooling: PoolingOption = None,
    query_prefix: QueryPrefix = None,
    passage_prefix: PassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
    precision: PrecisionOption = None,
    transform: TransformOption = None,
) -> None:
    """Score an encoder, run files of any system, or BM25 in the monolingual, cross-lingual and multilingual settings.

    Writes scores.json (figures by setting and by pair of languages) and per_query.parquet. Measures of language bias
    (LanguageAP, LanguageSkew@k, LanguageDivergence@k, FirstRank, WeakAlignment, PEER@k) are for the setting multi.

    Examples: hybrid-ir evaluate xquad-r --encoder e5-hybrid --measures AP RankDistance PEER@20 --output scores
    hybrid-ir evaluate xquad-r/multi/en --runs-from run.trec.gz --output scores
    """
    from hybrid_plugin.benchmarks import SETTINGS, load_pair
    from hybrid_plugin.errors import UserError
    from hybrid_plugin.evaluation import SCORES, evaluate_runs
    from hybrid_plugin.evaluation import evaluate as run
    from hybrid_plugin.measures import DEFAULT_MEASURES, parse_measures
    from hybrid_plugin.runs import DEFAULT_DEPTH

    if (encoder is not None) + (runs_from is not None) + bm25 != 1:
        raise UserError("evaluate takes either --encoder, --runs-from or --bm25")
    found, pair = load_pair(benchmark)
    if pair is not None and runs_from is None:
        raise UserError(
            f"'{benchmark}' is one pair, for one run file in --runs-from; "
            f"otherwise take {found.name}, and narrow it with --settings and --languages"
        )
    if encoder is None and transform is not None:
        raise UserError("--transform is for vectors, so it goes with --encoder")
    found.pairs(settings or SETTINGS, languages)  # complain before the minutes that encoding may take
    names = measures or DEFAULT_MEASURES
    parse_measures(names, found.languages)
    limit = _depth(depth)
    if runs_from is not None:
        scores = evaluate_runs(
            found,
            runs_from,
            output,
            pair=pair,
            settings=settings,
            languages=languages,
            measures=names,
            depth=limit,
        )
    elif bm25:
        from hybrid_plugin import bm25 as lucene

        scores = lucene.evaluate_bm25(
            found,
            output,
            settings=settings or lucene.SETTINGS,
            languages=languages,
            measures=names,
            depth=DEFAULT_DEPTH if depth is None else limit,
            runs=runs,
        )
    else:
        assert encoder is not None
        loaded = _load(
            encoder, pooling, query_prefix, passage_prefix, max_length, device, allow_pickle, precision, transform
        )
        scores = run(
            found,
            loaded,
            output,
            settings=settings or SETTINGS,
            languages=languages,
            measures=names,
            depth=limit,
            runs=runs,
            runs_depth=DEFAULT_DEPTH if depth is None else limit,
            batch_size=batch_size,
            progress=_progress(),
        )
    _print_scores(scores)
    typer.echo(f"{output / SCORES}")


@app.command()
def report(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Evaluation folders of one benchmark; the first is the baseline."),
    ],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The HTML file to write.")],
    plots: Annotated[
        Path | None,
        typer.Option(
            "--plots", metavar="DIR", help="Also write each plot as PNG and SVG, and the main table as LaTeX."
        ),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Also show the figures that were published for other models.")
    ] = False,
) -> None:
    """One HTML page, complete in itself, that compares evaluations: verdict, settings, languages, hardest questions.

    Positions and texts come from the run files that `hybrid-ir evaluate --runs` writes; the rest needs none.

    Example: hybrid-ir report scores-untouched scores-hybrid --output report.html
    """
    from hybrid_plugin.report.page import write_report

    typer.echo(write_report(folders, output, plots=plots, published=published))
    if plots is not None:
        typer.echo(plots)


def _depth(text: str | None) -> int | None:
    from hybrid_plugin.errors import UserError

    if text is None or text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"depth is '{text}'; it must be a positive number or 'all'")
    return int(text)


@app.command()
def compare(
    folders: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]DIR...",
            help="Folders that evaluate wrote; the first is the baseline. Folders of one NAME are runs of one system.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Write comparison.json, CSV files and a LaTeX table there."),
    ] = None,
    measures: Annotated[
        list[str] | None, typer.Option("--measures", metavar="M...", help="By default AP and RankDistance.")
    ] = None,
    all_pairs: Annotated[
        bool, typer.Option("--all-pairs", help="Test every two systems, not only each with the first.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Also show the figures published for other models, with their sources.")
    ] = False,
    alpha: Annotated[
        float, typer.Option("--alpha", metavar="P", help="Level of significance, after Holm's correction.")
    ] = 0.05,
    resamples: Annotated[
        int, typer.Option("--resamples", metavar="N", min=1, help="Sign flips of the randomisation tests.")
    ] = 100_000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of sign flips and bootstrap.")] = 0,
) -> None:
    """Which of several systems is better, by how much, and whether chance explains it.

    Paired tests with the question as the unit, Holm's correction over all of them, bootstrap intervals, effect sizes,
    wins by language, and a verdict to quote. Prints tables; with --output writes them and prints the verdict.

    Example: hybrid-ir compare scores-untouched scores-hybrid --measures AP nDCG@10 --published

    Several seeds: hybrid-ir compare mono=m0 mono=m1 mono=m2 hybrid=h0 hybrid=h1 hybrid=h2
    """
    from hybrid_plugin.comparison import COMPARISON, DEFAULT_MEASURES
    from hybrid_plugin.comparison import compare as run
    from hybrid_plugin.errors import UserError
    from hybrid_plugin.files import check_output

    systems = _systems(folders)
    if len(systems) < 2:
        raise UserError("a comparison takes the evaluation folders of two systems or more")
    if output is not None:
        check_output(output, COMPARISON)
    found = run(
        systems,
        measures=measures or DEFAULT_MEASURES,
        all_pairs=all_pairs,
        published=published,
        seed=seed,
        resamples=resamples,
        alpha=alpha,
    )
    if output is None:
        _print_tables(found)
    else:
        found.save(output)
    typer.echo("\n".join(found.verdict))
    if output is not None:
        typer.echo(f"{output / COMPARISON}")


@app.command()
def explore(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help="Such as xquad-r; see: hybrid-ir datasets list")
    ],
    encoder: Annotated[
        list[str],
        typer.Option("--encoder", metavar="M", help="As for evaluate; several stand side by side."),
    ],
    vectors: Annotated[
        list[Path] | None,
        typer.Option(
            "--vectors", metavar="DIR", help="What `hybrid-ir encode BENCHMARK` wrote, one for each encoder: no wait."
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option("--host", metavar="ADDRESS", help="By default only this machine can reach it."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in your browser.")] = True,
    pooling: EachPooling = None,
    query_prefix: EachQueryPrefix = None,
    passage_prefix: EachPassagePrefix = None,
    max_length: MaxLength = None,
    batch_size: BatchSize = None,
    device: Device = None,
    allow_pickle: AllowPickle = False,
) -> None:
    """Look around in a benchmark: a local page that shows where encoders rank its documents for a question.

    Example: hybrid-ir explore xquad-r --encoder intfloat/multilingual-e5-small --encoder e5-hybrid
    --query-prefix query: --passage-prefix passage:

    Pooling and prefixes are given once for all encoders or once for each, in their order. All documents are encoded
    first, which takes as long as in evaluate, or taken from --vectors. Ctrl-C ends it.
    """
    from hybrid_plugin.benchmarks import load_benchmark
    from hybrid_plugin.explore.explorer import Explorer
    from hybrid_plugin.explore.server import PageServer, is_loopback, serve

    found = load_benchmark(benchmark)
    each = zip(
        encoder,
        _each("--pooling", pooling, len(encoder)),
        _each("--query-prefix", query_prefix, len(encoder)),
        _each("--passage-prefix", passage_prefix, len(encoder)),
        strict=True,
    )
    with PageServer(host, port) as server:  # complain before the minutes that encoding may take
        loaded = [_load(*settings, max_length, device, allow_pickle) for settings in each]
        explorer = Explorer.load(found, loaded, vectors or (), batch_size=batch_size, progress=_progress())
        if not is_loopback(host):
            typer.echo(f"warning: everyone who reaches {host} can read {benchmark} and use the encoders", err=True)
        typer.echo(f"{benchmark} is at {server.url} (Ctrl-C ends it)")
        serve(server, explorer, browser=browser)


def _each(option: str, values: list[str] | None, encoders: int) -> list[str] | list[None]:
    """One value an encoder, from none, from one for all, or from one for each."""
    from hybrid_plugin.errors import UserError

    if not values:
        return [None] * encoders
    if len(values) not in (1, encoders):
        raise UserError(f"{option} is given {len(values)} times; give it once, or once for each of {encoders} encoders")
    return values if len(values) == encoders else values * encoders


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def run(
    context: typer.Context,
    module: Annotated[str, typer.Argument(metavar="MODULE", help="pyserini.*, ir_datasets or ir_measures.")],
) -> None:
    """Run a command of Pyserini, ir_datasets or ir_measures that knows our collections, measures and encoders.

    Example: hybrid-ir run ir_measures xquad-r/multi/en run.trec AP RankDistance
    """
    from hybrid_plugin.pyserini import run_module

    if module in ("--help", "-h"):
        typer.echo(context.get_help())
        return
    run_module(module, context.args)


@app.command()
def doctor() -> None:
    """What is installed, which Java, which device, what is missing and how to get it."""
    from hybrid_plugin.doctor import examine

    for finding in examine():
        typer.echo(f"{'ok ' if finding.good else '-- '} {finding.subject:13} {finding.found}")
        if not finding.good and finding.remedy:
            typer.echo(f"    {'':13} to get it: {finding.remedy}")


def _print_scores(scores: Scores) -> None:
    from rich.console import Console
    from rich.table import Table

    trained = scores.about.get("zero_shot") is False
    title = f"{scores.about['benchmark']}{' (trained on it: not zero-shot)' if trained else ''}"
    table = Table("measure", title=title, title_justify="left")
    for setting in scores.settings:
        table.add_column(setting, justify="right")
    for measure in scores.measures:
        values = [values.get(measure) for values in scores.settings.values()]
        table.add_row(measure, *("" if value is None else _figure(measure, value) for value in values))
    Console(width=max(100, Console().width)).print(table)


def _systems(given: list[str]) -> list[Path] | dict[str, list[Path]]:
    """Folders, or folders by system where some are NAME=DIR; a path may hold an equals sign, too."""
    found: dict[str, list[Path]] = {}
    for one in given:
        name, _, folder = one.partition("=")
        named = folder and "/" not in name and not Path(one).exists()
        found.setdefault(name if named else one, []).append(Path(folder if named else one))
    return found if any(folders != [Path(name)] for name, folders in found.items()) else [Path(one) for one in given]


def _print_tables(found: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=max(130, Console().width), markup=False)  # names may hold brackets
    columns = found.columns()

    def grid(title: str, left: Sequence[str], *parts: Mapping[tuple[str, ...], Mapping[tuple[str, str], str]]) -> None:
        """A table with a column a setting and measure, and a line between its parts."""
        table = Table(title=title, title_justify="left")
        for name in left:
            table.add_column(name, overflow="fold")  # cut names may look alike
        for setting, measure in columns:
            table.add_column(f"{measure} {setting}", justify="right", overflow="fold")
        for rows in parts:
            for head, row in rows.items():
                table.add_row(*head, *(row.get(column, "") for column in columns))
            table.add_section()
        console.print(table)

    def collect(
        frame: pd.DataFrame, head: Callable[[Any], tuple[str, ...]], text: Callable[[Any], str]
    ) -> dict[tuple[str, ...], dict[tuple[str, str], str]]:
        rows: dict[tuple[str, ...], dict[tuple[str, str], str]] = {}
        for row in frame.itertuples():
            rows.setdefault(head(row), {})[row.setting, row.measure] = text(row)
        return rows

    def with_interval(row: Any, column: str = "value", sign: str = "") -> str:
        figure, low, high = (found.number(row.measure, getattr(row, x), sign) for x in (column, "low", "high"))
        return f"{figure}\n{low} to {high}"

    def with_spread(row: Any) -> str:
        return with_interval(row) + (f"\n± {found.number(row.measure, row.spread)}" if row.runs > 1 else "")

    spread = ", ± standard deviation over runs" if (found.figures["runs"] > 1).any() else ""
    grid(
        f"{found.benchmark}, with {found.level()} intervals{spread}",
        ["system"],
        collect(found.figures, lambda row: (found.label(row.system),), with_spread),
        collect(found.published, lambda row: (row.system,), lambda row: f"{row.value:.{row.digits}f}"),
    )
    for source in found.sources():
        typer.echo(f"published: {source}")
    for languages, rows in found.by_training.groupby("trained_on", sort=False):
        grid(
            f"query languages seen and unseen in training on {languages}",
            ["languages", "system"],
            *(
                collect(part, lambda row: (f"{row.part}: {row.languages}", found.label(row.system)), with_interval)
                for _, part in rows.groupby("part", sort=False)
            ),
        )
    for (a, b), tests in found.tests.groupby(["a", "b"], sort=False):
        table = Table("", title=f"{a} minus {b}", title_justify="left")
        for name in ("difference", "p", "p t-test", "p Holm", "d", "better/equal/worse on questions", "in languages"):
            table.add_column(name, justify="right")
        for row in tests.itertuples():
            table.add_row(
                f"{row.measure} {row.setting}",
                with_interval(row, "difference", "+"),
                *map(_probability, (row.p_randomization, row.p_t, row.p_holm_randomization)),
                f"{row.d:.2f}",
                f"{row.wins}/{row.ties}/{row.losses}",
                f"{row.languages_ahead}/{row.languages_tied}/{row.languages_behind}",
            )
        console.print(table)
    for (a, b), rows in found.by_language.groupby(["a", "b"], sort=False):
        grid(
            f"{a} minus {b} by query language, * significant",
            ["queries"],
            collect(
                rows,
                lambda row: (row.language,),
                lambda row: found.number(row.measure, row.difference, "+") + ("*" if row.winner else " "),
            ),
        )


def _print_comparison(results: dict[str, Scores], output: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("strategy", "AP mono", "AP cross", "AP multi", "RankDistance multi")
    for strategy, scores in results.items():
        settings = scores.settings
        table.add_row(
            strategy,
            *(_figure("AP", settings[name]["AP"]) for name in ("mono", "cross", "multi")),
            _figure("RankDistance", settings["multi"]["RankDistance"]),
        )
    Console(width=max(80, Console().width)).print(table)
    typer.echo(f"scores: {', '.join(str(output / strategy / 'scores.json') for strategy in results)}")


def _print_sweep(table: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table("run", "benchmark", "AP mono", "AP cross", "AP multi", "RankDistance multi")
    for (run, benchmark), rows in table.groupby(["run", "benchmark"], sort=False):
        figures = rows.set_index("setting")
        shown.add_row(
            run,
            benchmark,
            *(_figure("AP", figures.at[name, "AP"]) for name in ("mono", "cross", "multi")),
            _figure("RankDistance", figures.at["multi", "RankDistance"]),
        )
    Console(width=max(120, Console().width)).print(shown)


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _figure(measure: str, value: float) -> str:
    return f"{value:.1f}" if measure.startswith(("RankDistance", "FirstRank")) else f"{value:.4f}"


# Options that take several values in a row (--languages de en), which the parser below knows only repeated.
_SEVERAL = {
    "--source": re.compile(r"[^-].*"),
    "--on": re.compile(r"[^-].*"),
    "--languages": re.compile(r"[a-z]{2,3}(-\w+)?"),
    "--validate-languages": re.compile(r"[a-z]{2,3}(-\w+)?"),
    "--settings": re.compile(r"mono|cross|multi"),
    "--measures": re.compile(r"all|(?=.*[A-Z])\w+(\(.*\))?(@.*)?"),
}


def _spread(arguments: list[str]) -> list[str]:
    """``--languages de en`` and ``--languages de,en`` as ``--languages de --languages en``."""
    result: list[str] = []
    option, taken = "", 0
    for argument in arguments:
        if argument in _SEVERAL:
            option, taken = argument, 0
            continue
        # The commas of PEER(weights={0:0.5,1:0.5})@20 stay.
        split = [argument] if option in ("--source", "--on") else re.split(r",(?![^(]*\))", argument)
        values = [value for value in split if value]
        if option and values and (taken == 0 or all(_SEVERAL[option].fullmatch(value) for value in values)):
            result += [word for value in values for word in (option, value)]
            taken += 1
            continue
        option = ""
        result.append(argument)
    return [*result, option] if option and not taken else result


def _is_the_users(error: Exception) -> bool:
    from datasets_ext.errors import CollectionError
    from hybrid_plugin.errors import UserError

    return isinstance(error, (UserError, CollectionError))


def main() -> None:
    """The entry point: user errors end with status 2 and one sentence, our own with status 1."""
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    arguments = sys.argv[1:]
    try:
        app(arguments if arguments[:1] == ["run"] else _spread(arguments))
    except Exception as error:
        if os.environ.get("HYBRID_IR_DEBUG"):
            raise
        if _is_the_users(error):
            typer.echo(f"hybrid-ir: {error}", err=True)
            sys.exit(2)
        typer.echo(f"hybrid-ir: {type(error).__name__}: {error} (HYBRID_IR_DEBUG=1 shows where)", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
