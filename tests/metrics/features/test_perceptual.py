"""The distance in features: 0 for equal pictures, growing with differences, and with gradients."""

import pytest
import torch

from honmono.metrics.features.perceptual import distance_for


CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((1, 8, 8), "digits"),
        ((1, 28, 28), "mnist"),
        ((1, 64, 48), "mnist"),
        ((3, 64, 64), "cifar10"),
        ((4, 16, 16), "cifar10"),
    ],
)
def test_more_noise_is_farther(shape: tuple[int, ...], name: str) -> None:
    distance = distance_for(shape, CPU)
    assert distance.name == name
    random = torch.Generator().manual_seed(0)
    target = torch.rand(1, *shape, generator=random) - 0.5
    noise = torch.randn(1, *shape, generator=random)
    levels = torch.tensor([0.0, 0.05, 0.2, 0.8]).view(-1, 1, 1, 1)
    found = distance(target + levels * noise, target)
    assert found.shape == (4,) and found[0] < 1e-9 and (found.diff() > 0).all()


def test_grey_pictures_are_as_far_in_three_channels() -> None:
    distance = distance_for((3, 32, 32), CPU)
    one, other = torch.rand(2, 1, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = distance(one.expand(-1, 3, -1, -1), other.expand(-1, 3, -1, -1))
    torch.testing.assert_close(distance(one, other), expected)
    opaque = [torch.cat([part.expand(-1, 3, -1, -1), torch.ones_like(part)], 1) for part in (one, other)]
    torch.testing.assert_close(distance(*opaque), expected)


def test_gradients_lead_towards_the_target() -> None:
    distance = distance_for((1, 8, 8), CPU)
    random = torch.Generator().manual_seed(1)
    target = torch.rand(1, 1, 8, 8, generator=random) * 2 - 1
    x = (target + 0.3 * torch.randn(1, 1, 8, 8, generator=random)).requires_grad_()
    before = distance(x, target)
    (gradient,) = torch.autograd.grad(before.sum(), x)
    assert distance(x - 1e-2 * gradient / gradient.norm(), target) < before
