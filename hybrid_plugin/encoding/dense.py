"""Dense layers between pooling and the vector, as sentence-transformers keeps them; LaBSE has one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from hybrid_plugin.encoding.folders import model_file
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json, write_json


class Dense(nn.Module):
    """A linear layer and its activation.

    Parameters
    ----------
    activation : a module without parameters, such as ``torch.nn.Tanh()``.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool, activation: nn.Module):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=bias)
        self.activation = activation

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """[n, in_features] to [n, out_features]."""
        return self.activation(self.linear(vectors))

    @classmethod
    def load(cls, config_file: Path, weights_file: Path, dimension: int) -> Dense:
        """Read a layer from its ``config.json`` and its weights, safetensors or a pickle.

        Parameters
        ----------
        dimension : of the vectors that it will be given.

        Raises
        ------
        UserError
            The configuration asks for what we lack, or does not fit the vectors or the weights; names the file.
        """
        config = read_json(config_file)
        try:
            said = config.get("activation_function", "torch.nn.Tanh")
            package, _, name = said.rpartition(".")
            activation = getattr(nn, name, None) if package.startswith("torch.nn") else None
            if not (isinstance(activation, type) and issubclass(activation, nn.Module)):
                raise UserError(f"{config_file} has the activation '{said}', which is no module of torch.nn")
            source = config.get("module_input_name", "sentence_embedding")
            if source != "sentence_embedding" or config.get("use_residual"):
                raise UserError(f"{config_file} asks for more than a linear layer on the pooled vector")
            if config["in_features"] != dimension:
                raise UserError(f"{config_file} takes {config['in_features']} dimensions and is given {dimension}")
            layer = cls(dimension, config["out_features"], config.get("bias", True), activation())
        except (AttributeError, KeyError, TypeError) as error:
            raise UserError(f"{config_file} does not describe a Dense layer: {error}") from error
        try:
            if weights_file.suffix == ".safetensors":
                from safetensors.torch import load_file

                weights = load_file(weights_file)
            else:
                weights = torch.load(weights_file, map_location="cpu", weights_only=True)
            layer.load_state_dict(weights)
        except Exception as error:  # safetensors and pickle raise all sorts
            first_line = str(error).strip().split("\n")[0]
            raise UserError(f"cannot load the Dense layer {weights_file}: {first_line}") from error
        return layer

    def save(self, folder: Path) -> None:
        """Write ``config.json`` and ``model.safetensors`` as sentence-transformers does."""
        from safetensors.torch import save_model

        kind = type(self.activation)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(
            folder / "config.json",
            {
                "in_features": self.linear.in_features,
                "out_features": self.linear.out_features,
                "bias": self.linear.bias is not None,
                "activation_function": f"{kind.__module__}.{kind.__qualname__}",
            },
        )
        save_model(self, str(folder / "model.safetensors"))


def load_dense(name: str, paths: Sequence[str], dimension: int, allow_pickle: bool) -> nn.Sequential:
    """The Dense layers of a model, in the order in which they are applied.

    Parameters
    ----------
    name : the model's folder or its name on the hub.
    paths : the layers' folders in it.
    dimension : of the pooled vector.

    Raises
    ------
    UserError
        A layer is missing or cannot be applied; names its file.
    """
    layers = nn.Sequential()
    for path in paths:
        config = model_file(name, f"{path}/config.json")
        if config is None:
            raise UserError(f"'{name}' has no {path}/config.json")
        weights = model_file(name, f"{path}/model.safetensors")
        if weights is None and allow_pickle:
            weights = model_file(name, f"{path}/pytorch_model.bin")
        if weights is None:
            hint = "" if allow_pickle else "; pass --allow-pickle if it has a pickle that you trust"
            raise UserError(f"'{name}' has no {path}/model.safetensors{hint}")
        layer = Dense.load(config, weights, dimension)
        layers.append(layer)
        dimension = layer.linear.out_features
    return layers
