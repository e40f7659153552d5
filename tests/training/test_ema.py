import pytest
import torch
from torch import nn

from honmono.recipe.value import Average
from honmono.training.ema import AveragedGenerator


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def move(module: nn.Module) -> None:
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.add_(1)


def test_it_is_a_copy_that_no_gradient_reaches() -> None:
    generator = network()
    average = AveragedGenerator(generator, Average())
    move(generator)
    mine, theirs = average.module.state_dict(), generator.state_dict()
    assert all(not torch.equal(mine[name], theirs[name]) for name in mine)
    assert not any(parameter.requires_grad for parameter in average.module.parameters())
    assert all(parameter.requires_grad for parameter in generator.parameters())


def test_weights_and_buffers_follow_and_counters_are_copied() -> None:
    generator = network()
    average = AveragedGenerator(generator, Average(halflife=100, ramp=1.0))
    before = {name: tensor.clone() for name, tensor in average.module.state_dict().items()}
    move(generator)
    average.update(generator, images=1000, batch=100)  # one half-life: half way
    for name, tensor in average.module.state_dict().items():
        expected = before[name] + (1 if name.endswith("num_batches_tracked") else 0.5)
        torch.testing.assert_close(tensor, expected)


def test_the_half_life_grows_with_the_images_seen_until_it_is_reached() -> None:
    average = Average(halflife=100, ramp=0.05)
    assert average.decay(0, 10) == 0.0  # of a random beginning nothing is kept
    assert average.decay(1000, 50) == pytest.approx(0.5)  # 1000 * 0.05 = 50 images
    assert average.decay(2000, 100) == average.decay(10**6, 100) == pytest.approx(0.5)
    assert average.decay(10**6, 50) ** 2 == pytest.approx(average.decay(10**6, 100))  # the batch size has no say


def test_without_images_nothing_moves() -> None:
    generator = network()
    average = AveragedGenerator(generator, Average())
    before = {name: tensor.clone() for name, tensor in average.module.named_parameters()}
    move(generator)
    average.update(generator, images=1000, batch=0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in average.module.named_parameters())


def test_float64_stays_float64() -> None:
    generator = network().double()
    average = AveragedGenerator(generator, Average(halflife=1, ramp=1.0))
    move(generator)
    average.update(generator, 1, 1)
    assert average.module[0].weight.dtype == torch.float64  # type: ignore[index]
