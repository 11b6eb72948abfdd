"""Bad translations are told from good ones: loops, copies, other languages, wrong lengths; true translations pass."""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.translation.filters import Filters
from hybrid_plugin.training.translation.settings import TranslationSettings


@pytest.fixture(scope="module")
def filters() -> Filters:
    return Filters(TranslationSettings(to=("de",)))


EN = "The Danube flows through Vienna and ends in the Black Sea."


@pytest.mark.parametrize(
    ("text", "translation", "lang", "fault"),
    [
        (EN, "Die Donau fließt durch Wien und mündet ins Schwarze Meer.", "de", None),
        (EN, "", "de", "empty"),
        (EN, " .\n", "de", "empty"),
        ("?!", "?!", "de", None),
        (EN, EN, "de", "copy"),
        (EN, EN.lower() + " ", "zh", "copy"),
        ("Barack Obama", "Barack Obama", "de", None),
        ("Apollo 11", "Apollo 11", "zh", None),
        ("The Lord of the Rings", "The Lord of the Rings", "de", "copy"),
        ("New York City Hall Park", "New York City Hall Park", "fr", None),
        ("1998", "1998", "ar", None),
        ("3.5 + 4.5 = 8", "3.5 + 4.5 = 8", "ar", None),
        ("多瑙河流经维也纳", "多瑙河流经维也纳", "ja", "copy"),
        ("北京", "北京", "ja", None),
        (EN, "Die Donau fließt durch durch durch durch durch durch Wien", "de", "repetition"),
        (EN, "the the the the", "de", "repetition"),
        (EN, "Die Donau und die Donau und die Donau und die Donau und die Donau", "de", "repetition"),
        (EN, "Die Donaaaaaaaaaaaaaaaaaau fließt durch Wien und weiter", "de", "repetition"),
        (EN, "多瑙河流经维也纳维也纳维也纳维也纳维也纳", "zh", "repetition"),
        (EN, "多瑙河的的的的的的的的的的的", "zh", "repetition"),
        (EN, "แม่น้ำดานูบไหลผ่านไหลผ่านไหลผ่านไหลผ่านไหลผ่าน", "th", "repetition"),
        (EN, "डेन्यूब वियना से वियना से वियना से वियना से वियना से", "hi", "repetition"),
        (EN, "Die Donau fließt ins Meer. Die Donau fließt ins Meer.", "de", "repetition"),
        ("no no no no no, she said", "nein nein nein nein nein, sagte sie", "de", None),
        ("How much is 1000000000000?", "Wie viel ist 1000000000000 eigentlich?", "de", None),
        ("Chapter 1 ............ 7, read it", "Kapitel 1 ............ 7, lies es", "de", None),
        (EN, "Donau", "de", "length"),
        (EN, "Die Donau, " + ", ".join(f"das ist Fluss Nummer {i}" for i in range(9)), "de", "length"),
        ("Who?", "Welche Person ist es?", "de", None),
        (EN, "Le Danube traverse Vienne et se jette dans la mer Noire.", "de", "language"),
        (EN, "The Danube passes through Vienna and flows into the Black Sea.", "de", "language"),
        (EN, "Дунай протекает через Вену и впадает в Чёрное море.", "ar", "language"),
        (EN, "The Danube passes through Vienna and flows into the Black Sea.", "tlh", None),
        ("Obama?", "Obama ?", "fr", None),
    ],
)
def test_a_fault_is_named(filters: Filters, text: str, translation: str, lang: str, fault: str | None) -> None:
    assert filters.fault(text, translation, "en", lang) == fault


def pairs(rows: list[Row], side: str) -> list[tuple[str, str, str, str]]:
    """The texts of rows in English with their true translations."""
    found = []
    for row in rows:
        texts = row.queries if side == "queries" else {lang: one for lang, (one, *_) in row.passages.items()}
        found += [(texts["en"], one, "en", lang) for lang, one in texts.items() if lang != "en" and "en" in texts]
    return found


def rejected(filters: Filters, given: list[tuple[str, str, str, str]]) -> Counter[str | None]:
    return Counter(filters.fault(*one) for one in given)


def test_true_translations_of_the_demo_pass(filters: Filters) -> None:
    rows = list(load_source("hybrid-demo"))[::8]
    for side in ("queries", "passages"):
        given = pairs(rows, side)
        assert rejected(filters, given) == {None: len(given)}


def test_nearly_all_true_translations_of_xquad_pass(filters: Filters, lareqa: Path) -> None:
    given = pairs(list(load_source("xquad-r"))[::8], "queries")
    found = rejected(filters, given)
    assert len(given) > 1400
    assert found[None] > 0.997 * len(given), found


def test_what_is_wrong_in_the_demo_is_found(filters: Filters) -> None:
    rng = random.Random(0)
    rows = [row for row in load_source("hybrid-demo")[::8] if len(row.queries) > 2]
    asked = [(row.queries[source], row, source, to) for row in rows for source, to in [rng.sample([*row.queries], 2)]]
    others = [
        (text, row.queries[next(lang for lang in row.queries if lang not in (source, to))], source, to)
        for text, row, source, to in asked
    ]
    stuck = [(text, f"{row.queries[to]} {row.queries[to][:9] * 6}", source, to) for text, row, source, to in asked]
    copies = [(text, text, source, to) for text, _, source, to in asked]
    assert rejected(filters, others)["language"] > 0.8 * len(asked), "short ones are not judged"
    assert rejected(filters, stuck)[None] < 0.01 * len(asked)
    assert rejected(filters, copies)[None] < 0.01 * len(asked)


def test_checks_may_be_left_out() -> None:
    lenient = Filters(TranslationSettings(to=("de",), reject=("length",), length_ratio=9.0))
    assert lenient.fault(EN, EN, "en", "de") is None
    assert lenient.fault(EN, "the the the the the", "en", "de") is None
    assert lenient.fault(EN, "", "en", "de") == "empty"
    assert lenient.fault("x" * 900, "y", "en", "de") == "length"


def test_without_py3langid_its_check_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    Filters(TranslationSettings(to=("de",), reject=("copy",)))
    with pytest.raises(UserError, match=r"pip install 'hybrid-ir\[translation\]', or leave language out of --reject"):
        Filters(TranslationSettings(to=("de",)))
