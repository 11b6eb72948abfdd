"""Several processes train what one would, start and stop together, and say once what is wrong."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from hybrid_plugin.encoding.encoder import Encoder
from hybrid_plugin.encoding.load import resolve_device
from hybrid_plugin.errors import UserError
from hybrid_plugin.files import read_json
from hybrid_plugin.training.settings import TrainingSettings
from hybrid_plugin.training.sources.named import load_source
from hybrid_plugin.training.train import train
from hybrid_plugin.training.validation import Validation
from tests.conftest import ROOT, run_cli
from tests.hybrid_plugin.news import write_news
from tests.hybrid_plugin.training.launching import Launch, without_dropout


def command(start: Path, output: Path, *options: object) -> list[object]:
    words = ["train", "--source", "hybrid-demo", "--model", start, "--output", output, "--learning-rate", "0.05"]
    return [*words, "--batch-size", "12", "--seed", "3", *options]


def figures(name: str, printed: str) -> list[float]:
    return [float(one) for one in re.findall(rf"'{name}': '?([\d.e-]+)", printed)]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def assert_close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for key, tensor in one.items():
        assert torch.allclose(tensor, other[key], atol=2e-5), key


@pytest.fixture(scope="module")
def still(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return without_dropout(tiny, tmp_path_factory.mktemp("still") / "start")


OPTIONS = ("--steps", "4", "--trainer", "logging_steps=1", "--trainer", "optim=sgd")  # in proportion to the gradients
VALIDATED = ("--chunk-size", "3", "--validate", "hybrid-demo", "--validate-every", "2", "--patience", "1")


@pytest.fixture(scope="module")
def alone(still: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, torch.Tensor]]:
    """What one process prints, and the weights that it ends with."""
    folder = tmp_path_factory.mktemp("alone") / "one"
    printed = run_cli(*command(still, folder, *OPTIONS, *VALIDATED)).stdout
    assert len(figures("loss", printed)) == 4
    return printed, weights(folder)


def test_torchrun_gives_the_losses_and_weights_of_one_process(
    still: Path, alone: tuple[str, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    words = map(str, command(still, tmp_path / "two", *OPTIONS, *VALIDATED))
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    two = subprocess.run([*launcher, "-m", "hybrid_plugin.cli", *words], capture_output=True, text=True, cwd=ROOT)
    assert two.returncode == 0, two.stderr
    assert figures("loss", two.stdout) == pytest.approx(figures("loss", alone[0]), abs=2e-4)
    assert_close(alone[1], weights(tmp_path / "two"))


def test_three_processes_validate_in_common(
    still: Path, alone: tuple[str, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    launch = Launch([command(still, tmp_path / "three", *OPTIONS, *VALIDATED)] * 3, tmp_path / "said")
    first, *others = launch.ended()
    assert first.status == 0, first.err
    for figure in ("loss", "eval_loss"):
        assert figures(figure, first.out) == pytest.approx(figures(figure, alone[0]), abs=2e-4)
    assert_close(alone[1], weights(tmp_path / "three"))
    assert [(other.status, other.out) for other in others] == [(0, "")] * 2
    assert not [other.err for other in others if "hybrid-ir:" in other.err or "warning:" in other.err]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["said", "three"]


def test_a_validation_by_ap_is_shared_out(still: Path, tmp_path: Path) -> None:
    benchmark = write_news(tmp_path / "news")
    options = (*OPTIONS, "--validate", benchmark, "--validate-by", "ap", "--validate-every", "2")
    run_cli(*command(still, tmp_path / "one", *options))
    for ended in Launch([command(still, tmp_path / "two", *options)] * 2, tmp_path / "said").ended():
        assert ended.status == 0, ended.err
    one, two = (
        [entry["eval_AP"] for entry in read_json(tmp_path / name / "hybrid_ir.json")["validation"]]
        for name in ("one", "two")
    )
    assert len(one) == 2
    assert two == pytest.approx(one)


def test_two_killed_processes_go_on_and_end_with_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    """Dropout included: what is drawn depends on the seed, the step and the process alone."""

    def launch(name: str) -> Launch:
        options = ("--steps", "8", "--save-every", "2")
        return Launch([command(tiny, tmp_path / name, *options)] * 2, tmp_path / f"said-{name}")

    assert [ended.status for ended in launch("whole").ended()] == [0, 0]
    killed = launch("killed")
    while not list((tmp_path / "killed.training").glob("checkpoint-*/whole")):
        assert all(process.is_alive() for process in killed.processes)
    killed.kill()
    killed.ended()
    assert not (tmp_path / "killed").exists()
    assert [ended.status for ended in launch("killed").ended()] == [0, 0]
    assert (tmp_path / "killed/model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()
    assert not (tmp_path / "killed.training").exists()


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (["--learning-rate", "1e30"], ["--learning-rate", "1e30"], "the loss at step "),
        (["--steps", "many"], ["--steps", "many"], "Invalid value for --steps"),
        (["--strategy", "mixt"], [], "unknown strategy 'mixt'"),
        ([], ["--device", "cuda:9"], "cannot use the device 'cuda:9'"),
    ],
    ids=["loss", "usage", "rank 0 alone", "rank 1 alone"],
)
def test_what_ends_a_process_ends_all_and_is_said_once(
    tiny: Path, tmp_path: Path, first: list[str], second: list[str], message: str
) -> None:
    words: list[list[object]] = []
    for own in (first, second):
        options = {"--learning-rate": "0.05", "--steps": "8", "--batch-size": "8"}
        options |= dict(zip(own[::2], own[1::2], strict=True))
        output = ["train", "--source", "hybrid-demo", "--model", tiny, "--output", tmp_path / "out"]
        words.append([*output, *(word for pair in options.items() for word in pair)])
    ended = Launch(words, tmp_path / "said").ended()
    assert all(one.status for one in ended), ended
    said = [line for one in ended for line in one.err.splitlines() if line.startswith("hybrid-ir: ")]
    assert len(said) == 1
    assert said[0].startswith(f"hybrid-ir: {message}")
    assert "Traceback" not in ended[0].err + ended[1].err
    assert not (tmp_path / "out").exists()


def test_a_disk_that_is_full_for_rank_0_ends_both_with_one_sentence(tiny: Path, tmp_path: Path) -> None:
    words = command(tiny, tmp_path / "out", "--steps", "4", "--save-every", "2")
    ended = Launch([words] * 2, tmp_path / "said", files_may_grow_to=[4_000_000, None]).ended()
    assert all(one.status for one in ended), ended
    said = [line for one in ended for line in one.err.splitlines() if line.startswith("hybrid-ir: ")]
    assert len(said) == 1
    assert "cannot save step 2 in" in said[0]


def test_an_interrupt_is_said_once(tiny: Path, tmp_path: Path) -> None:
    launch = Launch([command(tiny, tmp_path / "out", "--steps", "4000", "--save-every", "2")] * 2, tmp_path / "said")
    while not list((tmp_path / "out.training").glob("checkpoint-*/whole")):
        assert all(process.is_alive() for process in launch.processes)
    launch.kill(signal.SIGINT)
    ended = launch.ended()
    assert all(one.status for one in ended), ended
    said = [line for one in ended for line in one.err.splitlines() if line.startswith("hybrid-ir: ")]
    assert len(said) == 1
    assert re.match(r"hybrid-ir: interrupted; the state of step \d+ of 4000 is kept in .*out\.training", said[0])


def test_another_run_of_the_same_output_is_refused_while_one_runs(tiny: Path, tmp_path: Path) -> None:
    source, settings = load_source("hybrid-demo"), TrainingSettings.of(steps=2, batch_size=8)
    refused: list[str] = []

    def measure(encoder: Encoder) -> dict[str, float]:
        with pytest.raises(UserError) as raised:
            train(Encoder.load(tiny), [source], tmp_path / "out", settings)
        refused.append(str(raised.value))
        return {"x": 1.0}

    train(Encoder.load(tiny), [source], tmp_path / "out", settings, validation=Validation(measure, "x", True, every=2))
    place = tmp_path / "out.training"
    assert refused == [
        f"another process is training into {place}; wait until it has finished, or choose another output"
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_more_processes_than_texts_are_refused(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "5")
    monkeypatch.setenv("RANK", "1")
    settings = TrainingSettings.of(steps=2, batch_size=2)
    with pytest.raises(UserError, match="a batch of 2 pairs cannot be shared by 5 processes; start fewer, or use"):
        train(Encoder.load(tiny), [load_source("hybrid-demo")], tmp_path / "out", settings)


def test_each_process_has_a_card_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    if torch.cuda.device_count() > 3:
        pytest.skip("needs a machine that has no card 3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.setenv("LOCAL_RANK", "3")
    for asked in (None, "auto", "cuda"):
        with pytest.raises(UserError, match="cannot use the device 'cuda:3'"):
            resolve_device(asked)
