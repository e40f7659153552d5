"""The spread of fakes against that of reals, at any size and in any class."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.training.monitoring.variety import WHOLE, Variety
from honmono.training.trainer import Trainer


class Reals(nn.Module):
    """Draws the digits themselves, of the class asked for, on `share` of their way from grey."""

    def __init__(
        self, *, latent_dim: int, sample_shape: tuple[int, ...], num_classes: int = 0, share: float = 1.0
    ) -> None:
        super().__init__()
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        self.pixels = nn.Buffer(torch.from_numpy(pixels).float().view(-1, 1, 8, 8) / 8 - 1)
        self.labels = nn.Buffer(torch.from_numpy(labels))
        self.share = nn.Parameter(torch.tensor(share))

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        places = [
            torch.arange(len(self.labels)) if label is None else (self.labels == one).nonzero()[:, 0]
            for one in ([None] * len(latent) if label is None else label)
        ]
        chosen = [of[int(abs(z[0]) * 1e4) % len(of)] for of, z in zip(places, latent, strict=True)]
        return self.pixels[torch.stack(chosen)] * self.share


def variety(in_training: Callable[..., Trainer], conditional: bool, share: float) -> Variety:
    recipe = override(find("dcgan-digits").make(), {"conditional": str(conditional), "discriminator.width": "4"})
    return Variety(in_training(replace(recipe, generator=partial(Reals, share=share))))


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_a_class_is_compared_with_its_own_reals(in_training: Callable[..., Trainer], share: float) -> None:
    measured = variety(in_training, True, share).measure(0)
    assert (measured.fakes, measured.reals) == (16, 64)
    assert np.allclose(list(measured.ratios.values()), share, rtol=0.25) and [*measured.ratios] == [*range(10)]


def test_without_labels_the_generator_is_compared_as_a_whole(in_training: Callable[..., Trainer]) -> None:
    measured = variety(in_training, False, 1.0).measure(0)
    assert [*measured.ratios] == [WHOLE] and np.isclose(measured.ratios[WHOLE], 1.0, rtol=0.1)
    assert (measured.fakes, measured.reals) == (64, 64)


def test_looks_are_alike_as_long_as_nothing_changes(in_training: Callable[..., Trainer]) -> None:
    several = variety(in_training, True, 1.0)
    assert several.measure(0) == several.measure(1)


def test_small_batches_leave_classes_for_the_next_turn(in_training: Callable[..., Trainer]) -> None:
    entry = find("dcgan-digits")
    turns = Variety(in_training(override(entry.make(), {**entry.tiny, "training.batch_size": "8"})))
    seen = [[*turns.measure(turn).ratios] for turn in range(turns.turns + 1)]
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3]]


def test_networks_that_grow_are_compared_at_their_size(in_training: Callable[..., Trainer]) -> None:
    entry = find("pggan-mnist")
    recipe = override(entry.make(), {**entry.tiny, "data.source": "digits", "data.expects": "none", "data.size": "32"})
    trainer = in_training(recipe)
    looks = Variety(trainer)
    ratios = [looks.measure(0).ratios]
    reals = trainer.dataset.gather(np.arange(2), np.random.default_rng(0)).real
    sizes = {trainer.downsample_real(reals).shape[-1]}
    for _ in range(40):
        trainer.step()
        sizes.add(trainer.downsample_real(reals).shape[-1])
        ratios.append(looks.measure(0).ratios)
    assert len(sizes) > 1 and all(np.isfinite(list(one.values())).all() and one for one in ratios)
