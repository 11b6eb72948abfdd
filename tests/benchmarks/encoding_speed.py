"""Texts encoded a second in each precision and runtime, beside sentence-transformers with its defaults and Pyserini.

    python tests/benchmarks/encoding_speed.py --model MODEL [--texts 2000] [--threads 2]

The texts are sentences of XQuAD-R in all languages, evenly chosen. sentence-transformers computes in float32, 32 texts
at a time, as does Pyserini, 64 at a time in the order of the file, as ``pyserini.encode`` does. Loading is not counted,
nor is the export to OpenVINO. The vectors are compared with those of sentence-transformers as well; what a precision
costs in AP, ``encoding_loss.py`` measures. On a GPU the modes of torch are measured there, and no others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np
import torch
from measuring import Figure, apart, in_turns, main, model_of, need_collection, start

PREFIX = "passage: "
MODES = {  # precision and runtime: the least ratio to sentence-transformers
    ("float32", "torch"): 2.0,
    ("bfloat16", "torch"): None,
    ("float32", "openvino"): None,
    ("bfloat16", "openvino"): None,
    ("int8", "openvino"): 8.0,
}
_EQUAL = 1e-5  # components of vectors in float32 differ by less


def texts_of(number: int) -> list[str]:
    import ir_datasets

    from hybrid_plugin.tasks.named import register_datasets

    register_datasets()
    everything = [doc.text.strip() for doc in ir_datasets.load("xquad-r").docs_iter()]
    return [everything[i] for i in np.linspace(0, len(everything) - 1, number).astype(int)]


def ours(model: str, number: int, count: int, precision: str, runtime: str) -> np.ndarray:
    from hybrid_plugin.encoding.encoder import Encoder

    torch.set_num_threads(count)
    options = {"query_prefix": "query:", "passage_prefix": PREFIX, "max_length": 512, "pooling": "mean"}
    encoder = Encoder.load(model, precision=precision, runtime=runtime, threads=count, **options)
    texts = texts_of(number)
    encoder.encode(texts[:32], "passage")
    start()
    found = encoder.encode(texts, "passage")
    print(f"{precision} by {runtime}: {encoder.counts.padding:.1%} of the tokens are padding", file=sys.stderr)
    return found


def sentence_transformers(model: str, number: int, count: int) -> np.ndarray:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    torch.set_num_threads(count)
    transformer = Transformer(model)
    encoder = SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension(), "mean"), Normalize()]
    )
    texts = [PREFIX + text for text in texts_of(number)]
    encoder.encode(texts[:32], show_progress_bar=False)
    start()
    return encoder.encode(texts, show_progress_bar=False)


def pyserini(model: str, number: int, count: int) -> np.ndarray:
    from hybrid_plugin.bridges.pyserini import activate

    activate()
    from pyserini.encode import AutoDocumentEncoder

    torch.set_num_threads(count)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = AutoDocumentEncoder(model, device=device, pooling="mean", l2_norm=True, prefix=PREFIX.strip())
    texts = texts_of(number)
    encoder.encode(texts[:32])
    start()
    return np.concatenate([encoder.encode(texts[i : i + 64]) for i in range(0, len(texts), 64)])


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    model = model_of(arguments)
    need_collection("xquad-r")
    number, count = arguments.texts, arguments.threads
    modes = [mode for mode in MODES if mode[1] == "torch" or not torch.cuda.is_available()]
    for mode in modes:
        apart(ours, model, 2, count, *mode)  # so that the export is made
    *found, default, plain = in_turns(
        arguments.rounds,
        *(lambda mode=mode: apart(ours, model, number, count, *mode) for mode in modes),
        lambda: apart(sentence_transformers, model, number, count),
        lambda: apart(pyserini, model, number, count),
    )
    for mode, one in zip(modes, found, strict=True):
        for peer, other, limit in (("sentence-transformers", default, MODES[mode]), ("pyserini.encode", plain, None)):
            yield Figure(
                "encoding in {} by {}".format(*mode),
                "texts/s",
                number / one.seconds,
                peer,
                number / other.seconds,
                limit,
                one.gigabytes,
                other.gigabytes,
                one.processor,
                other.processor,
            )
        yield Figure(
            "largest difference of a component, {} by {}".format(*mode),
            "difference",
            float(np.abs(one.value - default.value).max()),
            limit=_EQUAL if mode[0] == "float32" else None,
        )


if __name__ == "__main__":
    main(figures, {"texts": (2000, 60), "threads": (torch.get_num_threads(), 1), "rounds": (2, 1)})
