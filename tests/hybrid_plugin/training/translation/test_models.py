"""Every architecture translates as transformers does by itself, and languages are told in its own way."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, BartConfig, BartForConditionalGeneration

from hybrid_plugin.errors import UserError
from hybrid_plugin.training.translation import TranslatorOptions, load_translator
from hybrid_plugin.training.translation.models import TranslationModel
from hybrid_plugin.training.translation.translator import Translator
from tests.hybrid_plugin.training.translation.models import MAKERS, t5

Models = Callable[[str], Path]
CODES = {  # of English and German, as the publishers' examples write them
    "nllb": ("eng_Latn", "deu_Latn"),
    "m2m100": ("en", "de"),
    "mbart-50": ("en_XX", "de_DE"),
}
PREFIXES = {"madlad": "<2de> ", "marian": "", "marian-group": ">>deu<< "}


def load(folder: Path, **options: Any) -> TranslationModel:
    found = load_translator(str(folder), TranslatorOptions(**options))
    assert isinstance(found, TranslationModel)
    assert isinstance(found, Translator)
    return found


def reference(folder: Path, name: str, text: str, beams: int) -> str:
    """One text by transformers alone: its tokenizer's own way to tell the languages, and ``generate``."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    if name in CODES:
        source, target = CODES[name]
        inputs = tokenizer._build_translation_inputs(text, return_tensors="pt", src_lang=source, tgt_lang=target)
    else:
        inputs = tokenizer(PREFIXES[name] + text, return_tensors="pt")
    tokens = 2 * inputs["input_ids"].shape[1] + 32
    with torch.no_grad():
        found = model.generate(**inputs, num_beams=beams, do_sample=False, max_new_tokens=tokens)
    text = tokenizer.decode(found[0], skip_special_tokens=True)
    return text.replace("__de__", "", 1).strip() if name == "m2m100" else text.strip()  # it is not said to be special


@pytest.mark.parametrize(("name", "beams"), [*((name, 2) for name in MAKERS), ("nllb", 1)])
def test_a_model_translates_as_transformers_does(model: Models, questions: list[str], name: str, beams: int) -> None:
    found = load(model(name), beams=beams, batch_tokens=40)
    texts = questions[:1]
    assert [found.translate([text], "en", "de")[0] for text in texts] == [
        reference(model(name), name, text, beams) for text in texts
    ]
    together = found.translate(questions[:4], "en", "de")
    assert len(set(together)) > 2, "another text has another translation"


@pytest.mark.parametrize("name", ["nllb", "madlad"])
def test_translations_come_in_the_order_of_the_texts(model: Models, questions: list[str], name: str) -> None:
    found = load(model(name), beams=1, batch_tokens=30)
    backwards = questions[3::-1]
    assert found.translate(questions[:4], "en", "de")[::-1] == found.translate(backwards, "en", "de")
    assert found.translate([], "en", "de") == []


@pytest.mark.parametrize("name", ["nllb", "m2m100", "mbart-50"])
def test_both_languages_count(model: Models, questions: list[str], name: str) -> None:
    found = load(model(name), beams=1)
    pairs = [("en", "de"), ("en", "zh"), ("fr", "de")]
    assert len({tuple(found.translate(questions[:2], *pair)) for pair in pairs}) == 3


def test_a_long_text_is_translated_piece_by_piece_and_whole(model: Models, questions: list[str]) -> None:
    found, long = load(model("nllb"), beams=1, max_length=24), questions[-1]
    made = found.translate([long], "en", "de")[0]
    pieces = found._split(long, "")
    assert len(pieces) > 3
    assert "".join(pieces).replace(" ", "") == long.replace(" ", "")
    assert all(len(found.tokenizer(piece)["input_ids"]) <= 24 for piece in pieces)
    assert made == " ".join(found.translate(pieces, "en", "de"))


@pytest.mark.parametrize(
    ("name", "pair", "message"),
    [
        ("nllb", ("en", "tlh"), "has no language 'tlh'; the nearest of its 202 codes are "),
        ("m2m100", ("eo", "de"), "has no language 'eo'"),
        ("mbart-50", ("en", "zh-Hant"), "has no language 'zh-Hant'; the nearest of its 52 codes are zh_CN"),
        ("madlad", ("en", "fr"), "has no language 'fr'"),
        ("marian", ("en", "fr"), "translates from en to de, not from en to fr"),
        ("marian", ("eng", "deu"), None),
        ("marian", ("zh", "de"), "translates from en to de, not from zh to de"),
        ("marian-group", ("en", "zh"), None),
        ("marian-group", ("en", "ja"), "has no language 'ja'"),
        ("madlad", ("xx", "he"), None),
    ],
)
def test_languages_that_a_model_lacks_are_refused(
    model: Models, name: str, pair: tuple[str, str], message: str | None
) -> None:
    found = load(model(name))
    if message is None:
        found.check(*pair)
    else:
        with pytest.raises(UserError) as refusal:
            found.check(*pair)
        assert message in str(refusal.value)


def test_a_code_may_be_given(model: Models, questions: list[str]) -> None:
    plain, given = (load(model("nllb"), beams=1, codes=codes) for codes in ((), ("zh=zho_Hant",)))
    assert plain.translate(questions[:2], "en", "zh-Hant") == given.translate(questions[:2], "en", "zh")
    assert plain.translate(questions[:2], "en", "zh") != given.translate(questions[:2], "en", "zh")
    with pytest.raises(UserError, match="has no language 'zho_Hanz', which --codes names for 'zh'"):
        load(model("nllb"), codes=("zh=zho_Hanz",)).check("en", "zh")


def test_the_identity_is_what_decides_a_translation(model: Models) -> None:
    found = load(model("nllb")).identity
    assert found["weights"].startswith("sha256:")
    assert (found["beams"], found["max_length"], found["precision"]) == (4, 128, "float32")
    assert load(model("nllb"), batch_tokens=7, threads=1).identity == found
    assert load(model("nllb"), precision="bfloat16").identity["precision"] == "bfloat16"
    assert load(model("m2m100")).identity["weights"] != found["weights"]
    assert "sacremoses" in load(model("marian")).identity


def test_without_sacremoses_marian_says_so(model: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        load(model("marian"))

    def absent(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr("hybrid_plugin.training.translation.models.version", absent)
    with pytest.warns(UserWarning, match=r"pip install 'hybrid-ir\[translation\]'"):
        assert load(model("marian")).identity["sacremoses"] is None


def test_what_is_no_translation_model_is_refused(model: Models, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it is of the type bert; those known are m2m_100, nllb-moe, mbart, t5"):
        load(tiny)
    with pytest.raises(UserError, match="there is no translation model folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(UserError, match="which model is to translate"):
        load_translator("transformers:")
    AutoTokenizer.from_pretrained(model("m2m100")).save_pretrained(tmp_path / "bart")
    BartForConditionalGeneration(BartConfig(vocab_size=600, d_model=16, encoder_layers=1)).save_pretrained(
        tmp_path / "bart"
    )
    with pytest.raises(UserError, match="it is of the type bart"):
        load(tmp_path / "bart")
    with pytest.raises(UserError, match=r"max length is 500, but .* takes at most 256 tokens"):
        load(model("nllb"), max_length=500)


def test_weights_that_are_missing_or_pickled_are_refused(model: Models, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    for path in model("mbart-50").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = AutoModelForSeq2SeqLM.from_pretrained(folder).state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="--allow-pickle"):
        load(folder)
    assert load(folder, allow_pickle=True).identity == load(model("mbart-50")).identity
    torch.save({name: one for name, one in weights.items() if "fc1" not in name}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"its weights lack model\.decoder\.layers\.0\.fc1\.bias"):
        load(folder, allow_pickle=True)


def test_a_t5_that_has_no_languages_is_refused(questions: list[str], tmp_path: Path) -> None:
    from tests.hybrid_plugin.training.translation.models import Vocabulary

    t5(Vocabulary.of(questions, tmp_path / "sentencepiece.bpe.model"), tmp_path / "t5")
    with pytest.raises(UserError, match="its tokenizer has no tokens for languages"):
        load(tmp_path / "t5")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beams": 0}, "beams is 0; it must be 1 or above"),
        ({"max_length": 4}, "max length is 4; it must be 8 or above"),
        ({"precision": "int4"}, "unknown precision 'int4'"),
        ({"codes": ("zh",)}, "codes are LANG=CODE, such as zh=zho_Hant, not 'zh'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TranslatorOptions(**options)
