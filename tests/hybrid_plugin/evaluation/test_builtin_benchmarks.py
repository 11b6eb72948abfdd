"""On files as publishers have them, every figure of the built-in benchmarks is that of ir_measures.

Qrels are taken from the published files here, and nothing of this project reads them.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import ir_measures
import pandas as pd
import pytest
from ir_measures import Qrel

from hybrid_plugin.tasks import load_benchmark
from tests.conftest import ROOT
from tests.hybrid_plugin.tasks import published

pytestmark = pytest.mark.xdist_group("builtin-benchmarks")  # one worker makes what they share

OFFICIAL = {
    "miracl": ["nDCG@10", "R@100"],
    "neuclir": ["nDCG@20", "AP@1000", "R@100", "R@1000"],
    "mmarco": ["RR@10", "R@1000"],
    "clirmatrix": ["nDCG@10"],
    "mr-tydi": ["RR@100", "R@100"],
    "hc4": ["nDCG@20", "AP@1000", "R@100", "R@1000"],
    "wikiclir": ["nDCG@10", "R@100"],
    "beir": ["nDCG@10", "R@100"],
    "nano-beir": ["nDCG@10"],
    "bright": ["nDCG@10"],
    "bright-long": ["R@1"],
}
NARROWED = {
    "miracl": ["miracl/sw"],
    "neuclir": ["neuclir/2023", "neuclir/2022/multi"],
    "mmarco": ["mmarco/de/en", "mmarco/multi/zh"],
    "clirmatrix": ["clirmatrix/fr", "clirmatrix/multi/ja"],
    "hc4": ["hc4/multi"],
    "beir": ["beir/arguana"],
    "bright": ["bright/aops"],
}
AT_HAND = published.AT_HAND  # of the others, everything
THEIRS = (
    "nDCG@10",
    "nDCG@20",
    "nDCG",
    "AP",
    "AP@1000",
    "AP(rel=2)",
    "R@100",
    "R@1000",
    "RR@10",
    "RR@100",
    "R@1",
    "P@1",
    "Judged@10",
)
OURS = ("RankDistance", "PEER@20", "LanguageSkew@10", "FirstRank", "WeakAlignment")

# ir_datasets looks up its home when it is imported, so the files are read in a process of its own, without a network.
PROGRAM = """
import json, sys
from pathlib import Path

asked = set()

def watch(event, arguments):
    if event == "socket.getaddrinfo":
        asked.add(arguments[0])
        raise OSError("there is no network")

sys.addaudithook(watch)
from hybrid_plugin import Encoder
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation import evaluate, evaluate_runs
from hybrid_plugin.tasks import load_benchmark

encoder, output = Encoder.load(sys.argv[1]), Path(sys.argv[2])
for name, [measures, at_hand, narrowed] in json.loads(sys.argv[3]).items():
    benchmark, folder = load_benchmark(name), output / name
    evaluate(benchmark, encoder, folder, measures=measures, tasks=at_hand, runs=True, runs_depth=None)
    evaluate_runs(benchmark, folder, output / "from-runs" / name, measures=measures, tasks=at_hand)
    evaluate_runs(benchmark, folder, output / "official" / name, tasks=at_hand)
    for part in narrowed:
        evaluate(load_benchmark(part), encoder, output / "narrowed" / part)
        evaluate_runs(load_benchmark(part), folder, output / "narrowed-from-runs" / part)
    absent = ""
    if name == "miracl":
        try:
            evaluate(benchmark, encoder)
        except UserError as error:
            absent = str(error)
    (folder / "asked.json").write_text(json.dumps([sorted(asked), absent]))
    asked.clear()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    for write in published.WRITERS.values():
        write(folder)
    return folder


@pytest.fixture(scope="module")
def scored(home: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of all evaluations."""
    output = tmp_path_factory.mktemp("scored")
    what = {name: [[*THEIRS, *OURS], AT_HAND.get(name, []), NARROWED.get(name, [])] for name in OFFICIAL}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, tiny, output, json.dumps(what)],
        env=os.environ | {"IR_DATASETS_HOME": str(home)},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stderr
    return output


def rows(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "per_query.parquet")


def stated(folder: Path) -> dict[str, object]:
    return json.loads((folder / "scores.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def tasks_of(name: str) -> list[str]:
    return [task.name for task in load_benchmark(name).only(tasks=AT_HAND.get(name, [])).tasks]


def run_of(folder: Path, task: str) -> pd.DataFrame:
    return pd.DataFrame(ir_measures.read_trec_run(str(folder / "runs" / f"{task.replace('/', '.')}.trec")))


def trec(text: str, prefix: str = "") -> Iterator[Qrel]:
    for line in text.splitlines():
        if line:
            query, _, doc, grade = line.split()
            yield Qrel(query, prefix + doc, int(grade))


def miracl(home: Path, task: str) -> Iterator[Qrel]:
    lang = task.split("/")[0]
    return trec((home / "miracl" / "v1.0" / lang / "dev" / "qrels.tsv").read_text(encoding="utf-8"))


def neuclir(home: Path, task: str) -> Iterator[Qrel]:
    year, docs, _ = task.split("/")
    languages = {"fa": ("fas",), "ru": ("rus",), "zh": ("zho",), "multi": ("fas", "rus", "zho")}[docs]
    folder = home / "neuclir" / f"trec-{year}"
    if year == "2022":
        lines = (folder / "qrels").read_text().splitlines()
        yield from trec("\n".join(line for line in lines if line.split()[1] in languages))
    else:
        with tarfile.open(folder / "qrels.tar.gz") as tar:
            for lang in languages:
                member = tar.extractfile(f"qrels.final.gains.{lang}")
                assert member is not None
                yield from trec(member.read().decode())


def mmarco(home: Path, task: str) -> Iterator[Qrel]:
    languages = ("ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "nl", "pt", "ru", "vi", "zh")
    for prefix in [f"{lang}/" for lang in languages] if task.startswith("multi/") else [""]:
        yield from trec((home / "mmarco" / "qrels.dev.small.tsv").read_text(), prefix)


def clirmatrix(home: Path, task: str) -> Iterator[Qrel]:
    docs, queries = task.split("/")
    others = [lang for lang in published.CLIRMATRIX if lang != queries] if docs == "multi" else [docs]
    for lang in others:
        path = home / "clirmatrix" / "MULTI-8" / queries / f"{queries}.{lang}.test1.jl.gz"
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            if line:
                record = json.loads(line)
                for page, grade in record["tgt_results"]:
                    yield Qrel(record["src_id"], f"{lang}/{page}" if docs == "multi" else page, grade)


def mr_tydi(home: Path, task: str) -> Iterator[Qrel]:
    (path,) = (home / "mr-tydi" / f"{task.split('/')[0]}.data").glob("*/qrels.test.txt")
    return trec(path.read_text(encoding="utf-8"))


def hc4(home: Path, task: str) -> Iterator[Qrel]:
    docs = task.split("/")[0]
    for lang in {"fa": ("fas",), "ru": ("rus",), "zh": ("zho",), "multi": ("fas", "rus", "zho")}[docs]:
        yield from trec((home / "hc4" / lang / "test.qrels.v1-0.txt").read_text())


def wikiclir(home: Path, task: str) -> Iterator[Qrel]:
    ending = {"sw/en": "sw", "en-simple/en": "simple"}[task]
    (path,) = (home / "wikiclir").rglob(f"en2{ending}.rel")
    for line in path.read_text().splitlines():
        query, doc, grade = line.split()
        yield Qrel(query, doc, int(grade))


def beir(home: Path, task: str) -> Iterator[Qrel]:
    archive = task.split("/")[0]
    (path,) = (home / "beir" / archive).rglob("source.zip")
    with zipfile.ZipFile(path) as file:
        for line in file.read(f"{task}/qrels/test.tsv").decode().splitlines()[1:]:
            if line:
                query, doc, grade = line.split("\t")
                yield Qrel(query, doc, int(grade))


def nano_beir(home: Path, task: str) -> Iterator[Qrel]:
    for row in pd.read_parquet(home / "nano-beir" / task / "qrels.parquet").to_dict(orient="records"):
        yield Qrel(row["query-id"], row["corpus-id"], 1)


def bright(home: Path, task: str, gold: str = "gold_ids") -> Iterator[Qrel]:
    for row in pd.read_parquet(home / "bright" / f"{task}.queries.parquet").to_dict(orient="records"):
        for doc in row[gold]:
            yield Qrel(row["id"], doc, 1)


QRELS: dict[str, Callable[[Path, str], Iterator[Qrel]]] = {
    "miracl": miracl, "neuclir": neuclir, "mmarco": mmarco, "clirmatrix": clirmatrix, "mr-tydi": mr_tydi, "hc4": hc4,
    "wikiclir": wikiclir, "beir": beir, "nano-beir": nano_beir, "bright": bright,
    "bright-long": partial(bright, gold="gold_ids_long"),
}  # fmt: skip


def expected(name: str, home: Path, scored: Path) -> pd.DataFrame:
    """The values of ir_measures: rows tasks and queries, columns measures."""
    qrels, runs = [], []
    for task in tasks_of(name):
        found = run_of(scored / name, task)
        runs.append(found.assign(query_id=f"{task} " + found["query_id"]))
        qrels += [one._replace(query_id=f"{task} {one.query_id}") for one in QRELS[name](home, task)]
    run = pd.concat(runs)
    values: dict[str, dict[str, float]] = {}
    for measure in THEIRS:  # one at a time, as any_collection does
        for metric in ir_measures.iter_calc([ir_measures.parse_measure(measure)], qrels, run):
            values.setdefault(measure, {})[metric.query_id] = metric.value
    return pd.DataFrame(values)


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_figure_is_that_of_ir_measures(name: str, home: Path, scored: Path) -> None:
    theirs = expected(name, home, scored)
    for folder in (scored / name, scored / "from-runs" / name):
        own = rows(folder)
        own.index = pd.Index(own["task"] + " " + own["query_id"])
        assert own.index.is_unique
        assert set(own.index) == set(theirs.index)
        pd.testing.assert_frame_equal(own.loc[theirs.index, [*THEIRS]], theirs, rtol=0, atol=1e-9, check_names=False)
        means = theirs.groupby([one.split()[0] for one in theirs.index]).mean()
        figures = pd.DataFrame(stated(folder)["tasks"]).set_index("task")
        assert list(figures.index) == tasks_of(name)
        pd.testing.assert_frame_equal(figures.loc[means.index, [*THEIRS]], means, rtol=0, atol=1e-9, check_names=False)
        for setting, found in stated(folder)["settings"].items():  # type: ignore[attr-defined]
            over = means.loc[figures.index[figures["setting"] == setting]].mean()
            assert {measure: found[measure] for measure in THEIRS} == pytest.approx(dict(over), abs=1e-9)


@pytest.mark.parametrize("name", OFFICIAL)
def test_measures_of_ours_are_the_same_from_vectors_and_from_run_files(name: str, scored: Path) -> None:
    pd.testing.assert_frame_equal(rows(scored / name), rows(scored / "from-runs" / name), rtol=0, atol=1e-9)
    if "multi" in load_benchmark(name).settings:
        assert rows(scored / name).query("setting == 'multi'")[[*OURS[:3]]].notna().any().all()


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_measures_are_the_default(name: str, scored: Path) -> None:
    for folder in (scored / "official" / name, *(scored / "narrowed" / part for part in NARROWED.get(name, []))):
        columns = list(rows(folder).columns)
        assert columns[columns.index("missed") + 1 :] == OFFICIAL[name]
    columns = list(rows(scored / name).columns)
    assert columns[columns.index("missed") + 1 :][: len(OFFICIAL[name])] == OFFICIAL[name]  # first, whatever is asked


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, parts in NARROWED.items() for part in parts])
def test_a_name_narrows_to_some_tasks(name: str, part: str, scored: Path) -> None:
    whole = rows(scored / name)
    tasks = [task for task in tasks_of(name) if f"{name}/{task}/".startswith(f"{part}/")]
    some = whole[whole["task"].isin(tasks)].reset_index(drop=True)
    for folder in (scored / "narrowed" / part, scored / "narrowed-from-runs" / part):
        found = rows(folder).drop(columns=["found", "missed"])  # known where a measure looks at the whole ranking
        pd.testing.assert_frame_equal(found, some[[*found.columns]], rtol=0, atol=1e-9)
        assert stated(folder)["benchmark"] == name


def test_ids_in_run_files_are_as_published_within_a_language_and_say_it_in_the_pool(scored: Path) -> None:
    for task in ("de/de", "de/en", "nl/zh"):
        assert set(run_of(scored / "mmarco", task)["doc_id"]) == {"0", "7"}
    pool = run_of(scored / "mmarco", "multi/zh")
    assert set(pool["doc_id"]) == {f"{lang}/{page}" for lang in load_benchmark("mmarco").languages for page in "07"}
    assert pool.groupby("query_id").size().to_dict() == {"2": 28, "1048578": 28}
    assert set(run_of(scored / "miracl", "sw/sw")["doc_id"]) == {"2#0", "2#1", "17#0"}
    assert set(run_of(scored / "neuclir", "2022/multi/en")["doc_id"]) == {
        doc_id for documents in published.NEUCLIR.values() for doc_id, _, _ in documents
    }
    pages = published.CLIRMATRIX_PAGES
    assert set(run_of(scored / "clirmatrix", "fr/en")["doc_id"]) == {*pages["fr"]}
    assert set(run_of(scored / "clirmatrix", "multi/en")["doc_id"]) == {
        f"{lang}/{page}" for lang in pages if lang != "en" for page in pages[lang]
    }


def test_what_does_not_count_for_a_query_is_in_no_ranking(scored: Path) -> None:
    arguana, fiqa = {"test-a-pro01a", "test-a-pro01b", "test-a-con02a"}, {"4", "15", "16"}
    for name, documents in (("arguana", arguana), ("fiqa", fiqa)):
        for query, found in run_of(scored / "beir", name).groupby("query_id")["doc_id"]:
            assert set(found) == documents - {query}
    assert rows(scored / "beir").query("task == 'arguana'")["retrieved"].to_list() == [2, 2]
    excluded = run_of(scored / "bright", "aops").groupby("query_id")["doc_id"].agg(set)
    assert excluded.to_dict() == {"aops_1": {"p/1", "p/3", "p/4"}, "aops_2": {"p/2", "p/3", "p/4"}}
    assert set(run_of(scored / "bright", "theoremqa-questions")["doc_id"]) == {"p/3", "p/4"}
    nano = run_of(scored / "nano-beir", "arguana")
    assert (nano["query_id"] == nano["doc_id"]).any()


def test_topics_that_were_not_judged_are_not_scored(scored: Path) -> None:
    scored_topics = rows(scored / "neuclir").groupby("task")["query_id"].agg(set)
    assert scored_topics["2022/fa/en"] == {"2"}  # of 2, 7 and 113
    assert scored_topics["2022/multi/en"] == {"2", "7"}


def test_what_is_not_here_is_named_with_its_place(scored: Path, home: Path) -> None:
    _, absent = json.loads((scored / "miracl" / "asked.json").read_text())
    assert absent == (
        f"'miracl/ar/dev' needs {home}/miracl/v1.0/ar/dev/topics.tsv, which is not there and cannot be downloaded "
        "(ConnectionError); put the published file there, or leave out what needs it"
    )


@pytest.mark.parametrize(
    ("name", "hosts"),
    [("neuclir", []), ("mmarco", []), ("clirmatrix", ["macavaney.us"])],  # CLIRMatrix: counts, which nothing needs
)
def test_files_that_are_here_need_no_network(name: str, hosts: list[str], scored: Path) -> None:
    assert json.loads((scored / name / "asked.json").read_text())[0] == hosts
