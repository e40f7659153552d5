"""In which precision a trainer is opened where nobody chose one."""

from dataclasses import replace
from functools import partial

import pytest
from torch import Tensor, nn

from honmono.devices import choose, faster_layout
from honmono.errors import Refused
from honmono.recipe.value import Recipe
from honmono.training.open_trainer import open_rehearsed


class Probability(nn.Module):
    """A discriminator that ends in its own sigmoid, taken in the precision that it is given."""

    def __init__(self, sample_shape: tuple[int, ...], num_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid(), nn.Flatten(0))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.layers(sample)


def test_float32_takes_the_place_of_an_automatic_bfloat16_that_cannot_be_trained_in(points: Recipe) -> None:
    recipe = replace(points, discriminator=partial(Probability))
    bf16 = choose("cpu", "bf16")
    made = open_rehearsed(recipe, bf16, automatic=True)
    assert made.engine.choices == replace(bf16, precision="fp32", layout=faster_layout("cpu", "fp32", group_norm=False))
    assert len(made.lines) == 1
    assert "training in float32" in made.lines[0] and "outputs.bounded" in made.lines[0]
    with pytest.raises(Refused, match="--precision fp32"):
        open_rehearsed(recipe, bf16, automatic=False)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_can_be_trained_in_is_kept(points: Recipe, precision: str) -> None:
    choices = choose("cpu", precision)
    made = open_rehearsed(points, choices, automatic=True)
    assert made.engine.choices == replace(choices, layout=made.engine.choices.layout) and made.lines == []
    assert made.trainer.step() and made.fingerprint
