"""Attention: torch's own values, and derivatives of both orders wherever a penalty takes them."""

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import scaled_dot_product_attention

from honmono.data.base import Batch
from honmono.devices import choose
from honmono.errors import Refused
from honmono.networks.attention import SelfAttention2d, attention
from honmono.objectives.base import Draws, Player, Players, Step
from honmono.objectives.penalties import R1
from honmono.training.engine import Engine


class Attentive(nn.Module):
    """A discriminator with attention of two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.attention, self.last = nn.Conv2d(1, 8, 3), SelfAttention2d(8, heads=2), nn.Linear(8 * 36, 1)
        nn.init.ones_(self.attention.gamma)

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return self.last(self.attention(self.first(sample)).flatten(1)).squeeze(1)


def randn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("leading", [(), (4,), (4, 2)])
def test_it_is_what_torch_computes(leading: tuple[int, ...]) -> None:
    query, key, value = randn(*leading, 5, 8), randn(*leading, 7, 8) * 3, randn(*leading, 7, 6)
    torch.testing.assert_close(
        attention(query, key, value), scaled_dot_product_attention(query, key, value), atol=1e-6, rtol=0
    )


def test_the_layer_is_torch_s_attention_over_places() -> None:
    layer, x = SelfAttention2d(8, heads=2), randn(3, 8, 4, 5)
    assert torch.equal(layer(x), x)  # at first
    nn.init.constant_(layer.gamma, 0.5)
    query, key, value = (
        part.flatten(2).unflatten(1, (2, 4)).transpose(2, 3) for part in layer.project(x).chunk(3, dim=1)
    )
    seen = scaled_dot_product_attention(query, key, value).transpose(2, 3).reshape(3, 8, 4, 5)
    torch.testing.assert_close(layer(x), x + 0.5 * layer.join(seen), atol=1e-6, rtol=0)
    assert all(parameter.requires_grad for parameter in layer.parameters())


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_derivatives_of_both_orders_are_right(check) -> None:
    inputs = [randn(2, 3, 4).double().requires_grad_() for _ in range(3)]
    assert check(attention, inputs)
    layer = SelfAttention2d(4, heads=2).double()
    nn.init.ones_(layer.gamma)
    assert check(layer, (randn(1, 4, 2, 2).double().requires_grad_(),))


def penalty(discriminator: Player, real: Tensor) -> Tensor:
    draws = Draws(torch.zeros(0, 1), None)
    step = Step(Players(discriminator, discriminator), Batch(real, None), draws)
    return R1(1.0).value(step, real, torch.zeros(0))


@pytest.mark.parametrize(("precision", "tolerance"), [("fp64", 1e-12), ("fp32", 1e-5), ("bf16", 3e-2)])
def test_penalties_differentiate_it_in_every_precision(precision: str, tolerance: float) -> None:
    torch.manual_seed(0)
    module, real = Attentive(), randn(4, 1, 8, 8)
    exact = module.double()
    (slope,) = torch.autograd.grad(exact(double := real.double().requires_grad_()).sum(), double, create_graph=True)
    value = slope.flatten(1).square().sum(1).mean() / 2
    gradients = torch.autograd.grad(value, list(exact.parameters()), allow_unused=True)
    engine = Engine(choose("cpu", precision, "off"))
    placed = engine.place(module)
    found = penalty(engine.player(placed), engine.sample(real))
    found.backward()
    assert found.item() == pytest.approx(value.item(), rel=tolerance)
    for parameter, gradient in zip(placed.parameters(), gradients, strict=True):
        if gradient is not None and gradient.any():
            assert parameter.grad is not None
            apart = (parameter.grad.double() - gradient).norm() / gradient.norm()
            assert apart < tolerance


def test_a_compiled_penalty_is_the_eager_one() -> None:
    torch.manual_seed(0)
    engine = Engine(choose("cpu", "fp32", "off"))
    module, real = Attentive(), randn(4, 1, 8, 8)
    torch._dynamo.reset()
    results = []
    for function in (penalty, torch.compile(penalty, backend="aot_eager", dynamic=False)):
        module.zero_grad()
        value = function(engine.player(module), real)
        value.backward()
        results.append([value, *(p.grad for p in module.parameters() if p.grad is not None)])
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(eager, compiled, atol=1e-6, rtol=0)


def test_heads_share_the_channels_evenly() -> None:
    with pytest.raises(Refused, match="SelfAttention2d: 3 heads .* 8 channels"):
        SelfAttention2d(8, heads=3)
