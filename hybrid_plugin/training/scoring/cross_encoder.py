"""A cross-encoder, which reads a query and a passage together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_plugin.encoding.folders import check_folder, check_hub, looks_like_path, read_object
from hybrid_plugin.encoding.identity import weights_checksum
from hybrid_plugin.encoding.load import resolve_device
from hybrid_plugin.encoding.settings import EncoderOptions, ModelOptions
from hybrid_plugin.encoding.threads import threads, worthwhile_threads
from hybrid_plugin.errors import UserError
from hybrid_plugin.settings import flatten
from hybrid_plugin.tasks.texts import Text

_KIND = "cross-encoder"
_ARCHITECTURE = "ForSequenceClassification"  # how the names of their classes end in transformers
_OPTIONS = {"max_length", "device", "threads", "allow_pickle", "trust_remote_code"}  # those that one heeds
_PAIRS = 32  # computed at a time


def is_cross_encoder(name: str) -> bool:
    """Whether a model's configuration says that it reads two texts together and judges them."""
    said = (read_object(name, "config.json") or {}).get("architectures")
    return any(str(one).endswith(_ARCHITECTURE) for one in said or ())


class CrossEncoder:
    """A cross-encoder of Hugging Face or sentence-transformers with one label; its scores are logits.

    Parameters
    ----------
    name : a folder or a name on the Hugging Face hub.
    options : of these ``max_length`` (of query and passage together), ``device``, ``threads``, ``allow_pickle`` and
        ``trust_remote_code`` are heeded; another one must not be given.

    Raises
    ------
    UserError
        It cannot be loaded or has several labels, an option does not go with it, or sentence-transformers is missing.
    """

    kind = _KIND
    scale = "logit"

    def __init__(self, name: str | Path, options: ModelOptions | None = None):
        self.name, options = str(name), options or ModelOptions()
        defaults = flatten(EncoderOptions())
        for key, value in flatten(options).items():
            if value != defaults[key] and key not in _OPTIONS:
                raise UserError(f"--{key.replace('_', '-')} does not go with the {_KIND} '{self.name}'")
        self._options, self._model = options, _loaded(self.name, options)
        labels = self._model.num_labels
        if labels != 1:
            raise UserError(f"the {_KIND} '{self.name}' has {labels} labels; what scores pairs has one")

    def __repr__(self) -> str:
        return f"CrossEncoder({self.name!r})"

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """See :class:`~hybrid_plugin.training.scoring.Scorer`."""
        return {"weights": weights_checksum(self._model[0].auto_model), "max_length": self._model[0].max_seq_length}

    def scores(self, queries: Sequence[Text], passages: Sequence[Text]) -> np.ndarray:
        """See :class:`~hybrid_plugin.training.scoring.Scorer`."""
        import torch

        pairs = [(query.text, passage.text) for query, passage in zip(queries, passages, strict=True)]
        if not pairs:
            return np.empty(0, np.float32)
        count = self._options.threads or worthwhile_threads(self._model)
        with threads(count if self._model.device.type == "cpu" else torch.get_num_threads()):
            found: np.ndarray = self._model.predict(
                pairs, batch_size=_PAIRS, activation_fn=torch.nn.Identity(), show_progress_bar=False
            )
        return found.astype(np.float32)


def _loaded(name: str, options: ModelOptions) -> Any:
    """The model of sentence-transformers."""
    if looks_like_path(name):
        check_folder(Path(name), options.allow_pickle, _KIND)
    else:
        check_hub(name, _KIND)
    if not is_cross_encoder(name):
        raise UserError(f"'{name}' is no {_KIND}: its config.json names no architecture that ends in {_ARCHITECTURE}")
    try:
        from sentence_transformers import CrossEncoder as Loaded
    except ImportError as error:
        raise UserError(
            f"a {_KIND} needs the package sentence-transformers: pip install 'hybrid-ir[{_KIND}]'"
        ) from error
    from safetensors import SafetensorError

    device = resolve_device(options.device)
    try:
        return Loaded(
            name,
            device=device,
            max_length=options.max_length,
            trust_remote_code=options.trust_remote_code,
            # In single precision, as encoders: a logit of bfloat16 has two digits.
            model_kwargs={"dtype": "float32", "use_safetensors": None if options.allow_pickle else True},
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise UserError(f"cannot load the {_KIND} '{name}': {first_line}") from error
