from copy import deepcopy

import numpy as np
import pytest
import torch

from honmono.recipe.adam import TensorFlowAdam


@pytest.mark.parametrize("fused", [None, True])
def test_it_is_tensorflow_s_adam(fused: bool | None) -> None:
    """Against the formula itself, with an eps that matters."""
    random = np.random.default_rng(0)
    lr, (b1, b2), eps = 0.01, (0.5, 0.999), 0.1
    parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64))
    optimizer = TensorFlowAdam([parameter], lr=lr, betas=(b1, b2), eps=eps, fused=fused)
    p, m, v = np.array([1.0, -2.0, 3.0]), np.zeros(3), np.zeros(3)
    for t in range(1, 21):
        g = random.normal(size=3)
        parameter.grad = torch.from_numpy(g.copy())
        optimizer.step()
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        p = p - lr * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps)
        np.testing.assert_allclose(parameter.detach().numpy(), p, rtol=1e-12)
    assert optimizer.param_groups[0]["eps"] == eps


def test_a_restored_state_goes_on_where_it_was() -> None:
    def step(parameter: torch.nn.Parameter, optimizer: TensorFlowAdam) -> None:
        parameter.grad = parameter.detach() ** 2
        optimizer.step()

    one = torch.nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
    whole = TensorFlowAdam([one], lr=0.1, eps=0.5)
    for _ in range(3):
        step(one, whole)
    other = torch.nn.Parameter(one.detach().clone())
    resumed = TensorFlowAdam([other], lr=0.1, eps=0.5)
    resumed.load_state_dict(deepcopy(whole.state_dict()))
    for _ in range(3):
        step(one, whole)
        step(other, resumed)
    assert torch.equal(one, other)


def test_hooks_of_a_step_are_called_once() -> None:
    """Though torch wraps the step of every class of optimizer that was ever made."""
    parameter = torch.nn.Parameter(torch.ones(2))
    torch.optim.Adam([parameter])
    optimizer, called = TensorFlowAdam([parameter]), []
    optimizer.register_step_pre_hook(lambda *_: called.append("before"))
    optimizer.register_step_post_hook(lambda *_: called.append("after"))
    parameter.grad = torch.ones(2)
    optimizer.step()
    assert called == ["before", "after"]
