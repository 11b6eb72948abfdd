"""The transformers class that holds a model's encoder: the model itself, or one half of an encoder-decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Half:
    """How the encoder half of an encoder-decoder is loaded and saved.

    Parameters
    ----------
    module, name : of its class in transformers.
    renamed : weights of the whole model, and of our checkpoints, to weights of the half, as regular expressions.
    prefix : put before the names of weights in our checkpoints.
    sentence_transformers : what sentence-transformers must be told to take the encoder's output.
    """

    module: str
    name: str
    renamed: Mapping[str, str] | None = None
    prefix: str = ""
    sentence_transformers: Mapping[str, Any] = field(default_factory=dict)


_RENAMED = {r"^(model\.)?encoder\.": "", r"^(model\.)?shared\.": "embed_tokens."}
# sentence-transformers takes the encoder alone of T5's and M2M100's kin, as transformers names its weights. Of mBART it
# takes the whole model, so mBART's are saved as those of a whole model whose decoder has no layers.
_HALVES = {  # by the model type in config.json
    "t5": Half("transformers", "T5EncoderModel"),
    "mt5": Half("transformers", "MT5EncoderModel"),
    "umt5": Half("transformers", "UMT5EncoderModel"),
    "m2m_100": Half("transformers.models.m2m_100.modeling_m2m_100", "M2M100Encoder", _RENAMED),
    "mbart": Half(
        "transformers.models.mbart.modeling_mbart",
        "MBartEncoder",
        _RENAMED,
        prefix="encoder.",
        sentence_transformers={
            "modality_config": {"text": {"method": "forward", "method_output_name": "encoder_last_hidden_state"}},
            "module_output_name": "token_embeddings",
        },
    ),
}


def half_of(model: PreTrainedModel) -> Half | None:
    """How a model is saved that is the encoder half of an encoder-decoder; None of any other model."""
    return _HALVES.get(model.config.model_type)


def load_model(
    name: str | Path, subfolder: str, *, trust_remote_code: bool = False, **options: Any
) -> tuple[PreTrainedModel, set[str]]:
    """The encoder in a Hugging Face folder or hub repository, and the names of the weights that were not there.

    Of T5, mT5, UMT5, mBART and M2M100 (NLLB) it is the encoder half alone, out of a whole model or one of our
    checkpoints; a decoder's weights are not loaded.

    Parameters
    ----------
    trust_remote_code : run Python code that comes with the model.
    options : passed to ``from_pretrained``.

    Raises
    ------
    ValueError
        It is another encoder-decoder.
    OSError and others
        As transformers raises them.
    """
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(name, subfolder=subfolder, trust_remote_code=trust_remote_code)
    half = _HALVES.get(config.model_type)
    if half is None:
        if getattr(config, "is_encoder_decoder", False):
            raise ValueError(
                f"it is an encoder-decoder of the type {config.model_type}; "
                f"those whose encoder half can be used are: {', '.join(_HALVES)}"
            )
        model_class: Any = AutoModel
        options["trust_remote_code"] = trust_remote_code
    else:
        model_class = getattr(import_module(half.module), half.name)
        options["key_mapping"] = half.renamed
        if half.renamed:
            config.decoder_layers = 0
    model, loading = model_class.from_pretrained(
        name, subfolder=subfolder, config=config, output_loading_info=True, **options
    )
    if half is not None:
        vars(model).pop("_weight_conversions", None)  # or saving would undo the new names, in trainers' checkpoints too
    return model, loading["missing_keys"]


def save_model(model: PreTrainedModel, folder: Path, leave_out: str) -> None:
    """Write weights (safetensors) and configuration, so that :func:`load_model` and sentence-transformers load them.

    Parameters
    ----------
    leave_out : the submodule whose weights are not the model's own.
    """
    half = half_of(model)
    prefix = half.prefix if half else ""
    weights: dict[str, Tensor] = {
        prefix + name: value for name, value in model.state_dict().items() if not name.startswith(f"{leave_out}.")
    }
    model.save_pretrained(folder, state_dict=weights)
