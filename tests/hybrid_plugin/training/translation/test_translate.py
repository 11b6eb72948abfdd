"""A source becomes a parallel one: whole rows, rejections counted, nothing translated twice, the same after a kill."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hybrid_plugin.cli.main import main
from hybrid_plugin.errors import UserError
from hybrid_plugin.hooks import hookimpl
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.plugins import manager
from hybrid_plugin.training import (
    Row,
    TranslationSettings,
    TranslatorOptions,
    load_source,
    load_translator,
    store,
    translate,
)
from hybrid_plugin.training.sources.jsonl import from_jsonl
from hybrid_plugin.training.translation.cache import Cache

LENIENT = ("copy", "length")  # the stand-ins below do not write any language


class Marking:
    """Puts the language before each text, and how many texts came together, as a model's digits may depend on it."""

    def __init__(self, name: str = "marking"):
        self.identity = {"name": name}
        self.asked: list[tuple[str, str, str]] = []

    def translate(self, texts: Sequence[str], source_lang: str, target_lang: str) -> list[str]:
        self.asked += [(text, source_lang, target_lang) for text in texts]
        return [f"{target_lang} {len(texts)} {text[::-1]}" for text in texts]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and small chunks."""
    monkeypatch.setenv("HYBRID_IR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys.modules["hybrid_plugin.training.translation.translate"], "_CHUNK", 8)


def rows(count: int = 30) -> list[Row]:
    return [
        Row(
            f"r{i}",
            {"en": f"Where does the river number {i} flow?"},
            {"en": (f"River number {i % 20} flows into the sea.", f"It is {i} miles long and deep.")[: 1 + i % 2]},
            {"en": (f"River number {i} is a mountain.",)} if i % 3 == 0 else {},
            origins=("rivers",) if i else (),
        )
        for i in range(count)
    ]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def asked(**changes: Any) -> TranslationSettings:
    return TranslationSettings(**{"to": ("de", "zh"), "reject": LENIENT, **changes})


def test_a_source_becomes_parallel(tmp_path: Path) -> None:
    output, translator = tmp_path / "out" / "parallel.jsonl", Marking()
    found = translate(store("rivers", rows()), translator, output, asked())
    assert (found.rows, found.dropped) == (30, 0)
    assert found.translations == {"de": 75, "zh": 75}
    assert found.rejected == {"de": {}, "zh": {}}
    assert sorted(path.name for path in output.parent.iterdir()) == ["parallel.jsonl", "parallel.jsonl.json"]
    for line, row in zip(lines(output), rows(), strict=True):
        assert line["id"] == row.parallel_id
        assert line["queries"]["en"] == row.queries["en"]
        for lang in ("de", "zh"):
            assert line["queries"][lang].startswith(f"{lang} ")
            assert line["queries"][lang].endswith(row.queries["en"][::-1])
            assert [one.split(" ", 2)[2][::-1] for one in line["passages"][lang]] == [*row.passages["en"]]
        assert line.get("negatives", {}) == {lang: [*some] for lang, some in row.negatives.items()}
        assert tuple(line.get("origins", ())) == row.origins
    assert load_source(output).languages == ("de", "en", "zh")
    record = json.loads((tmp_path / "out" / "parallel.jsonl.json").read_text())
    assert record["request"]["translator"] == {"name": "marking"}
    assert record["request"]["from"] == "en"
    assert record["translated"]["rows"] == 30
    assert {"transformers", "py3langid"} <= record["versions"].keys()


def test_nothing_is_translated_twice(tmp_path: Path) -> None:
    translator = Marking()
    first = translate(store("rivers", rows()), translator, tmp_path / "a.jsonl", asked())
    assert len(translator.asked) == len(set(translator.asked)) < sum(first.translations.values())
    translator.asked.clear()
    settings = asked(to=("de", "zh", "fr"), sides=("queries", "passages", "negatives"), length_ratio=3.0)
    translate(store("more", rows(33)), translator, tmp_path / "b.jsonl", settings)
    assert {lang for _, _, lang in translator.asked} == {"de", "zh", "fr"}
    for text, _, lang in translator.asked:
        assert lang == "fr" or "mountain" in text or any(f" {i} " in text for i in (30, 31, 32))
    assert lines(tmp_path / "b.jsonl")[3]["negatives"].keys() == {"en", "de", "zh", "fr"}
    translator.asked.clear()
    translate(store("rivers", rows()), translator, tmp_path / "c.jsonl", asked())
    assert not translator.asked
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "c.jsonl").read_bytes()
    translate(store("rivers", rows()), Marking("another"), tmp_path / "d.jsonl", asked())


def _translate_and_die(folder: Path, environment: dict[str, str]) -> None:
    """Translate until the fourth call of the translator, and be killed there."""
    os.environ.update(environment)
    sys.modules[translate.__module__]._CHUNK = 8  # type: ignore[attr-defined]
    calls = iter(range(99))

    class Killed(Marking):
        def translate(self, texts: Sequence[str], source_lang: str, target_lang: str) -> list[str]:
            if next(calls) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().translate(texts, source_lang, target_lang)

    translate(from_jsonl(folder / "rivers.jsonl"), Killed(), folder / "parallel.jsonl", asked())


def test_a_run_that_is_killed_ends_with_the_bytes_of_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [{"id": row.parallel_id, "queries": dict(row.queries), "passages": dict(row.passages)} for row in rows()]
    (tmp_path / "rivers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in made))
    source, output, unbroken = from_jsonl(tmp_path / "rivers.jsonl"), tmp_path / "parallel.jsonl", Marking()
    whole = tmp_path / "whole" / output.name
    translate(source, unbroken, whole, asked())
    assert len({text.split()[1] for line in lines(whole) for text in line["queries"].values()}) > 3, "batches differ"

    environment = {"HYBRID_IR_CACHE": str(tmp_path / "other"), "IR_DATASETS_HOME": os.environ["IR_DATASETS_HOME"]}
    arguments = (tmp_path, environment)
    process = multiprocessing.get_context("fork").Process(target=_translate_and_die, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not output.exists()

    monkeypatch.setenv("HYBRID_IR_CACHE", environment["HYBRID_IR_CACHE"])
    rename, resumed = os.replace, Marking()

    def stop(old: Path, new: Path) -> None:
        if Path(new) == output:
            raise KeyboardInterrupt
        rename(old, new)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stop)  # the last step of all
        with pytest.raises(KeyboardInterrupt):
            translate(source, resumed, output, asked())
    assert not output.exists()
    assert resumed.asked == unbroken.asked[-len(resumed.asked) :]
    assert 0 < len(resumed.asked) < len(unbroken.asked)
    again = Marking()
    translate(source, again, output, asked())
    assert not again.asked
    for name in (output.name, f"{output.name}.json"):
        assert (tmp_path / name).read_bytes() == (whole.parent / name).read_bytes()
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


class Faulty(Marking):
    """Some translations are bad."""

    def translate(self, texts: Sequence[str], source_lang: str, target_lang: str) -> list[str]:
        made = super().translate(texts, source_lang, target_lang)
        for i, text in enumerate(texts):
            if "number 3 " in text and target_lang == "de":
                made[i] = ""
            if "number 4 " in text:
                made[i] = text
            if "5 miles" in text and target_lang == "zh":
                made[i] = "short"
        return made


def test_rejections_leave_out_the_language_of_the_row_and_are_counted(tmp_path: Path) -> None:
    output = tmp_path / "parallel.jsonl"
    found = translate(store("rivers", rows(8)), Faulty(), output, asked(length_ratio=1.5))
    assert (found.rows, found.dropped) == (7, 1)
    assert found.rejected == {"de": {"copy": 2, "empty": 2}, "zh": {"copy": 2, "length": 1}}
    by_id = {line["id"]: sorted(line["queries"]) for line in lines(output)}
    assert "r4" not in by_id
    assert by_id["r3"] == ["en", "zh"]
    assert by_id["r5"] == ["de", "en"]
    assert by_id["r6"] == ["de", "en", "zh"]
    for line in lines(output):
        assert line["queries"].keys() == line["passages"].keys()
    examples = json.loads((tmp_path / "parallel.jsonl.json").read_text())["examples"]
    text = "It is 5 miles long and deep."
    assert examples["zh"]["length"] == [{"id": "r5", "side": "passages", "text": text, "translation": "short"}]
    with pytest.raises(UserError, match=r"no row of 'one' is translated: all translations were bad \(copy 4\)"):
        translate(store("one", rows(5)[4:]), Faulty(), tmp_path / "none.jsonl", asked())
    assert not (tmp_path / "none.jsonl").exists()
    assert not (tmp_path / "none.jsonl.json").exists()


def test_what_a_row_has_in_a_language_is_kept(tmp_path: Path) -> None:
    both = [
        Row("a", {"en": "Where is it?", "de": "Wo ist es?"}, {"en": ("It is here.",)}),
        Row("b", {"de": "Wann war es?"}, {"de": ("Damals war es.",)}),
        Row("c", {"en": "Who was it?"}, {"en": ("She was it.",), "de": ("Sie war es.",)}),
    ]
    source = store("both", both)
    with pytest.raises(UserError, match="'both' is in several languages: de, en; name the one to translate from"):
        translate(source, Marking(), tmp_path / "a.jsonl", asked(to=("fr",)))
    found = translate(source, Marking(), tmp_path / "a.jsonl", asked(to=("fr", "de"), language="en"))
    made = {line["id"]: line for line in lines(tmp_path / "a.jsonl")}
    assert (found.rows, found.dropped) == (3, 0)
    assert made["a"]["queries"]["de"] == "Wo ist es?"
    assert made["a"]["passages"].keys() == {"en", "fr", "de"}
    assert made["b"] == {"id": "b", "queries": {"de": "Wann war es?"}, "passages": {"de": ["Damals war es."]}}
    assert made["c"]["passages"]["de"] == ["Sie war es."]
    assert made["c"]["queries"]["de"].startswith("de ")
    translate(source, Marking(), tmp_path / "b.jsonl", asked(to=("fr",), language="en", sides=("queries",)))
    made = {line["id"]: line for line in lines(tmp_path / "b.jsonl")}
    assert made["a"]["queries"].keys() == {"en", "de", "fr"}
    assert made["a"]["passages"].keys() == {"en"}


def test_a_source_of_ids_is_translated_by_its_texts(tmp_path: Path) -> None:
    by_id = load_source("hybrid-demo/de/en")
    settings = asked(to=("fr",), language="de", sides=("passages",))
    translate(by_id, Marking(), tmp_path / "fr.jsonl", settings)
    for line, row in zip(lines(tmp_path / "fr.jsonl"), by_id, strict=True):
        texts = [row.text("de", one) for one in row.passages["de"]]
        assert line["passages"]["de"] == texts
        assert [one.split(" ", 2)[2][::-1] for one in line["passages"]["fr"]] == texts
        assert line["origins"] == list(row.origins)


def test_the_rule_for_outputs_holds(tmp_path: Path) -> None:
    source, output = store("rivers", rows(4)), tmp_path / "parallel.jsonl"
    first = translate(source, Marking(), output, asked())
    with pytest.warns(AlreadyDone, match=r"parallel\.jsonl is done already"):
        assert translate(source, Marking(), output, asked()) == first
    with pytest.raises(UserError, match=r"other settings \(to was de zh, is de\)"):
        translate(source, Marking(), output, asked(to=("de",)))
    with pytest.raises(UserError, match=r"translator name was marking, is other"):
        translate(source, Marking("other"), output, asked())
    assert translate(source, Marking(), output, asked(to=("de",)), overwrite=True).translations.keys() == {"de"}


class Odd(Marking):
    """Gives too little."""

    def translate(self, texts: Sequence[str], source_lang: str, target_lang: str) -> list[str]:
        return ["one"]


class Choosy(Marking):
    def check(self, source_lang: str, target_lang: str) -> None:
        if target_lang == "zh":
            raise UserError("no Chinese here")


@pytest.mark.parametrize(
    ("translator", "settings", "message"),
    [
        (Odd(), {}, "the translator of the plugin module '.*' fails: TypeError: it gives no text for each of"),
        (Choosy(), {}, "no Chinese here"),
        (Marking(), {"to": ()}, "which languages are to be translated to"),
        (Marking(), {"to": ("en",)}, "'en' is to be translated to itself"),
        (Marking(), {"language": "fr"}, "unknown language of 'rivers' 'fr'; known: en"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    translator: Marking, settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        translate(store("rivers", rows(9)), translator, tmp_path / "out.jsonl", asked(**settings))
    assert not (tmp_path / "out.jsonl").exists()
    assert not translator.asked


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sides": ("answers",)}, "unknown side of a row 'answers'; known: queries, passages, negatives"),
        ({"sides": ()}, "there is nothing to translate"),
        ({"to": ("de", "zh", "de")}, "a language to translate to is named twice: de, zh, de"),
        ({"reject": ("bad",)}, "unknown check of translations 'bad'; known: copy, repetition, length, language"),
        ({"length_ratio": 1.0}, "the length ratio is 1.0; it must be above 1"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        asked(**changes)


class Plugin:
    """An object with hooks, as a package may have one: a translator, a function that makes one, and nonsense."""

    @hookimpl
    def hybrid_ir_translators(self) -> dict[str, Any]:
        return {
            "marks": Marking(),
            "named": lambda what, options: Marking(f"{what} {options.beams}"),
            "no": lambda *_: 7,
        }


@pytest.fixture
def plugin() -> Iterator[None]:
    found = Plugin()
    manager().register(found, "marks")
    yield
    manager().unregister(name="marks")


def test_a_plugin_adds_translators(plugin: None) -> None:
    assert load_translator("marks").identity == {"name": "marking"}
    assert load_translator("named:one:two", TranslatorOptions(beams=2)).identity == {"name": "one:two 2"}
    with pytest.raises(
        UserError, match=r"the translator 'no' of the plugin module .* gives a int, which has no identity"
    ):
        load_translator("no")


def test_translate_is_a_command_whose_output_trains(
    plugin: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = tmp_path / "rivers.jsonl", tmp_path / "parallel.jsonl"
    made = [{"id": row.parallel_id, "queries": dict(row.queries), "passages": dict(row.passages)} for row in rows(6)]
    source.write_text("".join(json.dumps(line) + "\n" for line in made))

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hybrid-ir", "translate", str(source), "--output", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        return (status, *capsys.readouterr())

    status, printed, _ = command(output, "--to", "de,zh", "--model", "marks", "--reject", "copy", "length")
    assert status == 0
    assert printed == (
        "de: 15 translations, 0 rejected\n"
        "zh: 15 translations, 0 rejected\n"
        f"{output}: 6 rows, 0 dropped for want of a translation\n"
    )
    assert from_jsonl(output).languages == ("de", "en", "zh")
    status, _, said = command(tmp_path / "none.jsonl", "--to", "de,zh", "--model", "marks", "--sides", "negatives")
    assert (status, said.splitlines()[-1]) == (
        2,
        f"hybrid-ir: no row of '{source}' is translated: none has a text in 'en' that is to be translated",
    )


def test_a_model_translates_a_source(model: Callable[[str], Path], tmp_path: Path) -> None:
    found = load_translator(str(model("m2m100")), TranslatorOptions(beams=1, max_length=16))
    settings = asked(to=("de",), reject=(), sides=("queries",))
    translate(store("rivers", rows(4)), found, tmp_path / "out.jsonl", settings)
    expected = found.translate([row.queries["en"] for row in rows(4)], "en", "de")
    assert [line["queries"]["de"] for line in lines(tmp_path / "out.jsonl")] == expected
    record = json.loads((tmp_path / "out.jsonl.json").read_text())
    assert record["request"]["translator"] == json.loads(json.dumps(found.identity))
    assert record["model"] == str(model("m2m100"))


def test_the_cache_keeps_pairs_of_languages_apart() -> None:
    kept = Cache({"name": "x"})
    kept.add({"a": "A", "b": ""}, "en", "de")
    kept.add({"a": "other"}, "en", "de")
    assert kept.find(["a", "b", "c", "a"], "en", "de") == {"a": "A", "b": ""}
    assert kept.find(["a"], "en", "fr") == kept.find(["a"], "fr", "de") == {}
    kept.close()
    assert Cache({"name": "x"}).find([f"{i}" for i in range(1200)] + ["a"], "en", "de") == {"a": "A"}
    assert Cache({"name": "y"}).find(["a"], "en", "de") == {}
