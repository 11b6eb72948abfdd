"""The command line: what it prints, what it refuses, and that a refusal leaves nothing behind."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from hybrid_plugin.cli.main import application, parse
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.encoding.settings import EncoderOptions, ModelOptions
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import evaluate_vectors, stored_vectors
from hybrid_plugin.settings import flatten, keys
from hybrid_plugin.tasks import load_benchmark
from hybrid_plugin.training.batches.settings import BatchSettings, SourceMix
from hybrid_plugin.training.mining.settings import MiningSettings
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.evaluation.any_collection import write_collection
from tests.pages import PAGES


def refused(*arguments: object, writes: Path | None = None) -> str:
    """The one sentence with which a command refuses; it must have written nothing."""
    result = run_cli(*arguments, check=2)
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("hybrid-ir: ")]
    assert len(lines) == 1, result.stderr
    if writes is not None:
        assert not writes.exists()
        assert not [path for path in writes.parent.iterdir() if path.name.startswith(f".{writes.name}.")]
    return lines[0].removeprefix("hybrid-ir: ")


def parsed(typed: str) -> dict[str, Any]:
    """What the function behind a command would be given."""
    _, bound, _ = application().parse_args(typed.split())
    found = dict(bound.arguments)
    return found | {key: value for one in found.values() if is_dataclass(one) for key, value in flatten(one).items()}


@pytest.mark.parametrize(
    ("typed", "option", "values"),
    [
        ("evaluate b --languages de en --runs --output o", "languages", ["de", "en"]),
        ("evaluate b --languages de,en --output o", "languages", ["de", "en"]),
        ("evaluate b --languages de --languages en --output o", "languages", ["de", "en"]),
        ("evaluate b --settings mono multi --output o", "settings", ["mono", "multi"]),
        ("train --source a b --model m --output o", "source", ["a", "b"]),
        ("train --source a --source b --model m --output o", "source", ["a", "b"]),
        ("train --source squad:en=a,de=b --model m --output o", "source", ["squad:en=a,de=b"]),
        ("evaluate b --measures AP LanguageSkew@10 --output o", "measures", ["AP", "LanguageSkew@10"]),
        ("evaluate b --measures AP,R@1 --output o", "measures", ["AP", "R@1"]),
        (
            "evaluate b --measures PEER(weights={0:1,1:0})@5 R@1 --output o",
            "measures",
            ["PEER(weights={0:1,1:0})@5", "R@1"],
        ),
        ("evaluate b --measures all --output o", "measures", ["all"]),
        ("evaluate b --settings nonsense --output o", "settings", ["nonsense"]),
    ],
)
def test_options_take_several_values_in_a_row(typed: str, option: str, values: list[str]) -> None:
    assert list(parsed(typed)[option]) == values


@pytest.mark.parametrize(
    ("typed", "option", "values"),
    [
        ("evaluate --output o --languages de,en xquad-r", "languages", "de en"),
        ("evaluate --output o --settings mono multi xquad-r", "settings", "mono multi"),
        ("evaluate --output o --measures all xquad-r", "measures", "all"),
    ],
)
def test_a_benchmark_at_the_end_is_taken_for_one_more_version(typed: str, option: str, values: str) -> None:
    with pytest.warns(UserWarning, match="write 'xquad-r' right after 'evaluate'"):
        _, bound = parse(typed.split())
    assert bound.args == ("xquad-r",)
    assert getattr(bound.kwargs["asked"], option) == tuple(values.split())


def test_a_missing_option_is_named() -> None:
    assert "--output requires an argument" in refused("train", "--source", "a", "--model", "m")
    assert "BENCHMARK requires an argument" in refused("evaluate", "--output", "o")


def test_an_option_without_its_values_is_refused() -> None:
    assert "--languages" in refused("evaluate", "b", "--output", "o", "--languages")


def test_settings_are_options_by_their_flat_keys() -> None:
    given = parsed(
        "train --source s --model m --output o --batch-size 8 --languages de,en --alpha 0.25 --source-cap 9 "
        "--source-weights a=2 --source-weights b=0.5 --trainer max_grad_norm=0.5 --trainer report_to=none "
        "--trainer compile=true --validate v --validate-every 3 --query-prefix query:"
    )
    assert given["settings"] == TrainingSettings(
        batches=BatchSettings(size=8, alpha=0.25, only=("de", "en")),
        mix=SourceMix(cap=9, weights={"a": 2.0, "b": 0.5}),
        trainer={"max_grad_norm": 0.5, "report_to": "none", "compile": True},
    )
    assert given["validation"] == ValidationSettings(name="v", every=3)
    assert given["options"] == ModelOptions(query_prefix="query:")


def documented() -> list[str]:
    """Every command line that a page or the help of a command shows whole."""
    pages = [page for page in PAGES if page.name != "commands.md"]  # which has forms of commands
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages).replace("\\\n", " ")
    found = re.findall(r"^hybrid-ir (.*?)(?: +#.*)?$", text, re.MULTILINE)
    for path in (ROOT / "hybrid_plugin" / "cli").glob("*.py"):
        text = path.read_text(encoding="utf-8").replace("\\\\\n", " ")
        found += [" ".join(line.split()) for line in re.findall(r"^ {8}hybrid-ir (.*)$", text, re.MULTILINE)]
    return sorted({line for line in found if not re.search(r"\.\.\.|\||\[| > |^run |^ARGS| {3}", line)})


@pytest.mark.parametrize("line", documented())
def test_a_documented_command_line_is_understood(line: str) -> None:
    parse(shlex.split(line))


def test_explore_takes_pooling_and_prefixes_once_or_once_for_each() -> None:
    given = parsed("explore b --encoder m n --pooling mean cls --query-prefix query:")
    each = [(one.pooling, one.query_prefix) for one in given["options"].of(2)]
    assert each == [("mean", "query:"), ("cls", "query:")]
    with pytest.raises(UserError, match="--pooling is given 2 times; give it once, or once for each of 3 encoders"):
        given["options"].of(3)


RECIPE = """
source: [a, b]
model: m
strategy: mono
batch_size: 16
languages: [de, en]
compile: true
chunk_size: null
source_weights: {a: 2}
trainer: {max_grad_norm: 0.5}
validate: v
query_prefix: "query: "
"""


def test_a_recipe_sets_what_the_command_line_does_not(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    given = parsed(f"train --recipe {tmp_path / 'recipe.yaml'} --output o --batch-size 8 --trainer report_to=none")
    assert (given["source"], given["model"]) == (["a", "b"], "m")
    assert given["settings"] == TrainingSettings.of(
        strategy="mono",
        batch_size=8,
        languages=("de", "en"),
        compile=True,
        source_weights={"a": 2.0},
        trainer={"report_to": "none"},
    )
    (tmp_path / "commas.yaml").write_text("languages: de,en")
    assert parsed(f"train --recipe {tmp_path / 'commas.yaml'} --source s --model m --output o")["languages"] == (
        "de",
        "en",
    )
    assert given["validation"].name == "v"
    assert given["options"].query_prefix == "query: "


def test_a_recipe_with_a_fault_is_refused_by_name(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    command = ("train", "--recipe", recipe, "--source", "s", "--model", "m", "--output", tmp_path / "out")
    assert "cannot read" in refused(*command)
    for content, complaint in {
        "alfa: 1": "has the unknown key 'alfa'; see: hybrid-ir train --help; did you mean 'alpha'?",
        "[1": "is not valid YAML",
        "3": "is not a mapping of settings",
        "alpha: 2": "alpha is 2.0; it is a probability",
        "steps: many": 'unable to convert "many" into int',
    }.items():
        recipe.write_text(content)
        assert complaint in refused(*command, writes=tmp_path / "out")


def test_every_setting_is_an_option_with_help() -> None:
    for command, kinds in {
        "train": (TrainingSettings, ValidationSettings, ModelOptions),
        "mine": (MiningSettings, EncoderOptions),
        "score": (EncoderOptions,),
        "evaluate": (EncoderOptions,),
    }.items():
        text = " ".join(run_cli(command, "--help").stdout.replace("│", " ").split())
        for kind in kinds:
            for key in keys(kind):
                assert re.search(rf"--{key.replace('_', '-')}( [A-Z=.]+)? \w", text), key


def test_an_old_spelling_works_for_one_more_version(tiny: Path, tmp_path: Path) -> None:
    train = ("train", "--source", "hybrid-demo", "--model", tiny, "--output", tmp_path / "out", "--steps", 1)
    result = run_cli(*train, "--batch-size", 4, "--source-weight", "hybrid-demo=2")
    assert "warning: --source-weight is called --source-weights now" in result.stderr
    assert json.loads((tmp_path / "out" / RECORD).read_text())["training"]["source_weights"] == {"hybrid-demo": 2.0}


def test_every_command_explains_itself() -> None:
    commands = ("quickstart", "train", "sweep", "card", "encode", "index", "search", "evaluate", "compare", "explore")
    commands += ("doctor", "datasets")
    overview = run_cli("--help", fresh=True).stdout
    for command in commands:
        assert command in overview
        assert "Usage" in run_cli(command, "--help").stdout
    assert "MODULE" in run_cli("run", "--help").stdout


def test_the_doctor_names_java_device_and_collections() -> None:
    report = run_cli("doctor", fresh=True).stdout
    for subject in ("Java", "device", "torch", "pyserini", "xquad-r", "mlqa-r", "plugins"):
        assert subject in report


def test_a_documents_only_id_can_be_encoded_indexed_and_exported(tiny: Path, tmp_path: Path) -> None:
    run_cli("encode", "hybrid-demo/zh", "--encoder", tiny, "--output", tmp_path / "vectors")
    assert sorted(path.name for path in (tmp_path / "vectors").iterdir()) == ["docs"]
    matrix = np.load(tmp_path / "vectors" / "docs" / "00000.npy")
    run_cli("index", "hybrid-demo/zh", "--encoder", tiny, "--output", tmp_path / "index")
    index = faiss.read_index(str(tmp_path / "index" / "index"))
    np.testing.assert_array_equal(index.reconstruct_n(0, index.ntotal), matrix)
    written = run_cli("datasets", "export", "hybrid-demo/zh", "--output", tmp_path / "export").stdout
    assert written.split() == [str(tmp_path / "export" / "corpus" / "docs.jsonl")]


def test_evaluate_writes_scores_that_name_their_origin(tiny: Path, tmp_path: Path) -> None:
    printed = run_cli(
        "evaluate", "hybrid-demo", "--encoder", tiny, "--output", tmp_path / "out", "--languages", "de", "en",
        "--settings", "mono", "multi", "--runs", "--depth", "10", "--device", "cpu", "--precision", "bfloat16",
    ).stdout  # fmt: skip
    assert "multi" in printed
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert scores["benchmark"] == "hybrid-demo"
    assert scores["encoder"] == str(tiny)
    assert scores["encoder_settings"]["precision"] == "bfloat16"
    assert scores.keys() >= {"settings", "pairs", "zero_shot", "versions", "seed"}
    assert [(pair["docs"], pair["queries"], pair["setting"]) for pair in scores["pairs"]] == [
        ("de", "de", "mono"), ("en", "en", "mono"), ("multi", "de", "multi"), ("multi", "en", "multi"),
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "out" / "runs").iterdir()) == [
        "de.de.trec", "en.en.trec", "multi.de.trec", "multi.en.trec",
    ]  # fmt: skip
    run_cli(
        "evaluate", "hybrid-demo", "--runs-from", tmp_path / "out", "--output", tmp_path / "again",
        "--languages", "de,en", "--depth", "10",
    )  # fmt: skip
    again = json.loads((tmp_path / "again" / "scores.json").read_text())
    for setting in ("mono", "multi"):
        assert again["settings"][setting] == pytest.approx(scores["settings"][setting])
    run_cli(
        "evaluate", "hybrid-demo/multi/de", "--runs-from", tmp_path / "out" / "runs" / "multi.de.trec",
        "--output", tmp_path / "one",
    )  # fmt: skip
    (one,) = json.loads((tmp_path / "one" / "scores.json").read_text())["pairs"]
    both = next(pair for pair in scores["pairs"] if (pair["docs"], pair["queries"]) == ("multi", "de"))
    assert one == pytest.approx(both)


def test_unknown_names_are_refused_with_the_known_ones(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    encoder = ("--encoder", tiny, "--output", out)
    unknown = refused("evaluate", "xquad", *encoder, writes=out)
    assert "unknown benchmark 'xquad'; known: " in unknown
    assert ", hybrid-demo, " in unknown
    assert "hybrid-demo has no language 'xx'" in refused(
        "evaluate", "hybrid-demo", *encoder, "--languages", "xx", writes=out
    )
    assert "unknown setting 'bi'" in refused("evaluate", "hybrid-demo", *encoder, "--settings", "bi", writes=out)
    assert "hybrid-demo has no task 'dee'; it has 72, such as de/es" in refused(
        "encode", "hybrid-demo/dee", *encoder, writes=out
    )
    assert "hybrid-demo has no task 'xx/de'" in refused("index", "hybrid-demo/xx/de", *encoder, writes=out)
    assert "did you mean 'cord19/trec-covid'?" in refused("index", "cord19/trec-covd", *encoder, writes=out)
    assert "miracl has several pools of documents; name a task, such as miracl/ar/ar" in refused(
        "index", "miracl", *encoder, writes=out
    )
    train = ("train", "--model", tiny, "--output", out)
    assert "unknown source 'nothing'" in refused(*train, "--source", "nothing", writes=out)
    demo = (*train, "--source", "hybrid-demo")
    assert "unknown strategy 'both'" in refused(*demo, "--strategy", "both", writes=out)
    assert "alpha is 1.5; it is a probability" in refused(*demo, "--alpha", 1.5, writes=out)
    assert "unknown format 'xml'" in refused("datasets", "export", "hybrid-demo", "--format", "xml", "--output", out)
    assert "unknown pooling 'max'" in refused("encode", "hybrid-demo/de", *encoder, "--pooling", "max", writes=out)
    assert "unknown precision 'int4'" in refused(
        "encode", "hybrid-demo/de", *encoder, "--precision", "int4", writes=out
    )
    assert "device 'cuda:99'" in refused("encode", "hybrid-demo/de", *encoder, "--device", "cuda:99", writes=out)
    assert "takes either --encoder, --runs-from or --bm25" in refused(
        "evaluate", "hybrid-demo", "--output", out, writes=out
    )
    assert "depth is '0'" in refused("evaluate", "hybrid-demo", *encoder, "--depth", "0", writes=out)


def test_damaged_model_folders_are_refused(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def without(*patterns: str) -> Path:
        folder = tmp_path / f"model-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(tiny, folder, ignore=shutil.ignore_patterns(*patterns))
        return folder

    def encode(model: Path, *options: str) -> str:
        return refused("encode", "hybrid-demo/de", "--encoder", model, "--output", out, *options, writes=out)

    assert "there is no encoder folder" in encode(tmp_path / "nowhere")
    assert "has no tokenizer" in encode(without("tokenizer*"))
    assert "has no weights" in encode(without("*.safetensors"))
    assert "has no config.json" in encode(without("config.json"))
    pickled = without("*.safetensors")
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    assert "Python pickle" in encode(pickled)
    cut = without()
    weights = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert "cannot load the encoder" in encode(cut)
    assert "takes at most" in encode(tiny, "--max-length", "100000")


def test_an_index_of_another_dimension_is_refused(tiny: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    flat = faiss.IndexFlatIP(7)
    flat.add(np.zeros((2, 7), np.float32))
    faiss.write_index(flat, str(index / "index"))
    (index / "docid").write_text("a\nb\n")
    run = tmp_path / "run.trec"
    search = ("search", "hybrid-demo/de/en", "--encoder", tiny, "--index", index, "--output", run)
    assert "has 7 dimensions" in refused(*search, writes=run)
    (index / "docid").write_text("a\n")
    assert "2 vectors, but 1 ids" in refused(*search, writes=run)
    (index / "index").write_bytes(b"nonsense")
    assert "FAISS cannot read it" in refused(*search, writes=run)
    (index / "index").unlink()
    assert "has no file 'index'" in refused(*search, writes=run)


def test_damaged_run_files_are_refused(tmp_path: Path) -> None:
    runs, out = tmp_path / "runs", tmp_path / "out"
    runs.mkdir()

    def score(line: str) -> str:
        (runs / "de.de.trec").write_text(line + "\n")
        return refused("evaluate", "hybrid-demo", "--runs-from", runs, "--languages", "de", "--output", out, writes=out)

    assert "de.de.trec line 1 has 5 columns" in score("q Q0 d 1 0.5")
    assert "de.de.trec line 1: the score 'high' is not a number" in score("q Q0 d 1 high tag")
    assert "de.de.trec is empty" in score("")
    assert "de.de.trec line 1: 'q' is not among the queries of hybrid-demo/de/de" in score("q Q0 de_1_0 1 0.5 tag")
    query_id = first_query()
    assert "'nothing' is not among the documents of hybrid-demo/de/de" in score(f"{query_id} Q0 nothing 1 0.5 tag")
    (runs / "de.de.trec").unlink()
    assert "has no run file of hybrid-demo" in refused(
        "evaluate", "hybrid-demo", "--runs-from", runs, "--output", out, writes=out
    )


def test_one_task_is_scored_with_an_encoder_too(tiny: Path, tmp_path: Path) -> None:
    run_cli("evaluate", "hybrid-demo/de/en", "--encoder", tiny, "--output", tmp_path / "one")
    run_cli("evaluate", "hybrid-demo", "--tasks", "de/en", "--encoder", tiny, "--output", tmp_path / "narrowed")
    one, narrowed = (json.loads((tmp_path / name / "scores.json").read_text()) for name in ("one", "narrowed"))
    assert [task["task"] for task in one["tasks"]] == ["de/en"]
    assert (one["benchmark"], one["tasks"]) == ("hybrid-demo", narrowed["tasks"])


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YAML file that names a benchmark which is not parallel."""
    return write_collection(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def scored(odd: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evaluation of an encoder on it, with run files of whole rankings."""
    output = tmp_path_factory.mktemp("scored") / "by-encoder"
    printed = run_cli("evaluate", odd, "--encoder", tiny, "--output", output, "--runs", "--depth", "all").stdout
    assert printed.startswith("# odd\n")
    return output


def tasks_in(folder: Path) -> dict[str, dict[str, Any]]:
    """The figures of the tasks in a scores.json."""
    return {task["task"]: task for task in json.loads((folder / "scores.json").read_text())["tasks"]}


def test_a_benchmark_in_a_yaml_file_is_scored_by_its_official_measures(scored: Path) -> None:
    found = tasks_in(scored)
    assert list(found) == ["fa/fa", "fa/en", "ru/en", "multi/en", "multi/fa"]
    assert list(found["ru/en"]) == ["task", "docs", "queries", "setting", "queries_scored", "nDCG@20", "R@100"]
    assert sorted(path.name for path in (scored / "runs").iterdir()) == [
        "fa.en.trec", "fa.fa.trec", "multi.en.trec", "multi.fa.trec", "ru.en.trec",
    ]  # fmt: skip


def test_a_benchmark_in_a_yaml_file_is_scored_from_runs_and_by_task(odd: Path, scored: Path, tmp_path: Path) -> None:
    run_cli("evaluate", odd, "--runs-from", scored, "--output", tmp_path / "all")
    assert tasks_in(tmp_path / "all") == tasks_in(scored)
    run_cli("evaluate", odd, "--runs-from", scored, "--tasks", "fa/en", "multi", "--output", tmp_path / "some")
    assert tasks_in(tmp_path / "some") == {
        name: task for name, task in tasks_in(scored).items() if name in ("fa/en", "multi/en", "multi/fa")
    }
    printed = run_cli("compare", scored, tmp_path / "all", "--output", tmp_path / "compared").stdout
    assert printed.endswith(f"{tmp_path / 'compared' / 'comparison.json'}\n")
    run_cli("report", scored, tmp_path / "all", "--output", tmp_path / "report.html")
    assert "nDCG@20" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_index_and_search_of_one_task_give_the_figures_of_evaluate(
    odd: Path, scored: Path, tiny: Path, tmp_path: Path
) -> None:
    task, index, run = f"{odd}/multi/en", tmp_path / "index", tmp_path / "run.trec"
    run_cli("index", task, "--encoder", tiny, "--output", index)
    run_cli("search", task, "--encoder", tiny, "--index", index, "--output", run)
    run_cli("evaluate", task, "--runs-from", run, "--output", tmp_path / "searched")
    assert tasks_in(tmp_path / "searched")["multi/en"] == pytest.approx(tasks_in(scored)["multi/en"])


def test_encode_writes_each_text_of_a_benchmark_once(odd: Path, scored: Path, tiny: Path, tmp_path: Path) -> None:
    vectors = tmp_path / "vectors"
    written = run_cli("encode", odd, "--encoder", tiny, "--output", vectors).stdout
    assert written.split() == [str(vectors / "docs"), str(vectors / "queries")]
    assert len(np.load(vectors / "docs" / "00000.npy")) == 60 + 45 + 70
    # English topics stand there twice: fa/en asks their titles.
    assert len(np.load(vectors / "queries" / "00000.npy")) == 3 * 12
    benchmark = load_benchmark(str(odd))
    found = evaluate_vectors(benchmark, *stored_vectors(benchmark, vectors)).tasks.set_index("task")
    for name, task in tasks_in(scored).items():
        assert dict(found.loc[name, [*benchmark.measures]]) == pytest.approx(
            {measure: task[measure] for measure in benchmark.measures}
        )


def test_a_yaml_file_with_a_fault_is_named(odd: Path, tiny: Path, tmp_path: Path) -> None:
    out, path = tmp_path / "out", tmp_path / "mine.yaml"
    encoder = ("--encoder", tiny, "--output", out)
    assert refused("evaluate", path, *encoder, writes=out) == f"cannot read {path}: No such file or directory"
    path.write_text(odd.read_text(encoding="utf-8"), encoding="utf-8")  # without the files that it names
    for command in ("evaluate", "encode"):
        assert refused(command, path, *encoder, writes=out) == (
            f"{path}: the task 'fa/fa': 'docs': there is no file {tmp_path / 'docs.fa.jsonl'}"
        )
    assert "odd has no task 'multi/xx'; it has 5, such as multi/fa" in refused("index", f"{odd}/multi/xx", *encoder)
    assert f"{odd} has 5 tasks; {path} is a file, and they take a folder" in refused(
        "search", odd, "--encoder", tiny, "--index", tmp_path, "--output", path
    )


def first_query() -> str:
    import ir_datasets

    return next(iter(ir_datasets.load("hybrid-demo/de/de").queries_iter())).query_id


def test_output_folders_that_are_not_ours_are_left_alone(tiny: Path, tmp_path: Path) -> None:
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter1.txt").write_text("do not delete")
    encoder = ("--encoder", tiny, "--output", mine)
    for command in (
        ("index", "hybrid-demo/de", *encoder),
        ("evaluate", "hybrid-demo", *encoder),
        ("train", "--source", "hybrid-demo", "--model", tiny, "--output", mine),
        ("quickstart", "--output", mine),
    ):
        assert "is not ours to replace" in refused(*command)
    assert [path.name for path in mine.iterdir()] == ["chapter1.txt"]


def test_the_quickstart_shows_what_the_recipe_promises(tmp_path: Path) -> None:
    printed = run_cli("quickstart", "--steps", 100, "--output", tmp_path / "quickstart", fresh=True).stdout
    settings = {
        strategy: json.loads((tmp_path / "quickstart" / strategy / "scores.json").read_text())["settings"]
        for strategy in ("mono", "cross", "hybrid")
    }
    hybrid = settings["hybrid"]
    assert hybrid["mono"]["AP"] > settings["cross"]["mono"]["AP"]
    assert hybrid["cross"]["AP"] > settings["mono"]["cross"]["AP"]
    assert hybrid["multi"]["AP"] > settings["mono"]["multi"]["AP"]
    assert hybrid["multi"]["RankDistance"] < settings["mono"]["multi"]["RankDistance"]
    for strategy in settings:
        assert strategy in printed
        assert (tmp_path / "quickstart" / "pyserini" / f"{strategy}.trec").is_file()
