"""Resuming changes no bit: whatever a recipe does, 2N steps are N steps and a resume of N."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import honmono
from honmono.metrics.label_fidelity import LabelFidelity
from honmono.networks.dcgan import DCGANGenerator
from honmono.networks.mlp import MLPDiscriminator
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.updates import Simultaneous, Update, WarmUp
from honmono.recipe.value import Recipe
from honmono.runs import checkpoints, evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read
from honmono.training.trainer import Trainer


Small = Callable[[Recipe], Recipe]
Build = Callable[..., Trainer]


class Forgetful(MLPDiscriminator):
    """A discriminator with randomness of its own."""

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return super().forward(nn.functional.dropout(sample, 0.3), label)


def tiny(name: str, **changes: str) -> Recipe:
    entry = find(name)
    return override(entry.make(), {**entry.tiny, **{field.replace("__", "."): text for field, text in changes.items()}})


def program(*updates: Update | Simultaneous) -> Recipe:
    return replace(tiny("gan-grid"), updates=updates)


RECIPES: dict[str, Callable[[], Recipe]] = {
    "batches of 8, 8 and 6": lambda: tiny("gan-mnist-article"),
    "in two parts": lambda: tiny("gan-mnist-article", training__accumulate="2"),
    "conditional, averaged, batch norm": lambda: tiny("dcgan-digits"),
    "labels of the real": lambda: tiny("dcgan-digits", fake_labels="real"),
    "mirrored": lambda: tiny("dcgan-digits", data__flip="true"),
    "spectral norm": lambda: tiny("dcgan-digits", discriminator__spectral_norm="true"),
    "with replacement": lambda: tiny("gan-grid", data__order="replacement"),
    "endless": lambda: replace(tiny("gan-grid"), data=replace(tiny("gan-grid").data, samples=None)),
    "schedules": lambda: tiny(
        "gan-grid",
        training__learning_rates__generator="Cosine(images=200)",
        training__learning_rates__discriminator="Linear(begin=30, images=100)",
    ),
    "RMSprop": lambda: tiny("gan-grid", optimizers__discriminator="RMSprop(lr=0.001, momentum=0.5)"),
    "SGD": lambda: tiny("gan-grid", optimizers__generator="SGD(lr=0.001, momentum=0.5)"),
    "AdamW, AMSGrad": lambda: tiny("gan-grid", optimizers__generator="AdamW(lr=0.001, amsgrad=True)"),
    "R1": lambda: replace(tiny("dcgan-mnist"), objective=NonSaturating(penalties=(R1(),))),
    "augmented": lambda: tiny("folder"),
    "adaptively augmented": lambda: tiny(
        "folder", objective__augment__probability="Adaptive(target=0.1, images=60, every=2)"
    ),
    "growing, stopped inside a fade": lambda: tiny("pggan-mnist"),
    "dropout": lambda: replace(tiny("gan-grid"), discriminator=partial(Forgetful, widths=(16,))),
    "at once": lambda: program(Simultaneous((Update("discriminator"), Update("generator")))),
    "warm-up": lambda: program(
        Update("discriminator", count=WarmUp(count=1, high=3, steps=2, every=4)), Update("generator")
    ),
    "G, G, D on one z": lambda: program(
        Update("generator", draws="z"), Update("generator", draws="z"), Update("discriminator", draws="z")
    ),
}
STEPS = 4


def run(trainer: Trainer, steps: int) -> list[dict[str, float]]:
    return [{name: float(loss) for name, loss in trainer.step().items()} for _ in range(steps)]


def through_a_checkpoint(trainer: Trainer, fresh: Trainer, folder: Path) -> Trainer:
    clock = trainer.clock
    path = checkpoints.write(folder, clock.step, trainer.tensors(), {"images": clock.images}, keep=0)
    fresh.restore(checkpoints.read(path))
    return fresh


def assert_same(one: Trainer, other: Trainer) -> None:
    assert one.clock == other.clock
    theirs = other.tensors()
    for group, members in one.tensors().items():
        assert set(members) == set(theirs[group])
        different = [name for name, tensor in members.items() if not torch.equal(tensor, theirs[group][name])]
        assert not different, f"{group}: {different}"


@pytest.mark.parametrize("name", RECIPES)
def test_bit_for_bit(name: str, in_training: Build, on_small_data: Small, tmp_path: Path) -> None:
    recipe = RECIPES[name]() if name == "endless" else on_small_data(RECIPES[name]())
    whole, first = in_training(recipe), in_training(recipe)
    losses = run(whole, 2 * STEPS)
    begun = run(first, STEPS)
    torch.rand(7)  # what others draw in between has no say
    resumed = through_a_checkpoint(first, in_training(recipe), tmp_path)
    assert begun + run(resumed, STEPS) == losses
    assert_same(whole, resumed)


@pytest.mark.parametrize("precision", ["bf16", "fp64"])
def test_bit_for_bit_in_other_precisions(
    precision: str, in_training: Build, on_small_data: Small, tmp_path: Path
) -> None:
    """Convolutions with bf16 are channels-last in memory, and so must a fused optimizer's restored state be."""
    recipe = on_small_data(tiny("dcgan-mnist"))
    whole, first = in_training(recipe, precision), in_training(recipe, precision)
    losses = run(whole, 2 * STEPS)
    begun = run(first, STEPS)
    resumed = through_a_checkpoint(first, in_training(recipe, precision), tmp_path)
    assert begun + run(resumed, STEPS) == losses
    assert_same(whole, resumed)
    if precision == "bf16":
        layouts = [p.is_contiguous() for p in whole.networks["discriminator"].parameters() if p.dim() == 4]
        assert not all(layouts)  # or this test would show nothing


def test_whole_runs_with_steps_that_fit_nothing(points: Recipe, tmp_path: Path) -> None:
    """Two resumes, at steps that are multiples of no interval: checkpoint, log and pictures are those of one run."""
    training = replace(points.training, log_every=3, checkpoint_every=5, sample_every=4)
    recipe = replace(points, training=training)
    settings = {"device": "cpu", "precision": "fp32", "compile": "off"}
    honmono.train(recipe, run=tmp_path / "whole", steps=16, **settings)
    honmono.train(recipe, run=tmp_path / "parts", steps=7, **settings)
    honmono.train(recipe, run=tmp_path / "parts", steps=11)
    honmono.train(resume=tmp_path / "parts", steps=16)
    whole, parts = (RunDirectory(tmp_path / name) for name in ("whole", "parts"))
    assert contents(whole.checkpoint(16).glob("*.safetensors")) == contents(parts.checkpoint(16).glob("*.safetensors"))
    logs = [read(log) for log in (whole, parts)]
    assert logs[0]["step"] == [1, 3, 6, 9, 12, 15]
    assert list(logs[0]) == list(logs[1])
    assert all(logs[0][name] == logs[1][name] for name in logs[0] if name not in ("seconds", "images_per_second"))
    pictures = [contents(log.samples.iterdir()) for log in (whole, parts)]
    stems = [*(f"{step:09d}" for step in (0, 4, 8, 12, 16)), "real"]
    assert sorted(pictures[0]) == [f"{stem}.{ending}" for stem in stems for ending in ("npz", "png")]
    assert pictures[0].items() <= pictures[1].items()  # besides, one at the end of each part


class Noisy(DCGANGenerator):
    """A generator with randomness of its own, which measuring uses up."""

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return super().forward(nn.functional.dropout(latent, 0.3), label)


@pytest.mark.parametrize(
    ("precision", "compile"),
    [("fp32", "off"), ("bf16", "off"), pytest.param("fp32", "on", marks=pytest.mark.slow)],
)
def test_measuring_changes_no_bit(tmp_path: Path, precision: str, compile: str) -> None:
    """Batch norm, averages, labels, dropout; not measured, measured, and measured in two parts."""
    plain = replace(
        tiny("dcgan-digits", training__measure_images="20", training__log_every="1"),
        generator=partial(Noisy, width=4),
    )
    measured = replace(plain, metrics=(LabelFidelity(features="digits", fakes=30),))
    settings = {"device": "cpu", "precision": precision, "compile": compile}
    honmono.train(plain, run=tmp_path / "plain", steps=10, **settings)
    honmono.train(measured, run=tmp_path / "whole", steps=10, **settings)
    for steps in (6, 10):
        honmono.train(measured, run=tmp_path / "parts", steps=steps, **settings)
    runs = [RunDirectory(tmp_path / name) for name in ("plain", "whole", "parts")]
    saved = [contents(run.checkpoint(10).glob("*.safetensors")) for run in runs]
    assert len(saved[0]) == 5 and saved[0] == saved[1] == saved[2]
    logs = [read(run) for run in runs]
    assert all(log[name] == logs[0][name] for log in logs[1:] for name in log if ".fake" in name or ".real" in name)
    assert [[line["step"] for line in evaluations.read(run)] for run in runs] == [[], [3, 5, 8, 10], [3, 5, 6, 8, 10]]
    told = [{line["step"]: line["metrics"] for line in evaluations.read(run)} for run in runs]
    assert told[1] == {step: metrics for step, metrics in told[2].items() if step != 6}


def contents(files: Iterable[Path]) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in files}


def test_another_seed_gives_another_run(points: Recipe, in_training: Build) -> None:
    runs = [run(in_training(override(points, {"training.seed": seed})), 2) for seed in ("0", "0", "1")]
    assert runs[0] == runs[1] != runs[2]
