"""Equalized learning rate: weights are scaled in each pass, and begin as others do."""

from math import sqrt

import pytest
import torch

from honmono.networks.equalized import EqualizedConv2d, EqualizedLinear


def test_weights_are_scaled_as_they_are_used_and_biases_are_not() -> None:
    torch.manual_seed(0)
    layer = EqualizedConv2d(6, 200, 3)
    assert layer.weight.std().item() == pytest.approx(1, abs=0.02)
    assert layer.bias is not None and not layer.bias.any()
    torch.nn.init.constant_(layer.weight, 1.0)
    torch.nn.init.constant_(layer.bias, 0.5)
    middle = layer(torch.ones(1, 6, 3, 3))[0, :, 1, 1]
    torch.testing.assert_close(middle, torch.full((200,), 54 * sqrt(2) / sqrt(54) + 0.5))
    dense = EqualizedLinear(16, 3, gain=1.0)
    torch.nn.init.constant_(dense.weight, 1.0)
    torch.testing.assert_close(dense(torch.ones(1, 16)), torch.full((1, 3), 16 / 4.0))


def test_unequalized_layers_begin_the_same_and_move_otherwise() -> None:
    layers = []
    for equalized in (True, False):
        torch.manual_seed(0)
        layers.append(EqualizedLinear(64, 4, equalized=equalized))
    x = torch.randn(5, 64)
    torch.testing.assert_close(layers[0](x), layers[1](x))
    assert layers[1].scale == 1.0 and layers[0].scale == sqrt(2 / 64)


def test_a_rate_scales_weights_and_biases_but_not_the_first_output() -> None:
    layers = []
    for rate in (1.0, 0.01):
        torch.manual_seed(0)
        layers.append(EqualizedLinear(64, 4, rate=rate))
    x = torch.randn(5, 64)
    torch.testing.assert_close(layers[0](x), layers[1](x))
    assert layers[1].bias is not None
    torch.nn.init.ones_(layers[1].bias)
    torch.testing.assert_close(layers[1](x) - layers[0](x), torch.full((5, 4), 0.01), atol=1e-6, rtol=1e-4)
