"""What a checkpoint was trained on says whether its figures are zero-shot, in-domain, or of what it has seen."""

from __future__ import annotations

from typing import Any

import pytest

from hybrid_plugin.evaluation.seen import part_seen, seen_in_training, trained_on
from hybrid_plugin.tasks.benchmark import Benchmark
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.tasks.task import Task, View

ZERO_SHOT, IN_DOMAIN, SEEN = (True, False), (False, True), (False, False)


def record(*origins: str) -> dict[str, Any]:
    return {"sources": [{"name": "what it is called", "origins": list(origins)}]}


def own(name: str, dataset_id: str) -> Benchmark:
    return Benchmark(name, (Task("de/de", (View(dataset_id, "de"),), View(dataset_id, "de"), (dataset_id,)),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("origins", "benchmark", "expected"),
    [
        ([], "xquad-r", ZERO_SHOT),
        (["mlqa-r"], "xquad-r", ZERO_SHOT),
        (["mlqa-r", "xquad-r"], "xquad-r", SEEN),
        (["xquad-r"], "xquad-r/de", SEEN),
        (["xquad-r/de/en"], "xquad-r", SEEN),
        (["hybrid-demo-train"], "hybrid-demo", IN_DOMAIN),
        (["hybrid-demo-train/de/de"], "hybrid-demo/multi", IN_DOMAIN),
        (["hybrid-demo"], "hybrid-demo-train", IN_DOMAIN),
        (["hybrid-demo-train", "hybrid-demo/de/de"], "hybrid-demo", SEEN),
        (["hybrid-demo-train"], "hybrid-demo-train", SEEN),
        (["mlqa-r-training"], "mlqa-r-validation", IN_DOMAIN),
        (["mlqa-r-training/de/de"], "mlqa-r-validation/multi", IN_DOMAIN),
        (["mlqa-r-training"], "mlqa-r", SEEN),
        (["mlqa-r-training"], "mlqa-r-training", SEEN),
        (["mlqa-r"], "mlqa-r-validation", SEEN),
        (["mlqa-r-training"], "xquad-r", ZERO_SHOT),
        (["miracl/sw/train"], "miracl/sw", IN_DOMAIN),
        (["miracl/de/dev"], "miracl/sw", SEEN),
        (["miracl/sw"], "miracl/sw", SEEN),
        (["mmarco/v2/de/train"], "mmarco", IN_DOMAIN),
        (["msmarco-passage/train/triples-small"], "mmarco", IN_DOMAIN),
        (["neumarco/de/train"], "mmarco", IN_DOMAIN),
        (["mmarco/v2/fr/dev"], "mmarco", SEEN),
        (["msmarco-passage/trec-dl-2019"], "mmarco", SEEN),
        (["clirmatrix/de/multi8/en/train"], "clirmatrix", IN_DOMAIN),
        (["clirmatrix/de/multi8/en/test2"], "clirmatrix", SEEN),
    ],
)
def test_parts_of_a_collection_are_told_apart_by_their_ids(
    origins: list[str], benchmark: str, expected: tuple[bool, bool]
) -> None:
    found = seen_in_training(record(*origins), load_benchmark(benchmark))
    assert (found["zero_shot"], found["in_domain"]) == expected


@pytest.mark.parametrize(
    ("origins", "dataset_id", "expected"),
    [
        (["mr-tydi/ar/train"], "mr-tydi/ar/test", IN_DOMAIN),
        (["mr-tydi/ar/train"], "mr-tydi/ar", SEEN),
        (["mr-tydi/ar/dev"], "mr-tydi/ar/test", IN_DOMAIN),
        (["mine"], "other/de", SEEN),
        (["mine/de"], "other/de", SEEN),
        (["theirs/de"], "other/de", ZERO_SHOT),
    ],
)
def test_own_benchmarks_go_by_the_ids_that_they_name(
    origins: list[str], dataset_id: str, expected: tuple[bool, bool]
) -> None:
    found = seen_in_training(record(*origins), own("mine", dataset_id))
    assert (found["zero_shot"], found["in_domain"]) == expected


def test_a_record_without_origins_goes_by_the_names_of_its_sources() -> None:
    old = {"sources": [{"name": "hybrid-demo", "rows": 3}]}
    assert trained_on(old) == {"hybrid-demo"}
    assert seen_in_training(old, load_benchmark("hybrid-demo")) == {"zero_shot": False, "in_domain": False}
    assert trained_on({}) == set()


def test_what_was_seen_is_said_in_words() -> None:
    head = {"benchmark": "miracl"}
    assert part_seen(head | {"zero_shot": True, "in_domain": False}) == part_seen(head | {"zero_shot": None}) == ""
    assert part_seen(head | {"zero_shot": False}) == "miracl"  # as version 0.1 wrote it
    assert part_seen(head | {"zero_shot": False, "in_domain": True}) == "another part of miracl"
    part = {"benchmark": "mlqa-r-validation", "zero_shot": False}
    assert part_seen(part | {"in_domain": True}) == "another part of mlqa-r"
    assert part_seen(part) == "mlqa-r-validation"
