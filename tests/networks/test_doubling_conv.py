"""A doubled map's convolution against what it stands for: nearest neighbours, then the convolution."""

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import conv2d, interpolate

from honmono.networks.doubling_conv import LEAST_PLACES, DoublingConv2d, conv_of_doubled
from honmono.networks.equalized import EqualizedConv2d


def plain(x: Tensor, weight: Tensor, bias: Tensor | None, size: tuple[int, int]) -> Tensor:
    return conv2d(interpolate(x, size=size, mode="nearest"), weight, bias, padding=1)


@pytest.mark.parametrize("sides", [(8, 8), (4, 9), (6, 7), (1, 40), (4, 4), (1, 1)])
@pytest.mark.parametrize("biased", [True, False])
def test_values_and_gradients_of_both_orders_are_those_of_two_steps(sides: tuple[int, int], biased: bool) -> None:
    random = torch.Generator().manual_seed(0)
    x, weight, bias, later = (
        torch.randn(shape, dtype=torch.float64, generator=random)
        for shape in ((16, 5, *sides), (4, 5, 3, 3), (4,), (16, 4, 2 * sides[0], 2 * sides[1]))
    )
    given = [tensor.requires_grad_() for tensor in (x, weight, *([bias] if biased else []))]
    found = []
    for made in (
        conv_of_doubled(x, weight, bias if biased else None),
        plain(x, weight, bias if biased else None, (2 * sides[0], 2 * sides[1])),
    ):
        first = torch.autograd.grad((made.tanh() * later).sum(), given, create_graph=True)
        second = torch.autograd.grad(torch.stack([one.square().sum() for one in first]).sum(), given)
        found.append([made, *first, *second])
    torch.testing.assert_close(*found, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", [(15, 16), (16, 15), (15, 15), (16, 16)])
def test_an_odd_size_is_what_nearest_neighbours_give(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer, x = DoublingConv2d(2, 3).double(), torch.randn(8, 2, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(layer(x, size), plain(x, layer.weight, layer.bias, size), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("batch", "side"), [(LEAST_PLACES // 64, 8), (LEAST_PLACES // 64 - 1, 16)])
def test_a_doubled_map_is_made_of_few_places_only(batch: int, side: int) -> None:
    layer, x = DoublingConv2d(2, 3), torch.randn(batch, 2, 8, 8)
    traced = make_fx(lambda x: layer(x))(x)
    (taken,) = [node.args[0].meta["val"] for node in traced.graph.nodes if "convolution" in str(node.target)]
    assert taken.shape == (batch, 2, side, side)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_it_keeps_the_layout_and_the_precision(dtype: torch.dtype, tolerance: float) -> None:
    torch.manual_seed(0)
    layer = DoublingConv2d(16, 8)
    x = torch.randn(8, 16, 8, 8).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        made = layer(x)
    assert made.dtype == dtype and made.is_contiguous(memory_format=torch.channels_last)
    expected = plain(x, layer.weight, layer.bias, (16, 16))
    torch.testing.assert_close(made.float(), expected, rtol=tolerance, atol=tolerance)


def test_an_equalized_layer_scales_its_weights_here_too() -> None:
    torch.manual_seed(0)
    doubling, usual = EqualizedConv2d(4, 6, 3, doubles=True), EqualizedConv2d(4, 6, 3)
    usual.load_state_dict(doubling.state_dict())
    x = torch.randn(16, 4, 7, 5)
    torch.testing.assert_close(doubling(x), usual(interpolate(x, scale_factor=2)), rtol=1e-5, atol=1e-5)
