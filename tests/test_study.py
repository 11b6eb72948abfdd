"""What docs/study.md keeps of its runs."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hybrid_plugin import Encoder, compare, evaluate, load_benchmark
from hybrid_plugin.files import read_json
from tests.conftest import ROOT

SCRIPTS = [str(ROOT / "tests" / "benchmarks"), *sys.path]


def test_a_condensed_evaluation_has_the_figures_of_the_whole(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import condensed

    folders = {}
    for name, prefix in (("one", ""), ("another", "so")):
        encoder = Encoder.load(tiny, query_prefix=prefix)
        evaluate(load_benchmark("hybrid-demo"), encoder, output=tmp_path / name, measures=("AP", "RankDistance"))
        condensed(tmp_path / name, tmp_path / "kept" / name)
        folders[name] = tmp_path / "kept" / name
    size = {name: sum(file.stat().st_size for file in (tmp_path / name).rglob("*")) for name in ("one", "kept/one")}
    assert size["kept/one"] < size["one"] / 2
    whole, kept = (
        compare({name: [base / name] for name in folders}, measures=["AP", "RankDistance"], all_pairs=True).tests
        for base in (tmp_path, tmp_path / "kept")
    )
    assert list(kept["setting"]) == list(whole["setting"])
    assert kept["difference"].tolist() == pytest.approx(whole["difference"].tolist(), rel=1e-4, abs=1e-6)
    assert kept["low"].tolist() == pytest.approx(whole["low"].tolist(), rel=0.2, abs=0.02)


def test_what_a_mean_over_questions_does_not_give_is_not_condensed(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import condensed

    evaluate(
        load_benchmark("hybrid-demo"), Encoder.load(tiny), output=tmp_path / "one", measures=("AP", "RankDistance")
    )
    rows = pd.read_parquet(tmp_path / "one" / "per_query.parquet")
    rows.drop(index=rows.index[0]).to_parquet(tmp_path / "one" / "per_query.parquet")
    condensed(tmp_path / "one", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_exports_of_several_sweeps_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import export

    def exported(run: str, ap: float, time: str) -> None:
        sweep = tmp_path / f"sweep of {run}"
        sweep.mkdir(exist_ok=True)
        (sweep / "log.jsonl").write_text(json.dumps({"time": time, "run": run}) + "\n")
        row = {"name": run, "run": run, "benchmark": "b", "AP mono": ap, "minutes": 1.0, "scores": sweep}
        found = pd.DataFrame([row])
        export({"validate": found, "final": found[:0]}, [sweep], tmp_path / "kept")

    exported("b", 0.5, "2026-01-02")
    exported("a", 0.25, "2026-01-01")
    exported("b", 0.75, "2026-01-02")
    kept = pd.read_csv(tmp_path / "kept" / "runs.csv")
    assert kept["run"].tolist() == ["a", "b"]
    assert kept["AP mono"].tolist() == [0.25, 0.75]
    log = (tmp_path / "kept" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["run"] for line in log] == ["a", "b"]


def test_the_articles_in_thirty_languages(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    import study_udhr

    def articles(langs: list[str]) -> dict[str, dict[str, str]]:
        return {lang: {str(n): f"article {n} in {lang}" for n in (1, 2)} for lang in langs}

    monkeypatch.setattr(study_udhr, "_articles", articles)
    study_udhr.write_benchmark(tmp_path / "udhr")
    benchmark = load_benchmark(tmp_path / "udhr" / "udhr-30.yaml")
    assert len(benchmark.languages) == 30
    assert len(benchmark.tasks) == 30 * 29 + 30
    part = benchmark.only(tasks=["eng/deu_1996", "multi/eng"])
    found = evaluate(part, Encoder.load(tiny), output=tmp_path / "scores", measures=("AP", "NumRel", "NumRet"))
    assert found.settings["multi"]["NumRel"] == 2 * 29
    assert found.settings["multi"]["NumRet"] == 2 * 59  # its own text is no candidate
    assert found.settings["cross"]["NumRel"] == 2


def test_a_checkpoint_gets_the_vocabulary_back_that_its_model_had(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModel, AutoTokenizer

    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_udhr import uncut

    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModel.from_pretrained(tiny)
    tokenizer.add_tokens(["qqq"])
    model.resize_token_embeddings(len(tokenizer))
    tokenizer.save_pretrained(tmp_path / "whole")
    model.save_pretrained(tmp_path / "whole")
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(tiny, checkpoint)
    trained = AutoModel.from_pretrained(tiny)
    for weight in trained.parameters():
        weight.data += 0.1
    trained.save_pretrained(checkpoint)
    uncut(checkpoint, tmp_path / "whole", tmp_path / "uncut")
    texts = ["a text", "and another one"]
    cut, found = Encoder.load(checkpoint), Encoder.load(tmp_path / "uncut")
    np.testing.assert_array_equal(found.encode(texts, "query"), cut.encode(texts, "query"))
    whole = AutoModel.from_pretrained(tmp_path / "whole").get_input_embeddings().weight
    place = tokenizer.convert_tokens_to_ids("qqq")
    rows = AutoModel.from_pretrained(tmp_path / "uncut").get_input_embeddings().weight
    assert rows[place].tolist() == whole[place].tolist()
    assert rows[3].tolist() != whole[3].tolist()


def test_translations_of_packages_are_a_source_without_monolingual_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    import study_parallel

    languages = study_parallel.LANGUAGES
    (tmp_path / "udhr" / "declaration").mkdir(parents=True)
    for lang, code in languages.items():
        paragraphs = "".join(f"<p>{n} in {lang}</p>" for n in range(2))
        other = "<p>one</p>" * (2 if lang == "th" else 1)  # as many as elsewhere, or else no translations
        page = f'<article data-number="1">{paragraphs}</article><article data-number="2">{other}</article>'
        (tmp_path / "udhr" / "declaration" / f"{code}.html").write_text(f"<html><body>{page}</body></html>")
        (tmp_path / "cldr" / "main" / lang).mkdir(parents=True)
        for part in ("territories", "languages"):
            found = {"AT": f"Austria in {lang}", "AT-alt-short": "A", "XX": "XX", "YY": f"Austria in {lang}"}
            content = {"main": {lang: {"localeDisplayNames": {part: found}}}}
            (tmp_path / "cldr" / "main" / lang / f"{part}.json").write_text(json.dumps(content))
    output = tmp_path / "parallel.jsonl"
    monkeypatch.setattr(sys, "argv", ["study_parallel", *map(str, (tmp_path / "udhr", tmp_path / "cldr", output))])
    study_parallel.main()
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["udhr-1-1", "udhr-1-2", "cldr-territories-AT", "cldr-languages-AT"]
    for row in rows:
        assert {*row["queries"]}.isdisjoint(row["passages"])
        assert {*row["queries"], *row["passages"]} == {*languages}


@pytest.mark.parametrize(("heading", "use"), [("On XQuAD-R", "final"), ("On the validation part", "validate")])
def test_the_page_has_the_figures_that_are_kept(heading: str, use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import cells, scored

    head, _, *rows = _table(heading)
    kept = dict(iter(scored(ROOT / "docs" / "study", use).groupby("name")))
    published = [row for row in rows if row[0].startswith("*")]
    assert len(published) + len(kept) == len(rows)
    figures = head.index("AP mono")
    for row in rows:
        if row not in published:
            assert row[figures:] == cells(kept[row[0]])[: len(row) - figures], row[0]
            assert row[head.index("seeds")] in ("", str(len(kept[row[0]])))


@pytest.mark.parametrize("family", range(6))
def test_the_page_has_the_tests_of_what_is_kept(family: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import scored

    kept = scored(ROOT / "docs" / "study", "final")
    rows = _table("Tests", family)[2:]
    pairs = [row[0].split(" − ") for row in rows]
    folders = {
        name: kept[kept["name"] == name]["scores"].tolist() for name in (pairs[0][1], *(pair[0] for pair in pairs))
    }
    tests = compare(folders, measures=["AP", "RankDistance"]).tests
    assert len(tests) == len(rows)
    for row, found in zip(rows, tests.itertuples(), strict=True):
        assert row[:3] == [f"{found.a} − {found.b}", found.setting, found.measure]
        assert float(row[3]) == pytest.approx(found.difference, abs=0.06 if found.measure == "RankDistance" else 6e-5)
        assert float(row[5].strip("< ")) == pytest.approx(found.p_holm, abs=0.002)


def test_the_page_has_the_figures_of_the_other_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import scored, spread

    kept = dict(iter(scored(ROOT / "docs" / "study" / "reverse", "final").groupby("name")))
    head, _, *rows = _table("The other way round")
    assert [row[0] for row in rows] == sorted(kept, key=[row[0] for row in rows].index)
    for row in rows:
        for name, figure in list(zip(head, row, strict=True))[1:]:
            assert figure == spread(kept[row[0]][name], 1 if name == "RankDistance" else 4), (row[0], name)


def test_the_page_has_the_figures_of_the_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for Success@1, which is not kept."""
    monkeypatch.setattr(sys, "path", SCRIPTS)
    from study_tables import spread, without_seed

    names = {
        row.run.replace(":", "-"): row.row for row in pd.read_csv(ROOT / "docs" / "study" / "rows.csv").itertuples()
    }
    kept: dict[str, list[dict[str, Any]]] = {}
    for scores in sorted((ROOT / "docs" / "study" / "udhr-30").glob("*/scores.json")):
        kept.setdefault(names[without_seed(scores.parent.name)], []).append(read_json(scores)["settings"])
    head, _, *rows = _table("A collection that nobody tuned on")
    assert {row[0] for row in rows} == {*kept}
    for row in rows:
        assert row[1] in ("", str(len(kept[row[0]])))
        for name, measure, digits in (
            ("AP cross", "AP", 4),
            ("AP multi", "AP", 4),
            ("RankDistance", "RankDistance", 1),
        ):
            values = [one["cross" if name == "AP cross" else "multi"][measure] for one in kept[row[0]]]
            assert row[head.index(name)] == spread(pd.Series(values), digits), (row[0], name)


def _table(heading: str, nth: int = 0) -> list[list[str]]:
    """The cells of a table below a heading of the page."""
    page = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    lines = page.split(f"\n## {heading}\n")[1].split("\n## ")[0].splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("| ") and not lines[place - 1]]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in takewhile(bool, lines[starts[nth] :])]
