"""Translation models of transformers: NLLB, M2M100, mBART-50, MADLAD (T5), Marian."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid_plugin.encoding.folders import check_folder, check_hub, looks_like_path
from hybrid_plugin.encoding.identity import weights_checksum
from hybrid_plugin.encoding.load import resolve_device
from hybrid_plugin.encoding.threads import threads, worthwhile_threads
from hybrid_plugin.errors import UserError
from hybrid_plugin.training.translation.languages import find_code, same
from hybrid_plugin.training.translation.sentences import join, split
from hybrid_plugin.training.translation.settings import TranslatorOptions

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Architecture:
    """How models of a kind are told the languages.

    Parameters
    ----------
    tokens : what languages are called among the tokens, as regular expressions whose group is the code; the first that
        finds any counts.
    in_text : whether the token of the target language is put before the text; else the tokenizer is told the source
        language, and the translation begins with that token.
    """

    tokens: tuple[str, ...]
    in_text: bool = False


_NLLB = Architecture((r"([a-z]{3}_[A-Z][a-z]{3})", r"__([a-z]{2,3})__"))  # and M2M100, which is of the same type
_T5 = Architecture((r"<2([A-Za-z]{2,3}(?:_[A-Za-z]+)?)>",), in_text=True)
_ARCHITECTURES = {  # by the model type in config.json
    "m2m_100": _NLLB,
    "nllb-moe": _NLLB,
    "mbart": Architecture((r"([a-z]{2}_[A-Z]{2})",)),
    "t5": _T5,
    "mt5": _T5,
    "umt5": _T5,
    "marian": Architecture((r">>([A-Za-z]+(?:_[A-Za-z]+)*)<<",), in_text=True),
}

_GENERATION = (  # what a model's generation_config.json may say that decides a translation, besides what we say
    *("bad_words_ids", "early_stopping", "forced_eos_token_id", "length_penalty", "min_length", "min_new_tokens"),
    *("no_repeat_ngram_size", "renormalize_logits", "repetition_penalty", "suppress_tokens"),
)


class TranslationModel:
    """A translation model on its device, with its tokenizer.

    Parameters
    ----------
    name : of the model, for messages and records.
    """

    def __init__(
        self, name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, options: TranslatorOptions
    ):
        self.model, self.tokenizer = model, tokenizer
        self.name, self._options = name, options
        self._architecture = _ARCHITECTURES[model.config.model_type]
        self._tokens = _language_tokens(tokenizer, self._architecture)  # by code
        if not self._tokens and model.config.model_type != "marian":
            raise UserError(f"cannot translate with '{name}': its tokenizer has no tokens for languages")
        positions = getattr(model.config, "max_position_embeddings", None) or 10**9
        if options.max_length > positions:
            raise UserError(f"max length is {options.max_length}, but '{name}' takes at most {positions} tokens")
        self._most = min(2 * options.max_length + 32, positions) - 2  # tokens of a translation

    @cached_property
    def identity(self) -> dict[str, Any]:
        """See :class:`~hybrid_plugin.training.translation.Translator`."""
        said = self.model.generation_config
        found: dict[str, Any] = {
            "weights": weights_checksum(self.model),
            "precision": str(self.model.dtype).removeprefix("torch."),
            "beams": self._options.beams,
            "max_length": self._options.max_length,
            "codes": dict(sorted(self._options.code_of.items())),
            "generation": {key: value for key in _GENERATION if (value := getattr(said, key, None)) is not None},
        }
        if self.model.config.model_type == "marian":
            found["sacremoses"] = _sacremoses()
        return found

    def check(self, source_lang: str, target_lang: str) -> None:
        """Refuse a pair of languages.

        Raises
        ------
        UserError
            The model does not translate between them; names what it has.
        """
        self._told(source_lang, target_lang)

    def translate(self, texts: Sequence[str], source_lang: str, target_lang: str) -> list[str]:
        """Translations by beam search, batch by batch, texts of similar length together."""
        prefix, begin = self._told(source_lang, target_lang)
        if begin is not None:
            self.tokenizer.src_lang = self._code(source_lang)
        pieces = [[prefix + piece for piece in self._split(text, prefix)] for text in texts]
        ids: list[list[int]] = (
            self.tokenizer([piece for some in pieces for piece in some])["input_ids"] if texts else []
        )
        made = [""] * len(ids)
        for places in self._batches(ids):
            for place, one in zip(places, self._generate([ids[place] for place in places], begin), strict=True):
                made[place] = one.strip()
        parts = iter(made)
        return [join([next(parts) for _ in some], target_lang) for some in pieces]

    def _told(self, source_lang: str, target_lang: str) -> tuple[str, int | None]:
        """What is put before a text, and the token that its translation begins with."""
        if not self._tokens:  # a Marian model of one pair
            self._check_pair(source_lang, target_lang)
            return "", None
        token = self._tokens[self._code(target_lang)]
        if self._architecture.in_text:
            return f"{token} ", None
        self._code(source_lang)
        begin: Any = self.tokenizer.convert_tokens_to_ids(token)
        return "", begin

    def _code(self, lang: str) -> str:
        """What the model calls a language."""
        given = self._options.code_of.get(lang)
        if given is not None and given not in self._tokens:
            raise UserError(f"'{self.name}' has no language '{given}', which --codes names for '{lang}'")
        return given or find_code(lang, self._tokens.keys(), self.name)

    def _check_pair(self, *asked: str) -> None:
        has = [getattr(self.tokenizer, f"{side}_lang", None) for side in ("source", "target")]
        for lang, other in zip(asked, has, strict=True):
            if other and not same(lang, other):
                raise UserError(
                    f"'{self.name}' translates from {has[0]} to {has[1]}, not from {asked[0]} to {asked[1]}"
                )

    def _split(self, text: str, prefix: str) -> list[str]:
        def count(some: Sequence[str]) -> list[int]:
            return [len(ids) for ids in self.tokenizer([prefix + one for one in some], verbose=False)["input_ids"]]

        return split(text, count, self._options.max_length)

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Places of texts of similar length, the longest first, so that a memory that is too small is so at once."""
        budget = self._options.batch_tokens or (8192 if self.model.device.type == "cuda" else 2048)
        order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
        batch: list[int] = []
        for place in order:
            if batch and len(ids[batch[0]]) * (len(batch) + 1) > budget:
                yield batch
                batch = []
            batch.append(place)
        if batch:
            yield batch

    def _generate(self, ids: list[list[int]], begin: int | None) -> list[str]:
        import torch

        inputs = self.tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self.model.device)
        generate: Any = self.model.generate
        told = {} if begin is None else {"forced_bos_token_id": begin}
        on_cpu = self.model.device.type == "cpu"
        count = self._options.threads or (worthwhile_threads(self.model) if on_cpu else torch.get_num_threads())
        try:
            with torch.inference_mode(), threads(count):
                found = generate(
                    **inputs,
                    **told,
                    num_beams=self._options.beams,
                    do_sample=False,
                    max_new_tokens=min(self._most, 2 * max(map(len, ids)) + 32),
                )
        except torch.OutOfMemoryError as error:
            raise UserError(
                f"the memory of {self.model.device} is too small to translate {len(ids)} texts of {max(map(len, ids))} "
                "tokens at a time; give fewer --batch-tokens or --beams"
            ) from error
        tokens = [[one for one in row if one != begin] for row in found.tolist()]  # not all say that it is special
        return self.tokenizer.batch_decode(tokens, skip_special_tokens=True)


def load_model(name: str, options: TranslatorOptions) -> TranslationModel:
    """A translation model from a folder or the Hugging Face hub.

    Raises
    ------
    UserError
        It cannot be loaded, or is no translation model of a known kind.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer, logging

    if not name:
        raise UserError("which model is to translate? name its folder, or its name on the Hugging Face hub")
    device = resolve_device(options.device)
    if looks_like_path(name):
        check_folder(Path(name), options.allow_pickle, "translation model")
    else:
        check_hub(name, "translation model")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    precision = options.precision or ("bfloat16" if device.startswith("cuda") else "float32")
    pickle = None if options.allow_pickle else True
    try:
        kind = AutoConfig.from_pretrained(name).model_type
        if kind not in _ARCHITECTURES:
            raise ValueError(f"it is of the type {kind}; those known are {', '.join(_ARCHITECTURES)}")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")  # said below
            tokenizer = AutoTokenizer.from_pretrained(name)
        model, loading = AutoModelForSeq2SeqLM.from_pretrained(
            name, dtype=precision, use_safetensors=pickle, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        advice = (
            ""
            if options.allow_pickle or "safetensors" not in str(error)
            else ("; if they are a Python pickle, which can run its author's code, and you trust it: --allow-pickle")
        )
        first_line = str(error).strip().split("\n")[0]
        raise UserError(f"cannot load the translation model '{name}': {first_line}{advice}") from error
    if loading["missing_keys"]:  # transformers would go on with random numbers in their place
        lacking = sorted(loading["missing_keys"])
        raise UserError(
            f"cannot load the translation model '{name}': its weights lack {lacking[0]} ({len(lacking)} in all)"
        )
    if kind == "marian" and not _sacremoses():
        warnings.warn(
            "Marian models were trained on texts with the punctuation of sacremoses; without that package theirs stays "
            "as it is: pip install 'hybrid-ir[translation]'",
            stacklevel=2,
        )
    return TranslationModel(name, model.to(device).eval(), tokenizer, options)


def _language_tokens(tokenizer: PreTrainedTokenizerBase, architecture: Architecture) -> dict[str, str]:
    """The tokens that name languages, by the code in them."""
    known = {*tokenizer.get_vocab(), *getattr(tokenizer, "lang_token_to_id", ())}  # M2M100 keeps its own apart
    for form in architecture.tokens:
        matched = map(re.compile(form).fullmatch, sorted(known))
        found = {one[1]: one[0] for one in matched if one}
        if found:
            return found
    return {}


def _sacremoses() -> str | None:
    """The version of the package that Marian's tokenizer takes where it is there."""
    try:
        return version("sacremoses")
    except PackageNotFoundError:
        return None
