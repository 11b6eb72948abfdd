"""The AP that each precision and runtime of encoding loses on a benchmark, beside float32 of torch.

    python tests/benchmarks/encoding_loss.py --model MODEL [--benchmark xquad-r]

For each mode the whole benchmark is encoded and evaluated, in full rankings: of XQuAD-R 26,104 texts and 132 tasks.
What counts is the setting (mono, cross, multi) that loses most.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from encoding_speed import MODES
from measuring import Figure, apart, main, model_of, need_collection

LIMIT = 0.002


def settings_of(model: str, benchmark: str, precision: str, runtime: str) -> dict[str, float]:
    """AP of each setting."""
    from hybrid_plugin import Encoder, evaluate, load_benchmark

    prefixes = {"query_prefix": "query:", "passage_prefix": "passage:", "max_length": 512}
    encoder = Encoder.load(model, precision=precision, runtime=runtime, device="cpu", **prefixes)
    scores = evaluate(load_benchmark(benchmark), encoder, measures=("AP",))
    return {setting: values["AP"] for setting, values in scores.settings.items()}


def figures(arguments: argparse.Namespace) -> Iterator[Figure]:
    model = model_of(arguments)
    need_collection(arguments.benchmark)
    exact: dict[str, float] = {}
    for precision, runtime in MODES:
        found = apart(settings_of, model, arguments.benchmark, precision, runtime).value
        print(f"{precision} by {runtime}:", ", ".join(f"{setting} {value:.4f}" for setting, value in found.items()))
        if not exact:
            exact = found
            continue
        lost = max(1e-6, *(exact[setting] - found[setting] for setting in exact))  # some gain
        yield Figure(f"{arguments.benchmark} in {precision} by {runtime}", "AP lost", lost, limit=LIMIT)


if __name__ == "__main__":
    main(figures, {"benchmark": ("xquad-r", "hybrid-demo")})
