"""Products of few columns are computed from their transposes, with the same result."""

import pytest
import torch
from torch import Tensor, ops
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import linear

from honmono.training.whole_steps.products import CPU_PRODUCTS, NARROW


@pytest.mark.parametrize(("inputs", "narrow"), [(2, True), (NARROW, True), (NARROW + 1, False)])
def test_the_weight_gradient_of_a_layer_of_few_inputs(inputs: int, narrow: bool) -> None:
    """It is G^T X, whose columns are as many as the inputs."""

    def gradient(x: Tensor, weight: Tensor) -> Tensor:
        return torch.autograd.grad(linear(x, weight).square().sum(), weight)[0]

    x, weight = torch.randn(40, inputs).double(), torch.randn(30, inputs).double().requires_grad_()
    graph = make_fx(gradient, CPU_PRODUCTS)(x, weight)
    torch.testing.assert_close(graph(x, weight), gradient(x, weight))
    found = [node.meta["val"].shape for node in graph.graph.find_nodes(op="call_function", target=ops.aten.mm.default)]
    assert ((inputs, 30) in found) == narrow and ((30, inputs) in found) != narrow


def test_products_of_other_shapes_stay() -> None:
    def product(left: Tensor, right: Tensor) -> Tensor:
        return left @ right

    for rows, terms, columns in ((64, 64, 64), (4, 64, 4), (64, 4, 4), (4, 64, 64)):
        graph = make_fx(product, CPU_PRODUCTS)(torch.randn(rows, terms), torch.randn(terms, columns))
        (node,) = graph.graph.find_nodes(op="call_function", target=ops.aten.mm.default)
        assert node.meta["val"].shape == (rows, columns)
