"""Training changes weights as its settings say, and a checkpoint says how it was made."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.fitting import fit_transform, save_transform
from hybrid_plugin.encoding.folders import RECORD
from hybrid_plugin.errors import UserError
from hybrid_plugin.evaluation.encoder import evaluate
from hybrid_plugin.outputs import AlreadyDone
from hybrid_plugin.tasks.named import load_benchmark
from hybrid_plugin.training.ahead import Ahead, Steps
from hybrid_plugin.training.batches.batch import Batch
from hybrid_plugin.training.batches.batches import Batches
from hybrid_plugin.training.batches.settings import BatchSettings
from hybrid_plugin.training.losses.builtin import hybrid_ir_losses
from hybrid_plugin.training.losses.info_nce import info_nce
from hybrid_plugin.training.losses.objective import Objective
from hybrid_plugin.training.prepared import Preparation
from hybrid_plugin.training.settings import TrainingSettings, ValidationSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.sources.row import Row
from hybrid_plugin.training.sources.source import Source
from hybrid_plugin.training.sources.store import store
from hybrid_plugin.training.tower import TrainingTower
from hybrid_plugin.training.train import batches_of, train
from hybrid_plugin.training.validation import Validation, load_validation
from hybrid_plugin.versions import versions
from tests.commands import start_cli
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.news import write_news
from tests.hybrid_plugin.training.launching import without_dropout

SHORT = {
    "steps": 3,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "weight_decay": 0.01,
    "temperature": 0.05,
    "warmup": 0.1,
}


@pytest.fixture(scope="module")
def demo(irds_home: Path) -> Source:
    return load_source("hybrid-demo")


@pytest.fixture(scope="module")
def other(irds_home: Path) -> Source:
    return store("other", (Row(f"r{i}", {"fi": f"kysymys {i}"}, {"fi": (f"vastaus {i}",)}) for i in range(12)))


def trained(start: Path, sources: list[Source], output: Path, **settings: Any) -> Encoder:
    return train(Encoder.load(start), sources, output, TrainingSettings.of(**(SHORT | settings)))


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in encoder.model.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.fixture(scope="module")
def checkpoint(tiny: Path, demo: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "checkpoint"
    trained(tiny, [demo], folder, alpha=0.25, seed=7)
    return folder


def test_a_checkpoint_says_how_it_was_made(tiny: Path, demo: Source, checkpoint: Path) -> None:
    record = json.loads((checkpoint / RECORD).read_text(encoding="utf-8"))
    assert record["base_model"] == str(tiny)
    assert (record["strategy"], record["alpha"], record["seed"]) == ("hybrid", 0.25, 7)
    languages = ["ar", "de", "en", "es", "hi", "ru", "vi", "zh"]
    assert record["sources"] == [
        {
            "name": "hybrid-demo",
            "origins": list(demo.origins),
            "rows": len(demo),
            "languages": languages,
            "checksum": demo.checksum,
        }
    ]
    assert record["languages"] == languages
    assert record["versions"] == versions()
    assert record["versions"]["torch"] == torch.__version__
    assert {key: record["training"][key] for key in SHORT} == SHORT
    assert (record["pooling"], record["max_length"]) == ("mean", 128)


def test_a_checkpoint_holds_the_trained_weights(tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path) -> None:
    encoder = trained(tiny, [demo], tmp_path / "out", alpha=0.25, seed=7)
    assert not encoder.model.training
    assert same(weights(encoder), weights(Encoder.load(tmp_path / "out")))
    assert not same(weights(encoder), weights(Encoder.load(tiny)))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_same_seed_gives_the_same_weights(tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path) -> None:
    torch.rand(3)  # whatever came before
    again = trained(tiny, [demo], tmp_path / "again", alpha=0.25, seed=7)
    assert same(weights(again), weights(Encoder.load(checkpoint)))


@pytest.mark.parametrize("changes", [{"seed": 8}, {"alpha": 1.0}, {"temperature": 0.1}, {"strategy": "mono"}])
def test_every_setting_changes_the_weights(
    tiny: Path, demo: Source, checkpoint: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    other = trained(tiny, [demo], tmp_path / "other", **({"alpha": 0.25, "seed": 7} | changes))
    assert not same(weights(other), weights(Encoder.load(checkpoint)))


def test_provenance_accumulates(tiny: Path, demo: Source, other: Source, checkpoint: Path, tmp_path: Path) -> None:
    further = trained(checkpoint, [other], tmp_path / "further", strategy="mono", seed=1)
    record = json.loads((tmp_path / "further" / RECORD).read_text(encoding="utf-8"))
    assert record["base_model"] == str(tiny)
    assert [(source["name"], source["checksum"]) for source in record["sources"]] == [
        ("hybrid-demo", demo.checksum),
        ("other", other.checksum),
    ]
    assert record["languages"] == ["ar", "de", "en", "es", "fi", "hi", "ru", "vi", "zh"]
    assert (record["strategy"], record["seed"]) == ("mono", 1)
    assert Encoder.load(tmp_path / "further").record["sources"] == record["sources"]
    assert [source["name"] for source in further.record["sources"]] == ["hybrid-demo", "other"]


def mean_loss(encoder: Encoder, source: Source) -> float:
    """The loss on batches of another seed."""
    losses = []
    with torch.inference_mode():
        for batch in Batches([source], "hybrid", BatchSettings(size=16), steps=8, seed=1000):
            queries = encoder.forward(encoder.tokenize(batch.queries, "query"))
            passages = encoder.forward(encoder.tokenize(batch.passages, "passage"))
            losses.append(info_nce(queries, passages, torch.from_numpy(batch.false_negatives()), 0.05).item())
    return float(np.mean(losses))


def test_the_loss_falls(tiny: Path, demo: Source, tmp_path: Path) -> None:
    few = store("few", demo[::130])
    before = mean_loss(Encoder.load(tiny), few)
    after = mean_loss(trained(tiny, [few], tmp_path / "out", steps=30, batch_size=16, learning_rate=3e-3), few)
    assert after < 0.7 * before


def test_a_finished_checkpoint_is_replaced_only_when_asked(tiny: Path, demo: Source, tmp_path: Path) -> None:
    first = trained(tiny, [demo], tmp_path / "out", seed=0)
    stamp = (tmp_path / "out" / RECORD).stat().st_mtime_ns
    shutil.copytree(tiny, tmp_path / "copied")  # another folder with the same weights is the same model
    with pytest.warns(AlreadyDone, match="out is done already"):
        again = trained(tmp_path / "copied", [demo], tmp_path / "out", seed=0, save_every=1)
    assert same(weights(again), weights(first))
    assert (tmp_path / "out" / RECORD).stat().st_mtime_ns == stamp
    with pytest.raises(UserError, match=r"holds a finished result of other settings \(batch size was 8, is 4\)"):
        trained(tiny, [demo], tmp_path / "out", batch_size=4)
    with pytest.raises(UserError, match=r"\(source was hybrid-demo \(sha256:\w+\), is few \(sha256:\w+\)\)"):
        trained(tiny, [store("few", demo[:50])], tmp_path / "out")
    with pytest.raises(UserError, match=r"\(model weights was sha256:\w+, is sha256:\w+\)"):
        trained(tmp_path / "out", [demo], tmp_path / "out")
    settings = TrainingSettings.of(**(SHORT | {"seed": 1}))
    train(Encoder.load(tiny), [demo], tmp_path / "out", settings, overwrite=True)
    assert Encoder.load(tmp_path / "out").record["seed"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copied", "out"]


def untouched(encoder: Encoder, start: Path) -> bool:
    return same(weights(encoder), weights(Encoder.load(start)))


def test_a_foreign_output_folder_is_refused_before_training(tiny: Path, demo: Source, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    encoder = Encoder.load(tiny)
    with pytest.raises(UserError, match="so it is not ours to replace"):
        train(encoder, [demo], tmp_path, TrainingSettings.of(**SHORT))
    assert untouched(encoder, tiny)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 13, "strategy": "mono"}, "source 'other' has no language with 13 pairs"),
        ({"strategy": "cross"}, "source 'other' has no question with a passage in another language"),
        ({"strategy": "mixt"}, "unknown strategy 'mixt'"),
        ({"alpha": 1.5}, "alpha is 1.5"),
        ({"batch_size": 1}, "batch size is 1"),
    ],
)
def test_what_cannot_fill_a_batch_is_refused_before_training(
    tiny: Path, other: Source, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    encoder = Encoder.load(tiny)
    with pytest.raises(UserError, match=message):
        train(encoder, [other], tmp_path / "out", TrainingSettings.of(**(SHORT | settings)))
    assert untouched(encoder, tiny)
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_finite_names_the_step_and_writes_nothing(tiny: Path, demo: Source, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the loss at step \d+ is (nan|inf), for a \w+ batch of the rows .+; use"):
        trained(tiny, [demo], tmp_path / "out", steps=20, learning_rate=1e30)
    assert not (tmp_path / "out").exists()


LOSSES = sorted(hybrid_ir_losses())


def gradients(start: Path, source: Source, chunk_size: int | None, loss: str) -> dict[str, torch.Tensor]:
    """Of the first batch, as a training step leaves them."""
    encoder = Encoder.load(start)
    settings = TrainingSettings.of(
        strategy="multi", batch_size=12, chunk_size=chunk_size, steps=1, loss={loss: 1.0}, matryoshka=(16,), teacher="x"
    )
    batch = batches_of([source], settings)[0]
    objective = Objective(settings.loss, settings.temperature)
    ready = Preparation(encoder, objective.needs, settings.loss)(batch)
    torch.manual_seed(0)
    vectors = TrainingTower(encoder, chunk_size).eval()(ready.tokens)
    objective(ready.encoded(vectors, Encoder.load(start, query_prefix="another"))).backward()
    return {name: tensor.grad for name, tensor in encoder.model.named_parameters() if tensor.grad is not None}


@pytest.mark.parametrize("loss", LOSSES)
def test_cached_gradients_are_the_direct_ones(tiny: Path, demo: Source, loss: str) -> None:
    direct, cached = gradients(tiny, demo, None, loss), gradients(tiny, demo, 5, loss)
    assert direct.keys() == cached.keys()
    largest = max(float(tensor.abs().max()) for tensor in direct.values())
    assert largest > 1e-4
    for name, tensor in direct.items():
        assert torch.allclose(tensor, cached[name], rtol=0, atol=1e-5 * max(1, largest)), name


class VocabularyGradients(TorchDispatchMode):
    """Counts the gradients of lookups that are as large as a vocabulary."""

    def __init__(self, words: int):
        super().__init__()
        self.words, self.count = words, 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten.embedding_dense_backward.default:
            self.count += args[2] == self.words
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("chunk_size", [None, 5])
def test_the_parts_of_a_batch_share_one_lookup_of_words(tiny: Path, demo: Source, chunk_size: int | None) -> None:
    found = {}
    for tokens in (10_000, 60):  # all texts in one part, and in several
        encoder = Encoder.load(tiny, batch_tokens=tokens)
        texts = Preparation(encoder)(batches_of([demo], TrainingSettings.of(batch_size=12, steps=1))[0]).tokens
        assert tokens == 10_000 or texts.lengths.sum() > 3 * tokens
        vectors = TrainingTower(encoder, chunk_size).eval()(texts)
        weight = encoder.model.get_input_embeddings().weight
        with VocabularyGradients(len(weight)) as gradients:
            vectors[:, 0].sum().backward()
        assert gradients.count == 1
        found[tokens] = weight.grad
        torch.testing.assert_close(encoder.forward_by_length(texts), vectors)  # nothing of the batch is left behind
    assert found[60].abs().max() > 1e-3
    torch.testing.assert_close(found[60], found[10_000], rtol=0, atol=1e-6)


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_prepared_ahead_are_those_of_their_steps(tiny: Path, demo: Source, workers: int) -> None:
    encoder, settings = Encoder.load(tiny), TrainingSettings.of(batch_size=4, steps=6)
    batches = batches_of([demo], settings)
    ahead = Ahead(Steps(batches, Preparation(encoder), first=2), workers)
    assert len(ahead) == 6  # as Trainer counts them
    found = [batch for _, batch in zip(range(4), ahead, strict=False)]
    for batch, given in zip((batches[step] for step in range(2, 6)), found, strict=True):
        assert given["batch"].ids == [example.row.parallel_id for example in batch.examples]
        np.testing.assert_array_equal(given["batch"].tokens.ids, Preparation(encoder)(batch).tokens.ids)
    ahead.settle()


def test_what_cannot_be_prepared_ahead_is_told(tiny: Path, demo: Source) -> None:
    class Broken(Batches):
        def __getitem__(self, step: int) -> Batch:  # type: ignore[override]
            raise UserError("no such batch")

    batches = Broken([demo], "hybrid", BatchSettings(size=4), steps=3)
    with pytest.raises(UserError, match="no such batch"):
        next(iter(Ahead(Steps(batches, Preparation(Encoder.load(tiny)), first=0), 0)))


def test_validation_by_loss_computes_as_training_does(tiny: Path, demo: Source) -> None:
    def loss(**settings: Any) -> float:
        validation = load_validation(ValidationSettings(name="hybrid-demo"), TrainingSettings.of(**SHORT | settings))
        assert validation is not None
        encoder = Encoder.load(tiny)
        found = validation.measure(encoder)["loss"]
        computed.append(encoder.counts.padded)
        return found

    computed: list[int] = []
    whole, chunks, reduced = loss(), loss(chunk_size=3), loss(precision="bfloat16")
    assert chunks == pytest.approx(whole, abs=1e-4)
    assert reduced != whole
    assert reduced == pytest.approx(whole, abs=0.05)
    assert computed[1] != computed[0]


def test_chunks_draw_the_same_dropout_again(tiny: Path, demo: Source, tmp_path: Path) -> None:
    """The activations that are computed a second time are those of the first."""
    whole = trained(tiny, [demo], tmp_path / "whole", chunk_size=5)
    again = trained(tiny, [demo], tmp_path / "again", chunk_size=5, trainer={"gradient_checkpointing": True})
    for name, tensor in weights(whole).items():
        assert torch.allclose(tensor, again.model.state_dict()[name], atol=1e-5), name


PROGRAM = """
import sys
from pathlib import Path
from hybrid_plugin import Encoder, TrainingSettings, load_source, train
options = {"logging_steps": 1, "optim": "sgd"}  # whose steps are in proportion to the gradients
settings = TrainingSettings.of(batch_size=12, steps=4, learning_rate=0.05, save_every=2, seed=3, trainer=options)
train(Encoder.load(sys.argv[1]), [load_source("hybrid-demo")], Path(sys.argv[2]), settings, progress=True)
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler, g++")
def test_compiled_training_gives_the_same_weights(tiny: Path, demo: Source, tmp_path: Path) -> None:
    start = without_dropout(tiny, tmp_path / "start")
    plain, compiled = (
        weights(trained(start, [demo], tmp_path / f"{choice}", compile=choice, trainer={"optim": "sgd"}))
        for choice in (False, True)
    )
    for name, tensor in plain.items():
        torch.testing.assert_close(tensor, compiled[name], atol=1e-5, rtol=0)


def test_a_killed_run_goes_on_and_ends_with_the_same_weights(tiny: Path, tmp_path: Path) -> None:
    def command(name: str) -> list[str]:
        options = ["--steps", "12", "--batch-size", "8", "--save-every", "3", "--learning-rate", "1e-3", "--seed", "5"]
        output = ["--source", "hybrid-demo", "--model", str(tiny), "--output", str(tmp_path / name)]
        return ["train", *output, *options]

    run_cli(*command("whole"))
    process = start_cli(command("killed"), dict(os.environ), tmp_path / "out", tmp_path / "err")
    work = tmp_path / "killed.training"
    while not list(work.glob("checkpoint-[36]/whole")):
        assert process.is_alive()
    process.kill()
    process.join()
    assert not (tmp_path / "killed").exists()
    (work / "checkpoint-12").mkdir()  # as a kill in the middle of saving leaves it
    assert "goes on from step" in run_cli(*command("killed")).stderr
    assert (tmp_path / "killed/model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()
    assert not work.exists()


def interrupted(start: Path, source: Source, output: Path, **settings: Any) -> None:
    """A run that stops at its second step, and leaves a state behind."""
    encoder = Encoder.load(start)

    def measure(encoder: Encoder) -> dict[str, float]:
        raise KeyboardInterrupt

    stop = Validation(measure, "x", True, every=2)
    with pytest.raises(KeyboardInterrupt, match="no state was saved yet, so the same command begins anew"):
        train(encoder, [source], output, TrainingSettings.of(**(SHORT | {"steps": 4} | settings)), validation=stop)


def test_what_an_interrupted_run_says_is_what_goes_on(
    tiny: Path, demo: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = TrainingSettings.of(**(SHORT | {"steps": 8, "trainer": {"logging_steps": 2}}))
    stopped = True

    def measure(encoder: Encoder) -> dict[str, float]:
        if stopped and (tmp_path / "out.training" / "checkpoint-2" / "whole").exists():
            raise KeyboardInterrupt
        return {"x": 1.0}

    def run() -> Encoder:
        validation = Validation(measure, "x", True, every=2)
        return train(Encoder.load(tiny), [demo], tmp_path / "out", settings, validation=validation, progress=True)

    kept = r"the state of step 2 of 8 is kept in .*out\.training; the same command goes on from there"
    with pytest.raises(KeyboardInterrupt, match=kept):
        run()
    stopped = False
    capsys.readouterr()
    with pytest.warns(UserWarning, match="it goes on from step 2"):
        encoder = run()
    printed = capsys.readouterr().out + capsys.readouterr().err
    epochs = [float(epoch) for epoch in re.findall(r"'loss': .*'epoch': '?([\d.e-]+)", printed)]
    assert epochs == pytest.approx([step * 8 / len(demo) for step in (4, 6, 8)], rel=1e-2)
    speeds = [float(speed) for speed in re.findall(r"'pairs_per_second': '?([\d.e+]+)", printed)]
    assert len(speeds) == 3
    assert min(speeds) > 0
    assert "samples_per_second" not in printed
    assert encoder.record["seconds_per_step"] > 0


def test_the_progress_of_another_run_is_refused(tiny: Path, demo: Source, tmp_path: Path) -> None:
    interrupted(tiny, demo, tmp_path / "out")
    with pytest.raises(UserError, match=r"out\.training holds the progress of another run \(seed was 0, is 9\)"):
        trained(tiny, [demo], tmp_path / "out", steps=4, seed=9)
    with pytest.raises(
        UserError, match=r"\(mono languages was uniform, is size\); choose.* begin anew with --overwrite"
    ):
        trained(tiny, [demo], tmp_path / "out", steps=4, mono_languages="size")
    encoder = Encoder.load(tiny)
    train(encoder, [demo], tmp_path / "out", TrainingSettings.of(**(SHORT | {"seed": 9})), overwrite=True)
    assert same(weights(encoder), weights(trained(tiny, [demo], tmp_path / "anew", seed=9)))
    assert not (tmp_path / "out.training").exists()
    (tmp_path / "new.training").mkdir()
    (tmp_path / "new.training" / "thesis.tex").touch()
    with pytest.raises(UserError, match="so it is not ours to replace"):
        train(encoder, [demo], tmp_path / "new", TrainingSettings.of(**SHORT), overwrite=True)


def test_a_disk_that_fills_up_keeps_the_state_saved_before(tiny: Path, demo: Source, tmp_path: Path) -> None:
    """In a process whose files may not grow beyond some size when it saves step 4."""
    program = PROGRAM.replace(
        "train(Enc",
        """
import resource
from hybrid_plugin.training.trainer import HybridTrainer
save = HybridTrainer._save_checkpoint
def limited(self, *arguments):
    if self.state.global_step == 4:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    save(self, *arguments)
HybridTrainer._save_checkpoint = limited
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
train(Enc""",
    )
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, tmp_path / "program.py", tiny, tmp_path / "out"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode != 0
    assert "cannot save step 4 in" in result.stderr
    assert [path.name for path in (tmp_path / "out.training").glob("checkpoint-*")] == ["checkpoint-2"]
    (tmp_path / "program.py").write_text(PROGRAM)
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / RECORD).exists()


def test_the_best_state_by_validation_is_kept_and_training_stops_early(
    tiny: Path, demo: Source, tmp_path: Path
) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def measure(encoder: Encoder) -> dict[str, float]:
        seen.append(weights(encoder))
        return {"figure": [0.1, 0.9, 0.5, 0.4, 0.3, 0.2][len(seen) - 1]}

    encoder = train(
        Encoder.load(tiny),
        [demo],
        tmp_path / "out",
        TrainingSettings.of(**(SHORT | {"steps": 12})),
        validation=Validation(measure, "figure", True, every=2, patience=2),
    )
    assert len(seen) == 4
    assert same(weights(encoder), seen[1])
    assert same(weights(Encoder.load(tmp_path / "out")), seen[1])
    assert [entry["eval_figure"] for entry in encoder.record["validation"]] == [0.1, 0.9, 0.5, 0.4]
    assert encoder.record["steps_done"] == 8


def test_validation_by_ap_asks_for_it_whatever_the_official_measures_are(tiny: Path, tmp_path: Path) -> None:
    path = write_news(tmp_path, measures=("nDCG@5",))
    asked = ValidationSettings(name=str(path), by="ap", languages=("de", "en"))
    validation = load_validation(asked, TrainingSettings.of(**SHORT), evaluate)
    assert validation is not None
    figures = validation.measure(Encoder.load(tiny))
    scores = evaluate(load_benchmark(str(path)), Encoder.load(tiny), languages=("de", "en"), measures=("AP",)).settings
    assert figures == {
        **{f"AP_{setting}": values["AP"] for setting, values in scores.items()},
        "AP": np.mean([values["AP"] for values in scores.values()]),
    }


def test_adapters_are_merged_into_an_ordinary_checkpoint(tiny: Path, demo: Source, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="needs the package peft")
    encoder = trained(tiny, [demo], tmp_path / "out", lora_rank=4, save_every=1, learning_rate=1e-2)
    before = weights(Encoder.load(tiny))
    assert same(weights(encoder), weights(Encoder.load(tmp_path / "out")))
    changed = {name for name, tensor in weights(encoder).items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all("dense" in name or "query" in name or "key" in name or "value" in name for name in changed)


def test_training_starts_from_the_vectors_before_their_transform(tiny: Path, demo: Source, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny)
    fitted = fit_transform("centring", encoder, ["hybrid-demo"], texts=60)
    save_transform(fitted, encoder, tmp_path / "centred")
    with pytest.warns(UserWarning, match="training drops the transform of"):
        centred = trained(tmp_path / "centred", [demo], tmp_path / "out")
    plain = trained(tiny, [demo], tmp_path / "plain")
    assert same(weights(centred), weights(plain))
    again = Encoder.load(tmp_path / "out")
    assert centred.transform is None
    assert again.transform is None
    assert again.record["started_from"]["transform_dropped"]["name"] == "centring"
    assert "transform_dropped" not in Encoder.load(tmp_path / "plain").record["started_from"]
    texts = ["Wo ist Wien?", "Vienna is in Austria."]
    np.testing.assert_allclose(centred.encode(texts, "query"), again.encode(texts, "query"), atol=1e-6)


@pytest.mark.parametrize("precision", ["bfloat16"])
def test_reduced_precision_trains_float32_weights(tiny: Path, demo: Source, tmp_path: Path, precision: str) -> None:
    reduced = weights(trained(tiny, [demo], tmp_path / "reduced", precision=precision))
    whole = weights(trained(tiny, [demo], tmp_path / "whole"))
    assert all(tensor.dtype == torch.float32 for tensor in reduced.values() if tensor.is_floating_point())
    assert not same(reduced, whole)
    assert all(torch.allclose(tensor, whole[name], atol=0.02) for name, tensor in reduced.items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_steps": 3}, "the Trainer option 'max_steps' is set by hybrid-ir itself"),
        ({"gradient_acumulation": 3}, "transformers' Trainer has no option 'gradient_acumulation'"),
        ({"lr_scheduler_type": "steep"}, "transformers' Trainer refuses its options: .*steep"),
        ({"push_to_hub": True}, "the Trainer option 'push_to_hub' does not work here: the checkpoint is whole only"),
        ({"label_smoothing_factor": 0.1}, "the Trainer option 'label_smoothing_factor' does not work here: InfoNCE"),
        ({"neftune_noise_alpha": 5}, "the Trainer option 'neftune_noise_alpha' does not work here: the noise"),
        ({"fsdp": "full_shard"}, "the Trainer option 'fsdp' does not work here: the weights would be shared out"),
    ],
)
def test_trainer_options_are_checked(
    tiny: Path, demo: Source, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        trained(tiny, [demo], tmp_path / "out", trainer=options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("steps", -1),
        ("learning_rate", 0.0),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("temperature", 0.0),
        ("temperature", -0.05),
        ("weight_decay", -0.1),
        ("weight_decay", math.nan),
        ("warmup", -0.1),
        ("warmup", 1.1),
        ("warmup", math.nan),
        ("seed", -1),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(UserError) as raised:
        TrainingSettings(**{name: value})
    assert str(raised.value).startswith(f"{name.replace('_', ' ')} is {value}; it ")
