"""The smooth filter: by its definition, sizes, and what becomes of constants and single pixels."""

import pytest
import torch

from honmono.networks.resampling import downsampled, smoothed, upsampled


def test_the_filter_is_the_outer_product_of_1331() -> None:
    x = torch.zeros(1, 1, 7, 7)
    x[0, 0, 3, 3] = 64.0
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    torch.testing.assert_close(smoothed(x, padding=0)[0, 0], taps[:, None] * taps)


def test_doubling_mixes_neighbours_three_to_one() -> None:
    ramp = torch.tensor([0.0, 4.0, 8.0, 12.0]).expand(1, 2, 4, 4)
    inside = upsampled(ramp)[0, :, 3, 1:7]
    torch.testing.assert_close(inside, torch.tensor([1.0, 3.0, 5.0, 7.0, 9.0, 11.0]).expand(2, 6))


@pytest.mark.parametrize("sides", [(7, 7), (4, 6)])
def test_sizes(sides: tuple[int, int]) -> None:
    high, wide = sides
    x = torch.randn(2, 3, high, wide)
    assert upsampled(x).shape == (2, 3, 2 * high, 2 * wide)
    assert downsampled(upsampled(x)).shape == x.shape


def test_constants_stay_constants_inside() -> None:
    x = torch.full((1, 1, 8, 8), 0.5)
    torch.testing.assert_close(upsampled(x)[0, 0, 1:-1, 1:-1], torch.full((14, 14), 0.5))
    torch.testing.assert_close(downsampled(x)[0, 0, 1:-1, 1:-1], torch.full((2, 2), 0.5))


def test_halving_is_the_adjoint_of_doubling() -> None:
    x, y = torch.randn(1, 1, 6, 6, dtype=torch.float64), torch.randn(1, 1, 12, 12, dtype=torch.float64)
    torch.testing.assert_close((upsampled(x) * y).sum(), 4 * (x * downsampled(y)).sum())
