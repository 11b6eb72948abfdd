"""The Declaration of Human Rights: articles to be found in other languages, in a package that is written here."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import ir_datasets
import pytest

import datasets_ext
from datasets_ext import CollectionError, udhr
from datasets_ext.languages import languages_of
from datasets_ext.parallel import (
    LanguagePart,
    ParallelCollection,
    ParallelDoc,
    ParallelQueries,
    ParallelQuery,
    count,
)
from datasets_ext.published import Published
from datasets_ext.udhr import read_articles
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.tasks import load_benchmark
from hybrid_plugin.tasks.benchmarks.parallel import parallel_benchmark
from tests.conftest import SHARED
from tests.datasets_ext.small import small

LANGUAGES = ("deu_1996", "eng", "hau_NE")
PAGE = """<!doctype html>
<html data-code="deu_1996" data-iso6393="deu" dir="ltr" lang="de-1996">
  <head>
    <title>German, Standard (1996)</title>
  </head>
  <body>
    <h1>Die Allgemeine Erklärung der Menschenrechte</h1>
    <header>
      <h2>Präambel</h2>
      <p>Da die Anerkennung</p>
    </header>
    <article data-number="1">
      <h2>Artikel 1</h2>
      <p>Alle Menschen sind frei
        &amp; gleich.</p>
    </article>
    <article data-number="2">
      <h1>EINS</h1>
      <h2>Artikel 2</h2>
      <ol>
        <li>
          <p>Jeder.</p>
        </li>
        <li>
          <p>Des weiteren ﷺ &#x3C; nicht.</p>
        </li>
        <li></li>
      </ol>
      <p>&amp;1</p>
    </article>
    <article data-number="3">
      <h2>Artikel 3</h2>
      <p>@</p>
      <p></p>
    </article>
  </body>
</html>
"""


def page(lang: str, articles: int = 30) -> str:
    texts = (
        f"<article data-number='{n}'><h2>{n}</h2><p>{lang} says {n}.</p></article>" for n in range(1, articles + 1)
    )
    return f"<!doctype html><html><body><h1>Declaration</h1>{''.join(texts)}</body></html>"


def package(pages: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as files:
        for name, text in {
            "package.json": "{}",
            **{f"declaration/{one}.html": text for one, text in pages.items()},
        }.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text.encode())
            files.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def some(published: Published) -> ParallelCollection:
    """As the collection is, with a few of its languages."""
    groups = {"script:Latn": LANGUAGES}
    return replace(udhr.collection(published), languages=LANGUAGES, asked_in=(), language_groups=groups)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> ParallelCollection:
    pages = {lang: page(lang) for lang in (*LANGUAGES, "xyz")}
    return small("udhr", some, tmp_path_factory.mktemp("udhr"), {udhr.FILE: package(pages)})


# --- contents ---------------------------------------------------------------------------------------------------


def test_articles_are_their_paragraphs_without_headings_and_without_what_stands_for_a_missing_one() -> None:
    assert read_articles(PAGE.encode()) == {
        "1": "Alle Menschen sind frei & gleich.",
        "2": "Jeder.\nDes weiteren ﷺ < nicht.",
    }


def test_an_article_is_a_document_and_a_query(collection: ParallelCollection) -> None:
    dataset = ir_datasets.load(f"{collection.name}/eng/deu_1996")
    docs, queries = list(dataset.docs_iter()), list(dataset.queries_iter())
    assert (len(docs), len(queries)) == (30, 30)
    assert tuple(docs[11]) == ("eng_12", "eng says 12.", "", "", "eng")
    assert tuple(queries[11]) == ("12_deu_1996", "deu_1996 says 12.", "deu_1996", "12", "", "")
    assert [(one.query_id, one.doc_id) for one in dataset.qrels_iter()][11] == ("12_deu_1996", "eng_12")


def test_the_pool_judges_the_other_languages_alone(collection: ParallelCollection) -> None:
    pool = ir_datasets.load(f"{collection.name}/multi/eng")
    assert pool.docs_count() == 3 * 30
    judged = {one.doc_id for one in pool.qrels_iter() if one.query_id == "7_eng"}
    assert judged == {"deu_1996_7", "hau_NE_7"}
    assert pool.qrels_count() == sum(1 for _ in pool.qrels_iter()) == 2 * 30
    assert pool.queries_count() == sum(1 for _ in pool.queries_iter()) == 30
    whole = ir_datasets.load(collection.name)
    assert whole.qrels_count() == sum(1 for _ in whole.qrels_iter()) == 3 * 2 * 30


def test_a_query_that_only_its_own_language_answers_is_none_of_the_pool() -> None:
    def load(lang: str) -> LanguagePart:
        numbers = ["1", "2"] if lang == "eng" else ["1"]
        docs = [ParallelDoc(f"{lang}_{number}", number, "", "", lang) for number in numbers]
        queries = [ParallelQuery(f"{number}_{lang}", number, lang, number) for number in numbers]
        return LanguagePart(docs, queries, {number: [f"{lang}_{number}"] for number in numbers})

    made = ParallelCollection("own", ("deu", "eng"), load, "0", answers_itself=True)
    assert [query.query_id for query in ParallelQueries(made, made.languages, ["eng"]).queries_iter()] == ["1_eng"]
    assert [*ParallelQueries(made, made.languages, ["eng"]).queries_unanswered()] == ["2_eng"]
    assert [(one.query_id, one.doc_id) for one in made.qrels(made.languages, ["eng"])] == [("1_eng", "deu_1")]
    counted = count(made)
    assert counted["own/multi/eng"]["queries"] == {"count": 1}
    assert counted["own/multi/eng"]["qrels"] == {"count": 1, "fields": {"relevance": {"counts_by_value": {"1": 1}}}}
    assert counted["own/eng/eng"]["qrels"]["count"] == 2  # within a language it is as in any collection


def test_tasks_are_cross_through_english_and_multi_over_the_others(collection: ParallelCollection) -> None:
    benchmark = parallel_benchmark(collection)
    assert [task.name for task in benchmark.tasks] == [
        *("deu_1996/eng", "eng/deu_1996", "eng/hau_NE", "hau_NE/eng"),
        *("multi/deu_1996", "multi/eng", "multi/hau_NE"),
    ]
    [pool] = [task for task in benchmark.tasks if task.name == "multi/hau_NE"]
    assert [view.lang for view in pool.docs] == ["deu_1996", "eng"]


def test_an_encoder_is_scored_in_both_settings(collection: ParallelCollection, tiny: Path) -> None:
    scores = evaluate(parallel_benchmark(collection), Encoder.load(tiny))
    assert {*scores.settings} == {"cross", "multi"}
    assert scores.per_query.groupby("task").size().to_dict()["multi/eng"] % 30 == 0
    assert {"RankDistance", "LanguageDivergence@10"} <= {*scores.settings["multi"]}
    assert {*scores.groups["script:Latn"]} == {"cross", "multi"}


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (b"not a package", "is not whole"),
        (package({lang: page(lang) for lang in LANGUAGES})[:500], "is not whole"),
        (package({"deu_1996": page("x")}), "has no declaration/eng.html"),
        (package({"eng": page("x", 29)}), "declaration/eng.html has no text of article 30"),
        (package({"eng": page("x").replace("x says 4.", "&amp;1")}), "declaration/eng.html has no text of article 4"),
        (package({"eng": ""}), "declaration/eng.html has no text of article 1"),
    ],
    ids=["no package", "cut off", "language", "article", "placeholder", "nothing"],
)
def test_a_damaged_package_is_told(tmp_path: Path, contents: bytes, complaint: str) -> None:
    collection = small("udhr", some, tmp_path, {udhr.FILE: contents})
    with pytest.raises(CollectionError, match=complaint):
        collection.part("eng")


def test_another_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    (tmp_path / udhr.FILE).write_bytes(package({lang: page(lang) for lang in LANGUAGES}))
    with pytest.raises(CollectionError, match="is not the published udhr file: its sha256 is"):
        datasets_ext.add("udhr", tmp_path)


# --- languages --------------------------------------------------------------------------------------------------


def test_no_id_has_two_readings_among_506_languages() -> None:
    languages = languages_of("udhr")
    assert len(languages) == 506
    assert len({lang.lower() for lang in languages}) == 506  # they name files
    assert "multi" not in languages
    numbers = range(1, udhr.ARTICLES + 1)
    assert len({f"{lang}_{number}" for lang in languages for number in numbers}) == 506 * 30
    assert len({f"{number}_{lang}" for lang in languages for number in numbers}) == 506 * 30


def test_hundreds_of_languages_are_as_many_tasks_and_groups() -> None:
    benchmark = load_benchmark("udhr")
    assert sum(task.setting == "cross" for task in benchmark.tasks) == 2 * 505
    assert sum(task.setting == "multi" for task in benchmark.tasks) == 506
    celtic = benchmark.only(settings=["cross"], languages=["family:celtic", "eng"])
    assert len(celtic.tasks) == 2 * len(benchmark.language_groups["family:celtic"])
    assert sum(len(own) for name, own in benchmark.language_groups.items() if name.startswith("script:")) == 506


# --- the published package --------------------------------------------------------------------------------------


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    folders = (SHARED / "data" / "udhr", Path.home() / ".ir_datasets" / "udhr")
    folder = next((one for one in folders if (one / udhr.FILE).is_file()), None)
    if folder is None:
        pytest.skip(f"needs {udhr.FILE} in one of: {', '.join(map(str, folders))}")
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    datasets_ext.add("udhr", folder)
    return Published("udhr")


def test_the_languages_are_those_of_the_package_that_are_whole(published: Published) -> None:
    whole = set()
    declarations = udhr._declarations(published.path(udhr.FILE))
    for lang, contents in declarations.items():
        articles = read_articles(contents)
        if len(articles) == 30 == len({*articles.values()}) and min(map(len, articles.values())) >= 15:
            whole.add(lang)
    assert len(declarations) == 532
    assert whole == {*languages_of("udhr"), "ckb"}
    assert read_articles(declarations["ckb"]) == read_articles(declarations["kmr"])


def test_the_published_articles_are_read(published: Published) -> None:
    part = udhr._load(published, "deu_1996")
    assert part.docs[2].text == "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person."
    assert len(part.docs) == len(part.queries) == 30
