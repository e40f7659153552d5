"""How the discriminator scores pictures that it was never shown."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import Adam

from honmono.data.pictures import Pictures
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Pair, Recipe
from honmono.runs import recorded_warnings
from honmono.runs.directory import RunDirectory
from honmono.training.monitoring.memorisation import MemorisationCheck
from honmono.training.monitoring.monitor import MEMORISED_RATIO, MEMORY_EVERY, Monitor
from honmono.training.trainer import Trainer


def digits(first: int, last: int) -> np.ndarray:
    from sklearn.datasets import load_digits

    loaded: Any = load_digits()
    return loaded.images[first:last].astype(np.uint8) * 15


class Bank(nn.Module):
    """Draws real digits that are in neither split: they can be told from those trained on by heart alone."""

    def __init__(self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0) -> None:
        super().__init__()
        pixels = torch.from_numpy(digits(300, 1797)).float() / 255 * 2 - 1
        self.pictures, self.scale = nn.Buffer(pixels[:, None]), nn.Parameter(torch.ones(()))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.pictures[(latent[:, 0] * 1e4).long() % len(self.pictures)] * self.scale


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    for split, pixels in (("train", digits(0, 20)), ("test", digits(100, 300))):
        (folder / split).mkdir()
        for place, picture in enumerate(pixels):
            Image.fromarray(picture).save(folder / split / f"{place:03}.png")
    return folder


def copying(folder: Path, **changes: str) -> Recipe:
    entry = find("dcgan-digits")
    fields = {"conditional": "false", "objective.penalties": "()", "metrics": "()", "discriminator.width": "8"}
    recipe = override(entry.make(), fields | changes)
    rates = Pair(partial(Adam, lr=0.0), partial(Adam, lr=2e-3))
    return replace(recipe, data=Pictures(source=str(folder)), generator=partial(Bank), optimizers=rates)


def test_a_discriminator_that_was_never_trained_tells_nothing_apart(
    in_training: Callable[..., Trainer], splits: Path
) -> None:
    assert MemorisationCheck(in_training(copying(splits))).check() is None


def test_pictures_known_by_heart_are_warned_of(
    in_training: Callable[..., Trainer], splits: Path, tmp_path: Path
) -> None:
    trainer, said = in_training(copying(splits, **{"training.batch_size": "20"})), []
    watch = Monitor(trainer, RunDirectory(tmp_path), said.append)
    for _ in range(300):
        trainer.step()
    for step in (MEMORY_EVERY, 2 * MEMORY_EVERY):  # as if steps had passed: what it knows it knows by now
        trainer.clock.step = step - 1
        trainer.step()
        watch.check()
    found = MemorisationCheck(trainer).check()
    assert found is not None and MEMORISED_RATIO < found.ratio < 1.1
    assert (found.train, found.held_out, found.fakes) == (20, 200, 256)
    assert "memorised" in watch.active()
    (line,) = [line for line in recorded_warnings.read(RunDirectory(tmp_path)) if line["warning"] == "memorised"]
    assert line["step"] == 2 * MEMORY_EVERY and f"200 of {splits}@test" in line["text"]
    assert "objective.augment" in line["text"] and line["text"] in said[-1]


def test_a_discriminator_that_knows_digits_from_noise_knows_others_too(
    in_training: Callable[..., Trainer], splits: Path
) -> None:
    recipe = override(
        find("dcgan-digits").make(), {**find("dcgan-digits").tiny, "conditional": "false", "training.batch_size": "32"}
    )
    trainer = in_training(replace(recipe, data=Pictures(source=str(splits))))
    for _ in range(60):
        trainer.step()
    found = MemorisationCheck(trainer).check()
    assert found is not None and abs(found.ratio) < 0.2


def test_nothing_is_said_where_nothing_is_held_out(in_training: Callable[..., Trainer]) -> None:
    trainer = in_training(override(find("dcgan-digits").make(), find("dcgan-digits").tiny))
    for _ in range(20):
        trainer.step()
    assert MemorisationCheck(trainer).check() is None


def test_looking_leaves_the_discriminator_as_it_was(in_training: Callable[..., Trainer], splits: Path) -> None:
    recipe = override(find("dcgan-64-paper").make(), {**find("dcgan-64-paper").tiny, "data.source": str(splits)})
    trainer = in_training(recipe)
    trainer.step()
    before = {name: tensor.clone() for name, tensor in trainer.networks["discriminator"].state_dict().items()}
    modes = [part.training for part in trainer.networks["discriminator"].modules()]
    MemorisationCheck(trainer).check()
    after = trainer.networks["discriminator"].state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert modes == [part.training for part in trainer.networks["discriminator"].modules()]


@pytest.mark.parametrize("images", [8, 40, 400])
def test_growing_networks_score_pictures_of_their_stage(
    in_training: Callable[..., Trainer], splits: Path, images: int
) -> None:
    """At 4x4, while 8x8 fades in, and at 8x8."""
    entry = find("pggan-mnist")
    recipe = override(entry.make(), {**entry.tiny, "data.fit": "crop", "growth.train": "16"})
    trainer = in_training(replace(recipe, data=replace(recipe.data, source=str(splits))))
    while trainer.clock.images < images:
        trainer.step()
    found = MemorisationCheck(trainer).check()
    assert found is None or (found.held_out, found.fakes) == (200, 256)
