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
        for shape in ((3, 5, *sides), (4, 5, 3, 3), (4,), (3, 4, 2 * sides[0], 2 * sides[1]))
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
    layer, x = DoublingConv2d(2, 3).double(), torch.randn(2, 2, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(layer(x, size), plain(x, layer.weight, layer.bias, size), rtol=1e-12, atol=1e-12)


def test_no_doubled_map_is_made() -> None:
    layer, x = DoublingConv2d(2, 3), torch.randn(2, 2, 8, 8)
    assert x.shape[2] * x.shape[3] >= LEAST_PLACES
    traced = make_fx(lambda x: layer(x))(x)
    sizes = {tuple(node.meta["val"].shape[-2:]) for node in traced.graph.nodes if node.op == "call_function"}
    inputs = [node.args[0].meta["val"].shape for node in traced.graph.nodes if "convolution" in str(node.target)]
    assert inputs == [x.shape] and (16, 16) in sizes


def test_an_equalized_layer_scales_its_weights_here_too() -> None:
    torch.manual_seed(0)
    doubling, usual = EqualizedConv2d(4, 6, 3, doubles=True), EqualizedConv2d(4, 6, 3)
    usual.load_state_dict(doubling.state_dict())
    x = torch.randn(2, 4, 7, 5)
    torch.testing.assert_close(doubling(x), usual(interpolate(x, scale_factor=2)), rtol=1e-5, atol=1e-5)
