"""The built-in benchmarks read the files of their publishers through ir_datasets, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import ir_measures
import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.tasks.benchmarks import clirmatrix, miracl, mmarco, neuclir
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.shapes import grid
from hybrid_plugin.tasks.task import Qrels, View
from tests.conftest import ROOT
from tests.hybrid_plugin.tasks import published

PUBLISHED = {one.BENCHMARK.name: one.BENCHMARK for one in (clirmatrix, miracl, mmarco, neuclir)}

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

found = {}
for task in load_benchmark(sys.argv[1]).only(tasks=sys.argv[2:]).tasks:
    found[task.name] = {
        "docs": [text for view in task.docs for text in documents(view)],
        "queries": list(queries(task)),
        "judged": {query: dict(sorted(grades.items())) for query, grades in Judgements.load(task).by_query.items()},
    }
print(json.dumps(found))
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


Read = Callable[..., dict[str, Any]]
WRITERS: dict[str, Callable[[Path], None]] = {
    "clirmatrix": published.write_clirmatrix,
    "miracl": published.write_miracl,
    "mmarco": published.write_mmarco,
    "neuclir": published.write_neuclir,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of ir_datasets with all four; of MIRACL two languages."""
    folder = tmp_path_factory.mktemp("published")
    for writer in WRITERS.values():
        writer(folder)
    return folder


@pytest.fixture(scope="module")
def read(home: Path) -> Read:
    """The tasks of a benchmark as they are read, once each."""
    return cache(lambda name, *tasks: offline(READ, home, name, *tasks))


def test_miracl_is_read_language_by_language(read: Read) -> None:
    found = read("miracl", "sw", "te")
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


@pytest.mark.parametrize("name", ["clirmatrix", "mmarco", "neuclir"])
def test_every_task_of_a_benchmark_can_be_read_and_is_judged(name: str, read: Read) -> None:
    found = read(name)
    assert tuple(found) == tuple(task.name for task in PUBLISHED[name].tasks)
    for task_name, task in found.items():
        known = {doc[0] for doc in task["docs"]}
        assert known, task_name
        assert len(known) == len(task["docs"]), task_name
        assert set(task["judged"]) <= {query[0] for query in task["queries"]}, task_name
        assert {doc_id for grades in task["judged"].values() for doc_id in grades} <= known, task_name


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_files_of_a_benchmark_are_those_that_are_read(name: str, home: Path) -> None:
    absent = [pattern for pattern in PUBLISHED[name].files if not list(home.glob(pattern))]
    written = {f"miracl/v1.0/{lang}" for lang in published.MIRACL}
    assert not [pattern for pattern in absent if name != "miracl" or pattern.startswith(tuple(written))]
    assert len(absent) == (3 * (18 - len(written)) if name == "miracl" else 0)


def test_ids_of_all_tasks_are_known_to_ir_datasets(tmp_path: Path) -> None:
    program = """
import ir_datasets
from hybrid_plugin.tasks import benchmarks

found = benchmarks()
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
from hybrid_plugin.tasks import benchmarks

told = {
    name: [one.languages, one.settings, one.measures, one.licence, one.description, one.files]
    for name, one in benchmarks().items()
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
from hybrid_plugin.tasks.benchmarks import clirmatrix, miracl, mmarco, neuclir
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
    ],
)
def test_names_of_benchmarks_and_tasks(name: str, tasks: int, settings: tuple[str, ...]) -> None:
    benchmark = load_benchmark(name)
    assert len(benchmark.tasks) == tasks
    assert benchmark.settings == settings


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
