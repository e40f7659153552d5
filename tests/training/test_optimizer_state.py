"""An optimizer that is given another's flat state goes on as the other does."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer, RMSprop

from honmono.training import optimizer_state


def network(layout: torch.memory_format = torch.contiguous_format) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Conv2d(2, 3, 3).to(memory_format=layout)  # type: ignore[call-overload]


def step(module: nn.Module, optimizer: Optimizer) -> None:
    optimizer.zero_grad()
    module(torch.linspace(-1, 1, 64).view(1, 2, 4, 8)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: Adam(parameters, lr=0.1, fused=True),
        lambda parameters: Adam(parameters, lr=0.1, amsgrad=True),
        lambda parameters: RMSprop(parameters, lr=0.1),
        lambda parameters: SGD(parameters, lr=0.1, momentum=0.9),
        lambda parameters: SGD(parameters, lr=0.1),  # remembers nothing
    ],
)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_restored_optimizer_goes_on_as_the_first(make: Callable[..., Optimizer], layout: torch.memory_format) -> None:
    first, second = network(layout), network(layout)
    optimizer = make(first.parameters())
    step(first, optimizer)
    kept = {name: tensor.clone().contiguous() for name, tensor in optimizer_state.tensors(optimizer).items()}
    second.load_state_dict(first.state_dict())
    restored = make(second.parameters())
    optimizer_state.restore(restored, kept)
    for module, moved_by in ((first, optimizer), (second, restored)):
        step(module, moved_by)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_names_tell_the_parameter_and_what_is_kept_of_it() -> None:
    module = network()
    optimizer = Adam(module.parameters())
    assert optimizer_state.tensors(optimizer) == {}
    step(module, optimizer)
    names = {f"{place}.{name}" for place in (0, 1) for name in ("step", "exp_avg", "exp_avg_sq")}
    assert set(optimizer_state.tensors(optimizer)) == names
