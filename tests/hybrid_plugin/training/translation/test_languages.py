"""Languages find their codes in every model's own spelling; long texts fall apart where sentences end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100
from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.translation.languages import find_code, same
from hybrid_plugin.training.translation.sentences import join, split

MARIAN = ["cmn", "cmn_Hans", "cmn_Hant", "deu", "fr", "fr_BE", "nob", "pt_BR", "pt_br", "pt", "srp_Latn", "srp_Cyrl"]
MADLAD = ["de", "fil", "iw", "no", "sr", "zh", "zh_Latn"]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (
            NLLB,
            "ar:arb_Arab de:deu_Latn deu:deu_Latn el:ell_Grek en:eng_Latn es:spa_Latn fa:pes_Arab fil:tgl_Latn "
            "he:heb_Hebr hi:hin_Deva id:ind_Latn iw:heb_Hebr ja:jpn_Jpan ko:kor_Hang lv:lvs_Latn ms:zsm_Latn "
            "nb:nob_Latn ne:npi_Deva no:nob_Latn pt-BR:por_Latn ru:rus_Cyrl sr:srp_Cyrl sw:swh_Latn th:tha_Thai "
            "vi:vie_Latn yue:yue_Hant zh:zho_Hans zh-Hant:zho_Hant zh_TW:zho_Hant kas-Deva:kas_Deva",
        ),
        (M2M100["m2m100"], "ar:ar de:de deu:de en:en he:he id:id jw:jv nb:no ns:ns zh:zh zh-Hant:"),
        (MBART, "ar:ar_AR de:de_DE en:en_XX fil:tl_XX he:he_IL pt-BR:pt_XX zh:zh_CN"),
        (MADLAD, "de:de fil:fil he:iw nb:no sr:sr tl:fil zh:zh zh-Latn:zh_Latn"),
        (MARIAN, "de:deu fr:fr fr-BE:fr_BE nb:nob no:nob pt:pt sr:srp_Cyrl sr-Latn:srp_Latn zh:cmn zh-Hant:cmn_Hant"),
    ],
    ids=["nllb", "m2m100", "mbart-50", "madlad", "marian"],
)
def test_a_language_is_found_by_what_the_model_calls_it(codes: Sequence[str], expected: str) -> None:
    for language, code in (pair.split(":") for pair in expected.split()):
        if code:
            assert find_code(language, codes, "M") == code
        else:
            with pytest.raises(UserError, match="has no language"):
                find_code(language, codes, "M")


def test_every_code_is_found_by_itself() -> None:
    for codes in (NLLB, M2M100["m2m100"], M2M100["wmt21"], MBART, MADLAD, MARIAN):
        for code in codes:
            assert find_code(code, codes, "M") == code


def test_every_language_of_m2m100_is_found_in_nllb_or_not_there() -> None:
    """The languages are those of the code's own table, whatever NLLB calls them; what it lacks is refused."""
    missing = []
    for language in M2M100["m2m100"]:
        try:
            assert same(find_code(language, NLLB, "M"), language)
        except UserError:
            missing.append(language)
    assert missing == ["br", "fy", "ns"]


def test_a_language_that_is_written_in_several_scripts_is_asked_for() -> None:
    with pytest.raises(
        UserError, match=r"'M' has several codes for 'ks': kas_Arab, kas_Deva; write --codes ks=kas_Arab"
    ):
        find_code("ks", NLLB, "M")


@pytest.mark.parametrize(
    ("language", "codes", "said"),
    [
        ("deu-Latn", ["de_DE", "fr_XX"], "the nearest of its 2 codes are de_DE"),
        ("tlh", NLLB, "the nearest of its 202 codes are "),
        ("xx", ["de", "fr"], "some of its 2 codes are de, fr; --codes xx=CODE takes one"),
    ],
)
def test_a_language_that_is_not_there_is_answered_by_the_nearest(language: str, codes: list[str], said: str) -> None:
    with pytest.raises(UserError) as refusal:
        find_code(language, codes, "M")
    assert said in str(refusal.value)


def test_codes_of_one_language_are_the_same() -> None:
    assert same("de", "deu")
    assert same("zho", "zh-Hant")
    assert same("nb", "no")
    assert same("en", "ROMANCE"), "nobody knows what a group has"
    assert not same("de", "fr")
    assert not same("deu", "fr")


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) + text.count("。") + 1 for text in texts]


def test_a_long_text_falls_apart_where_sentences_end() -> None:
    text = 'Dr. Who came at 3.15 p.m. on Monday. "Why?" she asked. He said: J. R. sent me! Then he left.'
    assert split(text, count, 9) == [
        "Dr. Who came at 3.15 p.m. on Monday.",
        '"Why?" she asked.',
        "He said: J. R. sent me!",
        "Then he left.",
    ]
    assert split(text, count, 99) == [text]
    assert split("他来了。她走了。", count, 3) == ["他来了。", "她走了。"]
    assert split("one two three four", count, 3) == ["one two", "three four"]
    assert split("नदी लंबी है। वह बहती है।", count, 4) == ["नदी लंबी है।", "वह बहती है।"]


@given(st.text(alphabet="ab .!?。\n", max_size=60), st.integers(2, 12))
def test_nothing_is_lost_and_every_piece_fits(text: str, most: int) -> None:
    pieces = split(text, lambda texts: [len(one) for one in texts], most)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(len(piece) <= most for piece in pieces)


def test_pieces_are_joined_as_the_language_is_written() -> None:
    assert join(["Er kam.", "Sie ging."], "de") == "Er kam. Sie ging."
    assert join(["他来了。", "她走了。"], "zh-Hans") == "他来了。她走了。"
    assert join([], "de") == ""
