"""Suites: several benchmarks by one name or in one file, known without reading any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.plugins import manager
from hybrid_plugin.tasks import Suite, SuitePart, all_suites, listed_parts, load_suite, read_suite

WHOLE = """\
name: mine
description: What I need
benchmarks:
  - hybrid-demo
  - {benchmark: miracl/sw, measures: [nDCG@10], depth: 100}
  - {benchmark: own/shop.yaml/de, languages: [de], settings: [mono]}
  - {benchmark: hybrid-demo/multi, name: pool, tasks: [multi/en]}
"""


def test_a_file_names_benchmarks_and_what_of_each(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(WHOLE)
    suite = load_suite(path)
    assert (suite.name, suite.description, suite.file) == ("mine", "What I need", str(path))
    assert [part.name for part in suite.parts] == ["hybrid-demo", "miracl-sw", "shop-de", "pool"]
    demo, miracl, shop, pool = suite.parts
    assert demo == SuitePart("hybrid-demo")
    assert (miracl.measures, miracl.depth) == (("nDCG@10",), 100)
    assert shop.benchmark == str(tmp_path / "own" / "shop.yaml" / "de")
    assert (shop.languages, shop.settings) == (("de",), ("mono",))
    assert pool.tasks == ("multi/en",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: x\n", "has no 'benchmarks'"),
        ("benchmarks: [a]\n", "has no 'name'"),
        ("name: x\nbenchmarks: a\n", "needs a list under 'benchmarks'"),
        ("name: x\nbenchmarks: []\n", "the suite 'x' has no benchmarks"),
        ("name: x\nbenchmark: [a]\nbenchmarks: [a]\n", "unknown key 'benchmark'"),
        ("name: x\nbenchmarks: [{name: a}]\n", "the benchmark number 1 has no 'benchmark'"),
        ("name: x\nbenchmarks: [7]\n", "the benchmark number 1 needs the keys benchmark"),
        ("name: x\nbenchmarks: [{benchmark: a, setting: [mono]}]\n", "unknown key 'setting'.*did you mean 'settings'"),
        ("name: x\nbenchmarks: [{benchmark: a, languages: [no, en]}]\n", "'languages' needs names, not False"),
        ("name: x\nbenchmarks: [{benchmark: a, depth: 0}]\n", "the benchmark 'a': depth is '0'"),
        ("name: x\nbenchmarks: [{benchmark: a, depth: true}]\n", "the benchmark 'a': depth is 'True'"),
        ("name: x\nbenchmarks: [{benchmark: a, depth: some}]\n", "depth is 'some'"),
        ("name: x\nbenchmarks: [{benchmark: a, name: ../a}]\n", "'../a' cannot be the name of a folder"),
        ("name: x\nbenchmarks: [a/b, a-b]\n", "the suite 'x' has 'a-b' twice"),
        ("name: [\n", "is not valid YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=said) as error:
        read_suite(path)
    assert str(error.value).startswith(str(path))


def test_an_unknown_suite_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown suite 'papers'; known: .*paper.*; did you mean 'paper'"):
        load_suite("papers")
    with pytest.raises(UserError, match=r"cannot read .*none\.yaml"):
        load_suite(tmp_path / "none.yaml")


def test_the_built_in_suites_name_benchmarks_that_there_are() -> None:
    found = all_suites()
    assert {"paper", "parallel", "neuclir", "small"} <= {*found}
    assert [part.name for part in found["paper"].parts] == ["xquad-r", "mlqa-r", "miracl"]
    for suite in found.values():
        assert suite.description
        assert [one.part.name for one in listed_parts(suite) if one.here == "unknown"] == []


def test_a_plugin_offers_a_suite_and_replaces_a_built_in_one() -> None:
    class Plugin:
        @hookimpl
        def hybrid_ir_suites(self) -> Any:
            return [Suite("mine", ["hybrid-demo"]), Suite("paper", ["hybrid-demo"])]

    manager().register(Plugin(), name="my-plugin")
    try:
        assert load_suite("mine").parts == load_suite("paper").parts == (SuitePart("hybrid-demo"),)
    finally:
        manager().unregister(name="my-plugin")
    assert "mine" not in all_suites()


def test_a_list_says_what_is_here_and_what_is_unknown() -> None:
    parts = [SuitePart("hybrid-demo", settings=("multi",)), "no-such-benchmark"]
    demo, unknown = listed_parts(Suite("mine", parts))
    assert demo.listed is not None
    assert (demo.here, demo.listed.documents, demo.listed.benchmark.settings) == ("here", 1288, ("multi",))
    assert (unknown.here, unknown.listed) == ("unknown", None)
    assert unknown.as_json() == {"name": "no-such-benchmark", "benchmark": "no-such-benchmark", "data": "unknown"}
    with pytest.raises(UserError, match="mine: hybrid-demo has no language 'xx'"):
        listed_parts(Suite("mine", [SuitePart("hybrid-demo", languages=("xx",))]))
