"""Label maps against what they stand for: constant channels, concatenated to the pictures."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, one_hot

from honmono.networks.label_maps import Convolve, LabelMapsConv2d
from honmono.networks.same_padding import same_conv2d


@pytest.mark.parametrize("convolve", [same_conv2d, conv2d])
@pytest.mark.parametrize(("batch", "classes", "sides"), [(5, 3, (7, 9)), (2, 11, (8, 8)), (4, 1, (5, 6))])
def test_values_and_gradients_are_those_of_concatenated_maps(
    convolve: Convolve, batch: int, classes: int, sides: tuple[int, int]
) -> None:
    random = torch.Generator().manual_seed(0)
    layer = LabelMapsConv2d(2, classes, 4, 5, 2, convolve).double()
    torch.nn.init.normal_(layer.weight, generator=random)
    torch.nn.init.normal_(layer.bias, generator=random)
    x = torch.randn((batch, 2, *sides), dtype=torch.float64, generator=random).requires_grad_()
    label = torch.randint(classes, (batch,), generator=random)
    maps = one_hot(label, classes).double()[:, :, None, None].expand(-1, -1, *sides)
    found = []
    for made in (
        layer(x, label),
        convolve(torch.cat([x, maps], dim=1), layer.weight, layer.bias, 2),
    ):
        first = torch.autograd.grad(made.tanh().square().sum(), (x, layer.weight, layer.bias), create_graph=True)
        second: tuple[Tensor, ...] = torch.autograd.grad(first[0].square().sum(), (x, layer.weight, layer.bias))
        found.append([made, *first, *second])
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)
