"""The built-in benchmarks read the files of their publishers through ir_datasets, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import ir_datasets
import ir_measures
import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.benchmarks import (
    beir,
    bright,
    clirmatrix,
    hc4,
    miracl,
    mmarco,
    mr_tydi,
    nano_beir,
    neuclir,
    wikiclir,
)
from hybrid_plugin.tasks.named import load_benchmark, load_dataset
from hybrid_plugin.tasks.shapes import grid
from hybrid_plugin.tasks.task import Qrels, Task, View
from tests.conftest import ROOT
from tests.hybrid_plugin.tasks import published

_MODULES = (clirmatrix, miracl, mmarco, neuclir, hc4, mr_tydi, wikiclir, beir, nano_beir)
PUBLISHED = {one.name: one for one in (*(module.BENCHMARK for module in _MODULES), *bright.BENCHMARKS)}

PROVIDERS = [one for one in ir_measures.providers.registry.values() if one.is_available()]

# ir_datasets looks up its home when it is imported, so each home is read in a process of its own.
OFFLINE = """
import json, os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise SystemExit(f"asked the network: {event} {arguments}")

sys.addaudithook(watch)
"""
READ = """
from hybrid_plugin.tasks import Judgements, documents, load_benchmark, queries

def read(task):
    judgements = Judgements.load(task)
    return {
        "docs": [text for view in task.docs for text in documents(view)],
        "queries": [query[:5] for query in queries(task)],
        "judged": {query: dict(sorted(grades.items())) for query, grades in judgements.by_query.items()},
        "dropped": {query: sorted(doc_ids) for query, doc_ids in judgements.dropped.items()},
    }

print(json.dumps({
    name: {task.name: read(task) for task in load_benchmark(name).only(tasks=tasks).tasks}
    for name, tasks in json.loads(sys.argv[1]).items()
}))
"""


def offline(program: str, home: Path, *arguments: str) -> Any:
    """What a program prints, as JSON, which reads below a home of ir_datasets and may not ask the network."""
    result = subprocess.run(
        [sys.executable, "-c", OFFLINE + program, *arguments],
        env=os.environ | {"IR_DATASETS_HOME": str(home)},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


Read = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of ir_datasets with something of every benchmark."""
    folder = tmp_path_factory.mktemp("published")
    for writer in published.WRITERS.values():
        writer(folder)
    return folder


@pytest.fixture(scope="module")
def read(home: Path) -> Read:
    """The tasks of a benchmark that are laid, as they are read."""
    found = offline(READ, home, json.dumps({name: published.AT_HAND.get(name, []) for name in PUBLISHED}))
    return lambda name: found[name]  # type: ignore[no-any-return]


def test_miracl_is_read_language_by_language(read: Read) -> None:
    found = read("miracl")
    assert list(found) == ["sw/sw", "te/te"]
    swahili, telugu = found["sw/sw"], found["te/te"]
    assert [doc[0] for doc in swahili["docs"]] == ["2#0", "2#1", "17#0"]
    title_and_text = 'Akiolojia Akiolojia (kutoka Kiyunani αρχαίος na λόγος) ni somo linalohusu mabaki.\n\nPia "kale".'
    assert swahili["docs"][0] == ["2#0", title_and_text, "sw"]
    assert swahili["docs"][1][1] == "Akiolojia hutafuta vitu vya kale.\tWataalamu huchimba ardhi."
    assert swahili["queries"][0] == ["h0", '"Akiolojia" ni nini?', "sw", "sw/h0", "sw/h0"]
    assert swahili["queries"][1][1] == "Mlima mrefu zaidi barani Afrika ni upi?"
    assert swahili["judged"] == {"h0": {"17#0": 0, "2#0": 1}, "h1": {"17#0": 1, "2#1": 0}}
    # Passages of several files; a long one; lines that end as on Windows; a blank line at the end.
    assert {doc[0]: len(doc[1]) for doc in telugu["docs"]}["5#1"] > 30_000
    assert sorted(doc[0] for doc in telugu["docs"]) == ["2#0", "5#0", "5#1"]
    assert [query[:2] for query in telugu["queries"]] == [
        ["h0", "తెలంగాణ రాజధాని ఏది?"],
        ["h7", "గోదావరి నది ఎక్కడ ఉంది?"],
    ]
    assert telugu["judged"] == {"h0": {"5#0": 1, "5#1": 0}, "h7": {"2#0": 1}}
    # The same id is another question in another language.
    assert telugu["queries"][0][3] == "te/h0"


def test_neuclir_has_human_translations_english_and_the_pool(read: Read) -> None:
    found = read("neuclir")
    persian = found["2022/fa/fa"]
    assert persian["docs"][1] == ["f73a0ff9-fa", "تیم ملی والیبال به المپیک رسید.", "fa"]
    assert persian["queries"][0] == ["2", "زلزله در ایران گزارش‌هایی از خسارت زلزله در ایران بیابید.", "fa", "2", "2"]
    assert persian["judged"] == {"2": {"93e291b3-fa": 3, "f73a0ff9-fa": 0}}
    english = found["2022/ru/en"]
    text = "Earthquakes in Iran Find reports of damage by earthquakes in Iran."
    assert english["queries"][0] == ["2", text, "en", "2", "2"]
    assert english["judged"] == {"2": {"ed4af92b-ru": 1}, "7": {"3f82d6dd-ru": 3, "ed4af92b-ru": 0}}
    pool = found["2022/multi/en"]
    assert [(doc[0], doc[2]) for doc in pool["docs"]] == [
        *(("93e291b3-fa", "fa"), ("f73a0ff9-fa", "fa"), ("ed4af92b-ru", "ru"), ("3f82d6dd-ru", "ru")),
        *(("95a18cdd-zh", "zh"), ("9ee19273-zh", "zh")),
    ]
    assert pool["judged"] == {
        "2": {"93e291b3-fa": 3, "95a18cdd-zh": 3, "9ee19273-zh": 0, "ed4af92b-ru": 1, "f73a0ff9-fa": 0},
        "7": {"3f82d6dd-ru": 3, "ed4af92b-ru": 0},
    }
    assert [query[0] for query in pool["queries"]] == ["2", "7", "113"]


def test_neuclir_2023_has_its_own_topics_though_ir_datasets_drops_them(read: Read) -> None:
    found = {name: task for name, task in read("neuclir").items() if name.startswith("2023/")}
    assert len(found) == 7
    for name, task in found.items():
        assert [query[0] for query in task["queries"]] == ["200", "203"], name
    chinese = found["2023/zh/zh"]
    assert chinese["queries"][1] == ["203", "股市 查找股市上涨的报道。", "zh", "203", "203"]
    assert chinese["judged"] == {"203": {"95a18cdd-zh": 0, "9ee19273-zh": 2}}
    pool = found["2023/multi/en"]
    assert pool["queries"][0][1] == "Olympic volleyball Which teams qualified for the Olympic volleyball?"
    assert pool["judged"] == {
        "200": {"3f82d6dd-ru": 1, "93e291b3-fa": 0, "f73a0ff9-fa": 3},
        "203": {"95a18cdd-zh": 0, "9ee19273-zh": 2},
    }


def test_the_pool_of_neuclir_2023_is_judged_as_the_track_judged_it(home: Path) -> None:
    program = """
import ir_datasets
from hybrid_plugin.tasks import Judgements, load_benchmark

published = ir_datasets.load("neuclir/1/multi/trec-2023").qrels_dict()
print(json.dumps([published, Judgements.load(load_benchmark("neuclir").task("2023/multi/en")).by_query]))
"""
    assert len({json.dumps(one, sort_keys=True) for one in offline(program, home)}) == 1


def test_mmarco_keeps_published_ids_within_a_language_and_tells_them_apart_in_the_pool(read: Read) -> None:
    found = read("mmarco")
    dutch = found["nl/nl"]
    assert dutch["docs"] == [
        ["0", "Parijs is de hoofdstad van Frankrijk.", "nl"],
        ["7", '"Water kookt bij 100 °C.', "nl"],
    ]
    assert dutch["queries"] == [
        ["1048578", "wanneer kookt water", "nl", "1048578", "1048578"],
        ["2", "hoofdstad van frankrijk", "nl", "2", "2"],
    ]
    assert dutch["judged"] == {"2": {"0": 1}, "1048578": {"7": 1}}
    assert [doc[1] for doc in found["en/de"]["docs"]] == ["Paris is the capital of France.", '"Water boils at 100 °C.']
    assert {query[0]: query[1] for query in found["en/de"]["queries"]}["2"] == "hauptstadt von frankreich"
    assert {query[0]: query[1] for query in found["de/en"]["queries"]}["2"] == "capital of france"
    assert found["de/en"]["docs"][0] == ["0", "Paris ist die Hauptstadt Frankreichs.", "de"]
    assert found["en/de"]["judged"] == found["de/en"]["judged"] == dutch["judged"]
    pool = found["multi/zh"]
    assert len({doc[0] for doc in pool["docs"]}) == len(pool["docs"]) == 28
    assert ["nl/0", "Parijs is de hoofdstad van Frankrijk.", "nl"] in pool["docs"]
    assert ["en/7", '"Water boils at 100 °C.', "en"] in pool["docs"]
    assert pool["judged"]["2"] == {f"{lang}/0": 1 for lang in mmarco.IDS}
    assert pool["judged"]["1048578"] == {f"{lang}/7": 1 for lang in mmarco.IDS}


def test_the_texts_of_mmarco_are_the_same_within_a_language_and_in_the_pool() -> None:
    benchmark = mmarco.BENCHMARK
    assert len(benchmark.doc_views) == 28
    assert len({view.plain for view in benchmark.doc_views}) == len(benchmark.languages) == 14


def test_clirmatrix_judges_other_languages_than_the_query_s(read: Read) -> None:
    found = read("clirmatrix")
    here, there = published.CLIRMATRIX_PAGES["en"], published.CLIRMATRIX_PAGES["fr"]
    assert found["fr/en"] == {
        "docs": [
            [there[0], "La Lituanie est un pays balte.", "fr"],
            [there[1], "La mort est la fin de la vie.", "fr"],
        ],
        "queries": [
            [here[0], "Lithuania", "en", f"en/{here[0]}", f"en/{here[0]}"],
            [here[1], "Death", "en", f"en/{here[1]}", f"en/{here[1]}"],
        ],
        "judged": {here[0]: {there[0]: 6, there[1]: 0}, here[1]: {there[0]: 0, there[1]: 6}},
        "dropped": {},
    }
    assert [query[1] for query in found["en/fr"]["queries"]] == ["Lituanie", "Mort"]
    assert found["en/fr"]["docs"][1] == [here[1], 'Death is the "end" of life.', "en"]
    pool = found["multi/en"]
    others = [lang for lang in published.CLIRMATRIX if lang != "en"]
    assert [doc[2] for doc in pool["docs"]] == [lang for lang in others for _ in range(2)]
    assert len({doc[0] for doc in pool["docs"]}) == 14  # though pages of several languages have one id
    assert pool["judged"][here[1]] == {
        f"{lang}/{page}": grade
        for lang in others
        for page, grade in zip(published.CLIRMATRIX_PAGES[lang], (0, 6), strict=True)
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_task_of_a_benchmark_can_be_read_and_is_judged(name: str, read: Read) -> None:
    found = read(name)
    laid = PUBLISHED[name].only(tasks=published.AT_HAND.get(name, []))
    assert tuple(found) == tuple(task.name for task in laid.tasks)
    for task_name, task in found.items():
        known = {doc[0] for doc in task["docs"]}
        assert known, task_name
        assert len(known) == len(task["docs"]), task_name
        assert set(task["judged"]) <= {query[0] for query in task["queries"]}, task_name
        assert {doc_id for grades in task["judged"].values() for doc_id in grades} <= known, task_name


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_files_of_a_benchmark_are_those_that_are_read(name: str, home: Path) -> None:
    there = [pattern for pattern in PUBLISHED[name].files if list(home.glob(pattern))]
    laid = {"miracl": 6, "mr-tydi": 6, "beir": 5, "nano-beir": 6, "bright": 2 + 3 * 6, "bright-long": 1 + 6}
    assert len(there) == laid.get(name, len(PUBLISHED[name].files))


@pytest.mark.parametrize("name", ["beir", "hc4", "nano-beir", "bright", "bright-long"])
def test_each_file_of_a_benchmark_is_one_that_ir_datasets_fetches(name: str) -> None:
    fetched = json.loads((Path(ir_datasets.__file__).parent / "etc" / "downloads.json").read_text(encoding="utf-8"))
    folder = name.removesuffix("-long")
    known = [f"{folder}/{one['cache_path']}" for one in fetched[folder].values()]
    for pattern in PUBLISHED[name].files:
        assert len([path for path in known if fnmatch(path, pattern)]) == 1, pattern


def test_ids_of_all_tasks_are_known_to_ir_datasets(tmp_path: Path) -> None:
    program = """
import ir_datasets
from hybrid_plugin.tasks import all_benchmarks

found = all_benchmarks()
known = set(ir_datasets.registry)
patterns = [pattern for pattern, _ in ir_datasets.registry._patterns]
missing = []
for name in sys.argv[1:]:
    for task in found[name].tasks:
        ids = {view.dataset_id for view in (*task.docs, task.queries)} | {one.dataset_id for one in task.qrels}
        missing += [one for one in ids if one not in known and not any(pattern.match(one) for pattern in patterns)]
print(json.dumps(missing))
"""
    assert offline(program, tmp_path, *PUBLISHED) == []


def test_listing_benchmarks_reads_nothing(home: Path) -> None:
    program = """
def reading(event, arguments):
    if event == "open" and str(arguments[0]).startswith(os.environ["IR_DATASETS_HOME"]):
        raise SystemExit(f"read {arguments[0]}")

sys.addaudithook(reading)
from hybrid_plugin.tasks import all_benchmarks

told = {
    name: [one.languages, one.settings, one.measures, one.licence, one.description, one.files]
    for name, one in all_benchmarks().items()
}
print(json.dumps({name: told[name][0] for name in sys.argv[1:]}))
"""
    found = offline(program, home, *PUBLISHED)
    assert {name: tuple(languages) for name, languages in found.items()} == {
        name: benchmark.languages for name, benchmark in PUBLISHED.items()
    }


def test_a_recipe_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'transformers', 'pandas', 'matplotlib', 'ir_measures'}"
    program = f"""
import sys
from hybrid_plugin.tasks.benchmarks import beir, bright, clirmatrix, hc4, miracl, mmarco, mr_tydi, nano_beir, neuclir
from hybrid_plugin.tasks.benchmarks import wikiclir
assert not {heavy} & sys.modules.keys(), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_benchmark_says_what_it_is(name: str) -> None:
    benchmark = PUBLISHED[name]
    for line in (benchmark.description, benchmark.licence):
        assert line
        assert "\n" not in line
    for measure in benchmark.measures:
        assert str(ir_measures.parse_measure(measure)) == measure
        assert any(provider.supports(ir_measures.parse_measure(measure)) for provider in PROVIDERS)


@pytest.mark.parametrize(
    ("name", "tasks", "settings"),
    [
        ("miracl", 18, ("mono",)),
        ("miracl/sw", 1, ("mono",)),
        ("neuclir", 14, ("mono", "cross", "multi")),
        ("neuclir/2023", 7, ("mono", "cross", "multi")),
        ("neuclir/2023/multi/en", 1, ("multi",)),
        ("neuclir/2022/fa/fa", 1, ("mono",)),
        ("mmarco", 14 * 15, ("mono", "cross", "multi")),
        ("mmarco/de/en", 1, ("cross",)),
        ("mmarco/multi", 14, ("multi",)),
        ("clirmatrix", 8 * 8, ("cross", "multi")),
        ("clirmatrix/multi/ja", 1, ("multi",)),
        ("mr-tydi", 11, ("mono",)),
        ("hc4", 7, ("mono", "cross", "multi")),
        ("wikiclir", 25, ("mono", "cross")),
        ("wikiclir/sw", 1, ("cross",)),
        ("beir", 26, ("mono",)),
        ("beir/cqadupstack", 12, ("mono",)),
        ("beir/reasoning", 4, ("mono",)),
        ("beir/zero-shot/", 25, ("mono",)),
        ("nano-beir", 13, ("mono",)),
        ("nano-beir/fact-checking", 3, ("mono",)),
        ("bright", 12, ("mono",)),
        ("bright/theorems", 3, ("mono",)),
        ("bright-long", 8, ("mono",)),
    ],
)
def test_names_of_benchmarks_and_tasks(name: str, tasks: int, settings: tuple[str, ...]) -> None:
    benchmark = load_benchmark(name)
    assert len(benchmark.tasks) == tasks
    assert benchmark.settings == settings


@pytest.mark.parametrize(
    ("name", "docs", "queries"),
    [  # of the papers' tables, and of the publishers' pages where files changed since
        ("mr-tydi/en", 32_907_100, 744),
        ("mr-tydi/sw", 136_689, 670),
        ("wikiclir/sw", 37_079, 22_860),
        ("beir/trec-covid", 171_332, 50),
        ("beir/nfcorpus", 3_633, 323),
        ("beir/fever", 5_416_568, 6_666),
        ("beir/webis-touche2020", 382_545, 49),
        ("beir/msmarco", 8_841_823, 6_980),
        ("beir/dbpedia-entity", 4_635_922, 400),
        ("beir/cqadupstack/tex", 68_184, 2_906),
        ("nano-beir/arguana", 3_635, 50),
        ("bright/leetcode", 413_932, 142),
        ("bright/theoremqa-questions", 188_002, 194),
        ("bright-long/pony", 577, 112),
    ],
)
def test_counts_are_those_of_the_papers(name: str, docs: int, queries: int) -> None:
    (task,) = load_benchmark(name).tasks
    assert load_dataset(task.docs[0].dataset_id).docs_metadata()["count"] == docs
    assert load_dataset(task.queries.dataset_id).queries_metadata()["count"] == queries


def test_sums_are_those_of_the_papers() -> None:
    def queries(benchmark: Benchmark) -> int:
        return sum(load_dataset(task.queries.dataset_id).queries_metadata()["count"] for task in benchmark.tasks)

    assert queries(load_benchmark("beir/cqadupstack")) == 13_145
    assert queries(load_benchmark("nano-beir")) == 649
    passages = (load_dataset(view.dataset_id).docs_metadata()["count"] for view in mr_tydi.BENCHMARK.doc_views)
    assert sum(passages) == 58_043_326


def test_mr_tydi_is_read_language_by_language(read: Read) -> None:
    found = read("mr-tydi")
    assert found["sw/sw"]["docs"][0] == ["2#0", "Akiolojia\n\nAkiolojia ni somo linalohusu mabaki ya tamaduni.", "sw"]
    assert found["sw/sw"]["queries"][1] == ["3", "Akiolojia ni nini?", "sw", "sw/3", "sw/3"]
    assert found["sw/sw"]["judged"] == {"0": {"17#0": 1}, "3": {"2#0": 1}}
    assert found["te/te"]["queries"] == [["0", "తెలంగాణ రాజధాని ఏది?", "te", "te/0", "te/0"]]


def test_hc4_has_translations_english_and_the_pool(read: Read) -> None:
    found = read("hc4")
    title, description = published.NEUCLIR_TOPICS["2022"]["2"]["fas"]
    assert found["fa/fa"]["queries"] == [["1001", f"{title} {description}", "fa", "1001", "1001"]]
    english = "Earthquakes in Iran Find reports of damage by earthquakes in Iran."
    for name in ("fa/en", "ru/en", "zh/en", "multi/en"):
        assert found[name]["queries"][0] == ["1001", english, "en", "1001", "1001"]
        assert [query[0] for query in found[name]["queries"]] == [*published.HC4_TOPICS]
    assert found["zh/en"]["judged"] == {"1007": {"95a18cdd-zh": 0, "9ee19273-zh": 3}}
    assert found["multi/en"]["judged"]["1001"] == {"93e291b3-fa": 3, "ed4af92b-ru": 1, "f73a0ff9-fa": 0}
    assert [doc[2] for doc in found["multi/en"]["docs"]] == ["fa", "fa", "ru", "ru", "zh", "zh"]


def test_wikiclir_asks_in_english(read: Read) -> None:
    found = read("wikiclir")
    assert found["sw/en"] == {
        "docs": [["9", "Mlima Mlima ni sehemu ya ardhi.", "sw"], ["10", "Mto Mto ni maji.", "sw"]],
        "queries": [["12", "Mountain", "en", "12", "12"]],  # the one that is judged
        "judged": {"12": {"10": 1, "9": 2}},
        "dropped": {},
    }
    assert [query[:2] for query in found["en-simple/en"]["queries"]] == [["12", "Mountain"], ["39", "River"]]


def test_beir_has_titles_and_drops_what_has_the_id_of_the_query(read: Read) -> None:
    found = read("beir")
    arguana = found["arguana"]
    assert arguana["docs"][0][:2] == ["test-a-pro01a", "Zoos protect Zoos protect animals from extinction."]
    assert arguana["docs"][2][:2] == ["test-a-con02a", "Animals suffer in captivity."]
    assert arguana["dropped"] == {"test-a-pro01a": ["test-a-pro01a"], "test-a-con02a": ["test-a-con02a"]}
    assert [query[0] for query in found["fiqa"]["queries"]] == ["4", "8"]  # of the test split
    # The same id is another question in another collection.
    questions = {name: {query[3] for query in task["queries"]} for name, task in found.items()}
    assert questions["cqadupstack/gis"] == {"cqadupstack/gis/11"}
    assert len(set().union(*questions.values())) == sum(map(len, questions.values()))
    assert found["webis-touche2020"]["judged"] == {"1": {"c67482ba-1": 2, "c67482ba-2": 0}}


def test_nano_beir_keeps_what_has_the_id_of_the_query(read: Read) -> None:
    assert {json.dumps(task["dropped"]) for task in read("nano-beir").values()} == {"{}"}


def test_bright_drops_what_is_excluded_for_a_query(read: Read) -> None:
    found = read("bright")
    assert found["biology"]["dropped"] == {}
    assert found["aops"]["judged"] == {"aops_1": {"p/1": 1, "p/3": 1}, "aops_2": {"p/4": 1}}
    assert found["aops"]["dropped"] == {"aops_1": ["p/2"], "aops_2": ["p/1"]}
    assert found["theoremqa-questions"]["docs"] == found["aops"]["docs"]
    assert found["theoremqa-questions"]["dropped"] == {"TheoremQA_a.json": ["gone", "p/1", "p/2"]}


def test_brights_long_documents_have_their_own_judgements(read: Read, home: Path) -> None:
    assert read("bright-long")["biology"]["judged"] == {"0": {"insects": 1}}
    program = """
import ir_datasets
print(json.dumps([one.doc_id for one in ir_datasets.load("bright/biology-long").qrels_iter()]))
"""
    assert offline(program, home) == ["insects/1.txt"], "ir_datasets has it right: tasks/judgements.py can go by it"


def grouped(**groups: Any) -> Benchmark:
    """Documents and queries of three languages, and some groups."""
    views = {lang: View(f"made-up/{lang}", lang) for lang in ("de", "en", "es")}
    return Benchmark("grouped", grid(views, views, lambda docs, queries: (Qrels("made-up"),)), **groups)


def test_groups_are_named_where_tasks_and_languages_are() -> None:
    benchmark = grouped(groups={"some": ("de/en", "multi")}, language_groups={"family:germanic": ("de", "en")})
    assert [task.name for task in benchmark.only(tasks=["some"]).tasks] == ["de/en", "multi/de", "multi/en", "multi/es"]
    assert {task.name for task in benchmark.only(tasks=["some", "es/es"]).tasks} >= {"es/es", "de/en", "multi/de"}
    german = benchmark.only(languages=["family:germanic"])
    assert german.scope == {"languages": ["de", "en"]}
    assert german.tasks == benchmark.only(languages=["de", "en"]).tasks
    assert benchmark.only(languages=["family:germanic", "es"]) == benchmark
    assert german.whole_groups == {"languages": {"family:germanic": ["de", "en"]}}  # the pool by Spanish is not here
    assert benchmark.only(languages=["de"]).whole_groups == {}
    assert benchmark.only(settings=["multi"]).whole_groups["languages"] == {"family:germanic": ["de", "en"]}
    with pytest.raises(UserError, match="no language 'family:x'; it has: de, en, es, and the groups family:germanic"):
        benchmark.only(languages=["family:x"])
    with pytest.raises(UserError, match=r"no task 'soma'.*, and the groups some; did you mean 'some'"):
        benchmark.only(tasks=["soma"])


def test_a_group_that_is_left_in_part_stands_for_what_is_left() -> None:
    benchmark = grouped(groups={"some": ("de/en", "es")}).only(tasks=["es"])
    assert benchmark.only(tasks=["some"]) == benchmark
    assert benchmark.whole_groups == {}
    with pytest.raises(UserError, match="has no task 'some'"):
        grouped(groups={"some": ("de",)}).only(tasks=["es"]).only(tasks=["some"])


def test_a_group_is_called_as_nothing_else_is() -> None:
    with pytest.raises(UserError, match="tasks and a group of tasks called 'de'"):
        grouped(groups={"de": ("es",)})
    with pytest.raises(UserError, match="a language and a group of them called 'en'"):
        grouped(language_groups={"en": ("de",)})


@pytest.mark.parametrize("name", PUBLISHED)
def test_members_of_groups_are_tasks(name: str) -> None:
    benchmark = PUBLISHED[name]
    for group, members in benchmark.groups.items():
        for member in members:
            assert benchmark.only(tasks=[member]).tasks, group


def test_an_unknown_kind_of_dropped_documents_is_named() -> None:
    view = View("made-up", "en")
    with pytest.raises(UserError, match="'en': unknown kind of dropped documents 'all'; known: same-id, negative"):
        Task("en", (view,), view, (Qrels("made-up"),), dropped="all")


def test_a_task_that_is_not_published_is_named() -> None:
    with pytest.raises(UserError, match="clirmatrix has no task 'en/en'"):
        load_benchmark("clirmatrix/en/en")


def test_pairs_without_judgements_are_no_tasks() -> None:
    views = {lang: View(f"made-up/{lang}", lang) for lang in ("de", "en")}
    tasks = grid(views, views, lambda docs, queries: (Qrels("made-up"),) if (docs, queries) == ("de", "en") else ())
    assert [task.name for task in tasks] == ["de/en"]


def test_several_fields_are_one_text(home: Path) -> None:
    program = """
from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks import View, query_texts

topics = "neuclir-topics/2022/en"
texts = [next(query_texts(View(topics, "en", field=field))).text for field in ("description title", None)]
try:
    list(query_texts(View(topics, "en", field="title ht_title")))
except UserError as error:
    print(json.dumps([*texts, str(error)]))
"""
    both, default, error = offline(program, home)
    assert both == "Find reports of damage by earthquakes in Iran. Earthquakes in Iran"
    assert default == "Earthquakes in Iran"
    assert error.startswith(
        "the queries of 'neuclir-topics/2022/en' have no field 'ht_title'; they have: query_id, title"
    )
