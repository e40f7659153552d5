"""What a run keeps and tells: its log, pictures and checkpoints; signals, numbers that are none, and a full disk."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

import honmono
from honmono import cli
from honmono.recipe.value import Recipe
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read


# A recipe file of the user's own. Its objective does at one step what the test is about.
MINE = """
import signal
import time
from dataclasses import dataclass, replace
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.override import override
from honmono.recipe.registry import find

steps = -2  # the two rehearsals before the first step count too


@dataclass(frozen=True)
class Eventful(NonSaturating):
    what: str = ""
    at: int = 0

    def discriminator_loss(self, step):
        global steps
        steps += 1
        losses = super().discriminator_loss(step)
        if steps == self.at and self.what == "nan":
            losses = {**losses, "fake": losses["fake"] * float("nan")}
        if steps >= self.at and self.what == "saturated":
            losses = {name: loss * 0 for name, loss in losses.items()}
        if self.what == "slow":
            time.sleep(0.02)
        if steps == self.at and self.what.startswith("SIG"):
            for name in self.what.split():
                signal.raise_signal(getattr(signal, name))
        return losses

    def generator_loss(self, step):
        losses = super().generator_loss(step)
        if steps == self.at and self.what == "nan gradient":
            losses = {**losses, "odd": (losses["fake"] * 0).sqrt()}
        return losses


def mine():
    entry = find("gan-grid")
    recipe = override(entry.make(), {**entry.tiny, "data.samples": "44"})
    training = replace(recipe.training, log_every=1, checkpoint_every=4, sample_every=8)
    return replace(recipe, objective=Eventful(), training=training)
"""

Train = Callable[..., int]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """`honmono train` on the recipe above, 12 steps in the directory `run`; the exit code."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)

    def call(*words: str, what: str = "", at: int = 0) -> int:
        from honmono.recipe.registry import import_file

        import_file.cache_clear()  # counts steps from 0 again
        begin = ("mine.py:mine", "--run", "run", "--steps", "12", "--set", f"objective.what={what}")
        begin += ("--set", f"objective.at={at}", "--device", "cpu", "--precision", "fp32")
        monkeypatch.setattr(sys, "argv", ["honmono", "train", *(words or begin)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        return end.value.code

    return call


@pytest.fixture(autouse=True)
def handlers_are_put_back() -> Iterator[None]:
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell's background runs us
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    signal.signal(signal.SIGINT, inherited)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def saved(run: Path = Path("run")) -> list[int]:
    return checkpoints.steps(run / "checkpoints")


def test_a_complete_run(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train() == 0
    run = RunDirectory(Path("run"))
    assert saved() == [4, 8, 12]
    stems = ("000000000", "000000008", "000000012", "real")
    kept = sorted(path.name for path in run.samples.iterdir())
    assert kept == [f"{stem}.{ending}" for stem in stems for ending in ("npz", "png")]
    log = read(run)
    assert list(log) == [
        *("step", "images", "seconds", "images_per_second"),
        *("discriminator.real", "discriminator.fake", "generator.fake"),
        *("learning_rate.generator", "learning_rate.discriminator"),
    ]
    assert log["step"] == list(range(1, 13)) and log["images"] == list(range(16, 13 * 16, 16))
    assert log["learning_rate.generator"] == [1e-3] * 12
    assert capsys.readouterr().out == f"pictures: {Path('run/samples/000000012.png')}\n"


def test_each_row_has_its_own_time(train: Train) -> None:
    assert train(what="slow") == 0
    seconds = [row or 0.0 for row in read(RunDirectory(Path("run")))["seconds"]]
    assert len(seconds) == 12 and min(after - before for before, after in pairwise(seconds)) > 0.015


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_the_step_saves_and_says_how_to_go_on(
    name: str, code: int, train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(what=name, at=6) == code
    assert lines(capsys)[-1] == "honmono: stopped at step 6 and saved; resume with: honmono train --resume run"
    assert saved() == [4, 6]
    log = read(RunDirectory(Path("run")))
    assert log["step"] == [1, 2, 3, 4, 5, 6]
    assert train("--resume", "run", "--trust-code") == 0
    assert "going on from step 6" in "\n".join(lines(capsys))
    assert saved() == [6, 8, 12]
    assert read(RunDirectory(Path("run")))["step"] == list(range(1, 13))


def test_a_signal_in_the_last_step_changes_nothing(train: Train) -> None:
    assert train(what="SIGTERM", at=12) == 0
    assert saved() == [4, 8, 12]


def test_a_signal_in_a_step_that_saves_anyway_saves_once(train: Train) -> None:
    assert train(what="SIGINT", at=8) == 130
    assert saved() == [4, 8]


@pytest.mark.parametrize("signals", ["SIGINT SIGINT", "SIGTERM SIGINT"])
def test_a_second_signal_is_obeyed_at_once(signals: str, train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(what=signals, at=6) == 130
    assert "saved" not in capsys.readouterr().err and saved() == [4]


@pytest.mark.parametrize("at", [6, 8])
def test_nan_ends_the_run_in_plain_words_and_the_last_good_checkpoint_stays(
    at: int, train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(what="nan", at=at) == 1
    told = lines(capsys)
    assert told[-1] == (
        f"honmono: the loss discriminator.fake became nan at step {at}: training has diverged."
        " The last checkpoint is run/checkpoints/000000004; try lower learning rates"
    )
    assert saved() == [4]
    clean, damaged = checkpoints.read_newest(Path("run/checkpoints"))
    assert clean is not None and not damaged
    assert all(t.isfinite().all() for members in clean.tensors.values() for t in members.values())


def test_nan_is_noticed_within_a_hundred_steps(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("mine.py:mine", "--run", "run", "--steps", "200", "--set", "objective.what=nan", "--set", "objective.at=3")
    rare = ("--set", "training.checkpoint_every=1000", "--set", "training.sample_every=1000")
    assert train(*words, *rare, "--set", "training.log_every=1000") == 1
    told = lines(capsys)[-1]
    assert "became nan at step 3" in told and "No checkpoint has been written" in told


def test_a_player_that_is_no_longer_finite_is_not_saved(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    """The losses of the step that saves are finite; the weights after it are not."""
    assert train(what="nan gradient", at=8) == 1
    told = lines(capsys)[-1]
    assert "the generator's hidden.0.weight is no longer finite: training has diverged" in told
    assert "The last checkpoint is run/checkpoints/000000004" in told and saved() == [4]


def test_a_saturated_player_is_told_once(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("mine.py:mine", "--run", "run", "--steps", "260", "--set", "objective.what=saturated")
    rare = ("--set", "training.checkpoint_every=1000", "--set", "training.sample_every=1000")
    assert train(*words, *rare) == 0
    told = [line for line in lines(capsys) if line.startswith("warning:")]
    assert len(told) == 1
    assert "the discriminator's loss has stayed at its lowest possible value (0) within 0.01" in told[0]
    assert "the discriminator has won, and the generator learns almost nothing" in told[0]


def test_a_full_disk_says_what_is_safe(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = os.rename

    def full(source: Path, target: Path) -> None:
        if Path(target).name == "000000008":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        assert train() == 1
    assert lines(capsys)[-1] == (
        "honmono: step 8 could not be saved: the disk is full; the checkpoint of step 4 is intact."
        " Free some space, then resume with honmono train --resume run"
    )
    assert saved() == [4] and not list(Path("run/checkpoints").glob(".*"))
    assert train("--resume", "run", "--trust-code") == 0
    assert saved() == [4, 8, 12]


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train() == 0
    whole = read(RunDirectory(Path("run")))
    expected = Path("run/checkpoints/000000012/generator.safetensors").read_bytes()
    newest = Path("run/checkpoints/000000012/generator.safetensors")
    newest.write_bytes(newest.read_bytes()[:-1] + b"\0")
    capsys.readouterr()
    assert train("--resume", "run", "--trust-code") == 0
    told = lines(capsys)
    warned = [line for line in told if line.startswith("warning:")]
    assert len(warned) == 1 and "000000012 is damaged" in warned[0] and warned[0].endswith("skipped")
    assert any("going on from step 8" in line for line in told)
    assert newest.read_bytes() == expected and saved() == [4, 8, 12]
    again = read(RunDirectory(Path("run")))
    assert again["step"] == whole["step"] and again["generator.fake"] == whole["generator.fake"]


def test_where_every_checkpoint_is_damaged_nothing_is_begun_anew(
    train: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    for state in Path("run/checkpoints").glob("*/state.json"):
        state.unlink()
    assert train("--resume", "run", "--trust-code") == 1
    assert "is damaged" in lines(capsys)[-1] and saved() == [4, 8, 12]


def test_a_log_that_ran_ahead_of_the_checkpoint_is_cut_back(train: Train) -> None:
    assert train() == 0
    once = read(RunDirectory(Path("run")))
    for step in (8, 12):
        (Path("run/checkpoints") / f"{step:09d}").rename(Path("run") / str(step))
    assert train("--resume", "run", "--trust-code") == 0
    again = read(RunDirectory(Path("run")))
    assert all(once[name] == again[name] for name in once if name not in ("seconds", "images_per_second"))


def test_a_resume_may_log_at_other_steps(train: Train) -> None:
    assert train() == 0
    once = read(RunDirectory(Path("run")))
    assert train("--resume", "run", "--trust-code", "--steps", "20", "--set", "training.log_every=5") == 0
    again = read(RunDirectory(Path("run")))
    assert again["step"] == [*range(1, 13), 15, 20] and again["images"][-2:] == [15 * 16, 20 * 16]
    assert all(again[name][:12] == column for name, column in once.items())


def test_pictures_are_of_one_size_and_of_the_same_latents(points: Recipe, tmp_path: Path) -> None:
    recipe = replace(points, training=replace(points.training, sample_every=1))
    for name in ("one", "two"):
        honmono.train(recipe, run=tmp_path / name, device="cpu", precision="fp32", steps=2)
    one, two = ([path.read_bytes() for path in sorted((tmp_path / n / "samples").iterdir())] for n in ("one", "two"))
    assert one == two and len(one) == 2 * 4  # pictures, and beside each its numbers
    sizes = set()
    for path in (tmp_path / "one" / "samples").glob("*.png"):
        with Image.open(path) as picture:
            sizes.add(picture.size)
    assert len(sizes) == 1
