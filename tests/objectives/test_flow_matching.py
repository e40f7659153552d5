"""Flow matching: path, target and loss by hand, the distribution of times, and which noise goes to which sample."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.flow_matching import (
    FlowMatching,
    LogitNormalTimes,
    UniformTimes,
    on_path,
    optimal_pairing,
    velocity,
)


NOISE, REAL = torch.tensor([[1.0, 0.0], [0.0, -2.0]]), torch.tensor([[3.0, 4.0], [1.0, 2.0]])


def test_path_and_target_by_hand() -> None:
    t = torch.tensor([[0.25], [1.0]])
    assert on_path(NOISE, REAL, t).tolist() == [[1.5, 1.0], [1.0, 2.0]]
    assert velocity(NOISE, REAL).tolist() == [[2, 4], [1, 4]]


@pytest.mark.parametrize(
    ("weighting", "weights"), [("velocity", (1, 1)), ("sample", (0.75**2, 0.5**2)), ("noise", (0.25**2, 0.5**2))]
)
def test_the_loss_by_hand(weighting: str, weights: tuple[float, float]) -> None:
    objective = FlowMatching(weighting=weighting, label_dropout=0.5)  # pyright: ignore[reportArgumentType]
    seen: list[Tensor] = []

    def network(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        assert label is not None
        seen.extend((x, t, label))
        return torch.ones_like(x)

    uniform = torch.tensor([[0.25, 0.75], [0.5, 0.25]])
    loss = objective.loss(network, REAL, torch.tensor([5, 7]), NOISE, uniform)
    first, second = (2 - 1) ** 2 + (4 - 1) ** 2, (1 - 1) ** 2 + (4 - 1) ** 2
    assert loss.item() == pytest.approx((weights[0] * first + weights[1] * second) / 4)
    assert seen[0].tolist() == [[1.5, 1.0], [0.5, 0.0]]
    assert seen[1].tolist() == [0.25, 0.5] and seen[2].tolist() == [5, -1]


def test_the_mean_of_velocities_is_the_best_network() -> None:
    """Where two paths cross, the least loss is at the mean of their velocities, and grows by the square beside it."""
    noise, real, uniform = torch.tensor([[-1.0], [1.0]]), torch.tensor([[3.0], [1.0]]), torch.full((2, 2), 0.5)
    losses = [
        FlowMatching().loss(lambda x, t, label, v=v: torch.full_like(x, v), real, None, noise, uniform).item()
        for v in (1.0, 2.0, 3.0)
    ]
    assert losses == pytest.approx([5, 4, 5])


def test_times_are_distributed_as_their_names_say() -> None:
    uniform = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    assert torch.equal(UniformTimes().times(uniform), uniform)
    t = LogitNormalTimes(mean=0.5, std=2.0).times(uniform)
    logits = torch.logit(t).numpy()
    np.testing.assert_allclose(logits, norm.ppf(uniform.numpy(), 0.5, 2.0), atol=1e-9)
    assert LogitNormalTimes().times(torch.tensor([0.0, 0.5])).tolist() == [0, 0.5]


@pytest.mark.parametrize("shape", [(2,), (1, 2, 3)])
def test_pairs_are_the_nearest_of_all_pairings(shape: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    noise, real = (torch.randn(6, *shape, generator=random) for _ in range(2))

    def cost(order: Tensor) -> float:
        return (noise[order] - real).square().sum().item()

    best = min(cost(torch.tensor(order)) for order in permutations(range(6)))
    order = optimal_pairing(noise, real)
    assert sorted(order.tolist()) == list(range(6)) and cost(order) == pytest.approx(best)


def test_noise_is_exchanged_within_a_label_only() -> None:
    noise, real = torch.tensor([[0.0], [1.0], [2.0], [3.0]]), torch.tensor([[3.0], [2.0], [1.0], [0.0]])
    assert optimal_pairing(noise, real).tolist() == [3, 2, 1, 0]
    assert optimal_pairing(noise, real, torch.tensor([4, 7, 4, 7])).tolist() == [2, 3, 0, 1]


def test_the_loss_of_an_optimal_pairing_is_that_of_the_exchanged_noise() -> None:
    noise, real, uniform = torch.tensor([[0.0], [5.0]]), torch.tensor([[5.0], [0.0]]), torch.full((2, 2), 0.5)
    losses = [
        FlowMatching(pairing=pairing).loss(lambda x, t, label: torch.zeros_like(x), real, None, noise, uniform).item()
        for pairing in ("independent", "optimal")
    ]
    assert losses == [25, 0]


def test_an_optimal_pairing_compiles_into_the_loss_s_one_graph() -> None:
    torch._dynamo.reset()

    def loss(noise: Tensor, real: Tensor, uniform: Tensor) -> Tensor:
        objective = FlowMatching(pairing="optimal", times=LogitNormalTimes())
        return objective.loss(lambda x, t, label: x * t[:, None], real, None, noise, uniform)

    inputs = NOISE, REAL.flip(0), torch.tensor([[0.3, 0.1], [0.6, 0.1]])
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True, dynamic=False)(*inputs)
    torch.testing.assert_close(compiled, loss(*inputs))


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(Refused, match="label_dropout"):
        FlowMatching(label_dropout=-0.1)
    with pytest.raises(Refused, match="std"):
        LogitNormalTimes(std=0)
