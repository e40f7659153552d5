"""Runs made to go wrong on purpose get warnings, healthy ones are not, and looking changes nothing."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import Adam

import honmono
from honmono.generation.model import take
from honmono.metrics.spread import spread
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Pair, Recipe
from honmono.runs import recorded_warnings
from honmono.runs.directory import RunDirectory
from honmono.runs.recorded_warnings import Line
from honmono.training.monitoring.monitor import CHECK_EVERY, Monitor
from honmono.training.trainer import Trainer


FALL = 60  # the step at which generators begin to draw nearly one picture
RARE = 7


class Falling(nn.Module):
    """A linear map of the latent, beside a picture for each class. From step `falls` on it hardly looks at the latent.

    rare: of this class alone; None: of all. recovers: the step at which it looks at it again.
    """

    def __init__(
        self,
        *,
        latent_dim: int,
        sample_shape: tuple[int, ...],
        num_classes: int = 0,
        rare: int | None = None,
        falls: int = FALL,
        recovers: int = 10**9,
    ) -> None:
        super().__init__()
        self.shape, self.rare, self.falls, self.recovers = sample_shape, rare, falls, recovers
        numbers = int(np.prod(sample_shape))
        self.map = nn.Linear(latent_dim, numbers)
        nn.init.normal_(self.map.weight, std=(4.0 if numbers > 2 else 16.0) / latent_dim)
        self.classes = nn.Embedding(max(num_classes, 1), numbers)
        self.calls = nn.Buffer(torch.zeros((), dtype=torch.int64))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        if self.training:
            self.calls += 1  # two in a step: one for each player's update
        fallen = self.falls <= int(self.calls) // 2 < self.recovers
        of = torch.ones(len(latent), dtype=torch.bool) if self.rare is None or label is None else label == self.rare
        latent = torch.where(of[:, None] & fallen, latent * 0.05, latent)
        drawn = self.map(latent) + 0.1 * self.classes(torch.zeros(len(latent)).long() if label is None else label)
        return drawn.view(-1, *self.shape)


def small(name: str, **changes: str) -> Recipe:
    entry = find(name)
    recipe = override(entry.make(), {**entry.tiny, "metrics": "()", **changes})
    often = {"sample_every": 10_000, "checkpoint_every": 10_000, "log_every": 50, "average": None}
    return replace(recipe, training=replace(recipe.training, **often))


def falling(name: str, **fields: Any) -> Recipe:
    slow = Pair(partial(Adam, lr=1e-5))
    recipe = small(name, **{"training.batch_size": "40", "objective.penalties": "()"})
    return replace(recipe, generator=partial(Falling, **fields), optimizers=slow)


@pytest.fixture
def ran(tmp_path: Path) -> Callable[..., list[Line]]:
    """Trains and returns the warnings that the run kept."""

    def call(recipe: Recipe, steps: int, name: str = "run") -> list[Line]:
        honmono.train(recipe, run=tmp_path / name, steps=steps, device="cpu", precision="fp32", compile="off")
        return recorded_warnings.read(RunDirectory(tmp_path / name))

    return call


def test_a_class_that_collapses_is_named(ran: Callable[..., list[Line]], capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = ran(falling("dcgan-digits", rare=RARE), 150)
    assert (line["warning"], line["classes"]) == ("collapse", ["7"])
    assert FALL < line["step"] <= FALL + 100
    assert line["images"] == 40 * line["step"]
    said = [text for text in capsys.readouterr().err.splitlines() if "warning" in text]
    assert said == [f"warning: step {line['step']}: {line['text']}"]
    assert "of class 7 (0.0" in line["text"] and "--set fake_labels=real" in line["text"]
    assert "16 fakes of a class against 64 reals, in pixels, raw weights" in line["text"]


def test_a_generator_that_collapses_is_warned_of(ran: Callable[..., list[Line]]) -> None:
    (line,) = ran(falling("gan-grid"), 150)
    assert (line["warning"], line["classes"]) == ("collapse", [])
    assert FALL < line["step"] <= FALL + 100
    assert "256 fakes against 256 reals, in coordinates" in line["text"] and "--set objective.pack=2" in line["text"]


def test_all_classes_that_collapse_are_one_warning(ran: Callable[..., list[Line]]) -> None:
    (line,) = ran(falling("dcgan-digits"), 150)
    assert line["classes"] == [*"0123456789"] and "fake_labels" not in line["text"]


def test_what_is_over_is_kept_too_and_warned_of_again(ran: Callable[..., list[Line]]) -> None:
    lines = ran(falling("gan-grid", recovers=FALL + 110), 250)
    assert [(line["step"], line.get("over", False)) for line in lines] == [(150, False), (200, True)]


def test_a_discriminator_that_wins_is_warned_of(ran: Callable[..., list[Line]]) -> None:
    changes = {"objective.penalties": "()", "optimizers.generator.lr": "0.0", "optimizers.discriminator.lr": "0.02"}
    lines = ran(small("dcgan-digits", **changes), 300)
    assert [line["warning"] for line in lines] == ["discriminator_won"]
    assert "--set optimizers.discriminator.lr=0.01" in lines[0]["text"]


@dataclass
class Says:
    """A keeper that looks, and remembers when what was in force."""

    watch: Monitor
    trainer: Trainer

    def __post_init__(self) -> None:
        self.force: dict[int, list[str]] = {}

    def after_step(self, losses: dict[str, Tensor]) -> None:
        self.watch.check()
        self.force[self.trainer.clock.step] = self.watch.active()


@pytest.fixture
def watched(in_training: Callable[..., Trainer], tmp_path: Path) -> Callable[..., tuple[Says, list[str]]]:
    """Trains a recipe for so many steps under a watch: what was in force when, and what was said."""

    def call(recipe: Recipe, steps: int) -> tuple[Says, list[str]]:
        trainer, said = in_training(recipe), []
        (tmp_path / "watched").mkdir(exist_ok=True)
        keeper = Says(Monitor(trainer, RunDirectory(tmp_path / "watched"), said.append), trainer)
        trainer.fit(trainer.clock.step + steps, keeper)
        return keeper, said

    return call


def test_a_warning_is_in_force_from_the_second_look_until_it_is_over(watched: Callable[..., Any]) -> None:
    keeper, said = watched(falling("gan-grid", recovers=FALL + 110), 220)
    assert [step for step, force in keeper.force.items() if force == ["collapse"]] == [*range(150, 200)]
    assert len(said) == 2


def test_a_run_that_goes_on_does_not_say_it_again(watched: Callable[..., Any], tmp_path: Path) -> None:
    watched(falling("gan-grid"), 170)
    keeper, said = watched(falling("gan-grid"), 40)  # a new process: it reads the warnings of the run
    assert said == [] and keeper.force[1] == ["collapse"]


def test_classes_take_turns_where_they_do_not_fit(watched: Callable[..., Any]) -> None:
    recipe = falling("dcgan-digits", falls=210)
    recipe = replace(recipe, training=replace(recipe.training, batch_size=16))  # 64 fakes, 8 classes, in a look
    keeper, said = watched(recipe, 400)
    classes = [line.partition("(computed")[0].count("(0.") for line in said]
    assert sorted(classes) == [2, 8] and keeper.force[400] == ["collapse"]


def test_the_warning_comes_where_the_spread_falls(in_training: Callable[..., Trainer], tmp_path: Path) -> None:
    """By a measurement of its own: other fakes of the same generator, against all reals of the class."""
    trainer = in_training(falling("dcgan-digits", rare=RARE))
    ratios: dict[int, float] = {}
    (tmp_path / "run").mkdir()
    watch = Monitor(trainer, RunDirectory(tmp_path / "run"), lambda line: None)
    labels = trainer.dataset.labels
    assert labels is not None
    real = trainer.dataset.gather(np.flatnonzero(labels == RARE), np.random.default_rng(0)).real
    while not watch.active():
        trainer.step()
        if trainer.clock.step % 10:
            continue
        made = take(trainer.model().fakes(seed=99, label=RARE), 200)
        ratios[trainer.clock.step] = spread(made) / spread(real)
        watch.check()
    first = next(step for step, ratio in ratios.items() if ratio < 0.3)
    assert first == FALL and trainer.clock.step - first <= 2 * CHECK_EVERY


def digits_without_labels(folder: Path) -> Path:
    from sklearn.datasets import load_digits

    pixels: Any = load_digits()
    folder.mkdir()
    for place, picture in enumerate(pixels.images[:200].astype(np.uint8) * 15):
        Image.fromarray(picture).save(folder / f"{place}.png")
    return folder


@pytest.mark.parametrize("name", ["dcgan-digits", "gan-grid", "rpgan-grid"])
def test_healthy_runs_are_not_warned_of(name: str, ran: Callable[..., list[Line]]) -> None:
    assert ran(small(name, **{"training.batch_size": "64"}), 200) == []


def test_a_healthy_folder_without_labels_is_not_warned_of(ran: Callable[..., list[Line]], tmp_path: Path) -> None:
    folder = digits_without_labels(tmp_path / "pictures")
    assert ran(small("folder", **{"data.source": str(folder)}), 200) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan-digits", "gan-grid", "rpgan-grid", "wgan-grid-article"])
def test_healthy_runs_of_full_size_are_not_warned_of(name: str, ran: Callable[..., list[Line]]) -> None:
    assert ran(replace(find(name).make(), metrics=()), 1_200) == []


def test_looking_changes_no_bit(in_training: Callable[..., Trainer], tmp_path: Path) -> None:
    """In a recipe with batch norm, an average, labels and augmentation, which use all randomness that there is."""
    changes = {"data.source": "digits", "objective.augment.probability": "1"}
    recipe = override(find("folder").make(), {**find("folder").tiny, **changes})
    apart, beside = in_training(recipe), in_training(recipe)
    (tmp_path / "run").mkdir()
    watch = Monitor(beside, RunDirectory(tmp_path / "run"), lambda line: None)
    for _ in range(CHECK_EVERY + 1):
        apart.step()
        beside.step()
        watch.check()
    for group, tensors in apart.tensors().items():
        for name, tensor in tensors.items():
            assert torch.equal(tensor, beside.tensors()[group][name]), f"{group}: {name}"


def test_a_resume_takes_back_what_comes_later(ran: Callable[..., list[Line]], tmp_path: Path) -> None:
    recipe = falling("gan-grid")
    recipe = replace(recipe, training=replace(recipe.training, checkpoint_every=100))
    first = ran(recipe, 200)
    shutil.rmtree(RunDirectory(tmp_path / "run").checkpoint(200))
    assert [line["step"] for line in first] == [150]
    assert ran(recipe, 110) == []
