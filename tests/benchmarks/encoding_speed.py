"""Texts encoded a second, against Pyserini's AutoDocumentEncoder: same model, same texts, same threads.

    python tests/benchmarks/encoding_speed.py MODEL [--texts 2000] [--threads 2]

The texts are sentences of XQuAD-R in all languages, evenly chosen; Pyserini encodes them as ``pyserini.encode`` does,
64 at a time in the order of the file. The vectors are compared as well.
"""

from __future__ import annotations

import argparse
import time

import ir_datasets
import numpy as np
import torch

from hybrid_plugin.bridges.pyserini import activate
from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.tasks.named import register_datasets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    register_datasets()
    everything = [doc.text.strip() for doc in ir_datasets.load("xquad-r").docs_iter()]
    texts = [everything[i] for i in np.linspace(0, len(everything) - 1, arguments.texts).astype(int)]

    activate()
    from pyserini.encode import AutoDocumentEncoder

    torch.set_num_threads(arguments.threads)
    theirs = AutoDocumentEncoder(arguments.model, device="cpu", pooling="mean", l2_norm=True, prefix="passage:")
    ours = Encoder.load(arguments.model, device="cpu", pooling="mean", passage_prefix="passage:")
    best = {"pyserini.encode": 0.0, "hybrid-ir": 0.0}
    for _ in range(arguments.rounds):
        started = time.perf_counter()
        expected = np.concatenate([theirs.encode(texts[i : i + 64]) for i in range(0, len(texts), 64)])
        best["pyserini.encode"] = max(best["pyserini.encode"], len(texts) / (time.perf_counter() - started))
        started = time.perf_counter()
        found = ours.encode(texts, "passage")
        best["hybrid-ir"] = max(best["hybrid-ir"], len(texts) / (time.perf_counter() - started))
    for name, rate in best.items():
        print(f"{name}: {rate:.1f} texts a second")
    ratio = best["hybrid-ir"] / best["pyserini.encode"]
    print(f"ratio: {ratio:.1f} times faster; largest difference in a component {np.abs(expected - found).max():.1e}")


if __name__ == "__main__":
    main()
