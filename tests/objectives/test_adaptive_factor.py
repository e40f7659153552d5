"""A penalty's factor that adapts: how it moves, by hand, what it is applied to, and when it moves."""

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.adaptive_factor import AdaptiveFactor
from honmono.objectives.augment import PROBABILITY, SIGN, Adaptive, DiffAugment
from honmono.objectives.base import Draws, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.schedules import Linear


ADAPT = AdaptiveFactor(low=1.0, high=3.0, images=100, average=10)


class Slope(nn.Module):
    """Its gradient is 2 everywhere: R1(1.0) is 2."""

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return 2 * sample.flatten(1).sum(1)


class Latents(nn.Module):
    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


def scalars(values: dict[str, float]) -> dict[str, Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def path(adapt: AdaptiveFactor, values: list[float], images: int) -> list[tuple[float, float]]:
    """The mean and the factor after each update with such a value."""
    memory, found = scalars(adapt.memory("r1")), []
    for value in values:
        memory = adapt.remember("r1", memory, torch.tensor(value), images)
        found.append((round(memory["r1_mean"].item(), 6), round(memory["r1_factor"].item(), 6)))
    return found


def test_it_decreases_below_low_increases_above_high_and_stays_between() -> None:
    values = [0.0, 0.0, 0.0, 2.0, 10.0, 10.0]  # a mean over two updates, which starts at 3
    means = [1.5, 0.75, 0.375, 1.1875, 5.59375, 7.796875]
    factors = [1.0, 0.95, 0.9, 0.9, 0.95, 1.0]
    assert path(ADAPT, values, 5) == [pytest.approx(one, abs=1e-6) for one in zip(means, factors, strict=True)]


def test_it_stays_between_0_and_1_and_a_large_update_replaces_the_mean() -> None:
    assert path(ADAPT, [0.0, 0.5, 8.0, 8.0, 8.0], 60) == [(0.0, 0.4), (0.5, 0.0), (8.0, 0.6), (8.0, 1.0), (8.0, 1.0)]


@pytest.mark.parametrize("factor", [1.0, 0.25, 0.0])
def test_a_penalty_is_multiplied_and_its_value_before_that_is_a_statistic(factor: float, as_players) -> None:
    objective = NonSaturating(penalties=(R1(1.0, adapt=ADAPT, schedule=Linear(start=0.5, end=0.5, images=1)),))
    ones = torch.ones(3, 1, 1, 1)
    memory = scalars({**objective.memory(), "r1_factor": factor})
    draws = Draws(ones, None, factors={"r1": torch.tensor(0.5)})
    terms = objective.discriminator_loss(Step(as_players(Latents(), Slope()), Batch(ones, None), draws, memory=memory))
    assert terms["r1"].item() == 2.0 * 0.5 * factor
    assert {name: terms[name].item() for name in objective.statistics()} == {"r1_value": 2.0, "r1_factor": factor}
    assert not terms["r1_value"].requires_grad


def test_it_moves_only_after_updates_that_compute_the_penalty() -> None:
    objective = NonSaturating(
        penalties=(R1(adapt=ADAPT),), augment=DiffAugment(probability=Adaptive(target=0.0, images=100, every=1))
    )
    memory = scalars(dict(objective.memory()))
    of_scores = objective.remember(memory, {SIGN: torch.tensor(1.0), PROBABILITY: torch.tensor(0.0)}, 10)
    assert of_scores[PROBABILITY].item() == pytest.approx(0.1) and of_scores["r1_factor"] == 1.0
    values = {"r1_value": torch.tensor(0.0), "r1_factor": torch.tensor(1.0)}
    of_penalty = objective.remember(memory, values, 10)
    assert of_penalty[PROBABILITY] == 0.0 and of_penalty["r1_factor"].item() == pytest.approx(0.9)


@pytest.mark.parametrize("fields", [{"low": 0.0}, {"low": 4.0}, {"images": 0}, {"average": 0}])
def test_wrong_fields_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(Refused, match=r"objective\.penalties"):
        AdaptiveFactor(**{"low": 1.0, "high": 3.0, **fields})  # type: ignore[arg-type]
