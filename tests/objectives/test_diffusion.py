"""Diffusion: values computed by hand on a schedule of two steps, and what follows from them in general."""

import numpy as np
import pytest
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.diffusion import (
    DDPM,
    loss_weights,
    noise_of_velocity,
    noised,
    predicted_real,
    real_of_velocity,
    steps_from,
)
from honmono.objectives.noise_schedules import LinearNoise


TWO = LinearNoise(steps=2, first=0.36, last=0.75)  # alpha_bar 0.64 and 0.16


def tables(objective: DDPM) -> dict[str, Tensor]:
    return {name: torch.from_numpy(table) for name, table in objective.tables().items()}


def test_noise_and_its_removal_by_hand() -> None:
    real, noise = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 0.5]])
    noisy = noised(real, noise, 0.64)
    torch.testing.assert_close(noisy, torch.tensor([[0.8 * 2 + 0.6, -0.8 + 0.3]]))
    torch.testing.assert_close(predicted_real(noisy, noise, 0.64), real)


def test_weights_by_hand() -> None:
    assert loss_weights(TWO, "simple").tolist() == [1, 1]
    assert loss_weights(TWO, "variational") == pytest.approx([0.36 / (2 * 0.64 * 0.36), 0.75 / (2 * 0.25 * 0.84)])
    assert loss_weights(LinearNoise(steps=2, first=0.1, last=0.5), "min_snr") == pytest.approx([5 / 9, 1])


@pytest.mark.parametrize(("weighting", "weights"), [("simple", (1, 1)), ("variational", (0.78125, 1.7857142857))])
def test_the_loss_by_hand(weighting: str, weights: tuple[float, float]) -> None:
    objective = DDPM(schedule=TWO, weighting=weighting, label_dropout=0.5)  # pyright: ignore[reportArgumentType]
    seen: list[Tensor] = []

    def network(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        assert label is not None
        seen.extend((x, t, label))
        return torch.zeros_like(x)

    real, noise = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [-1.0]])
    uniform = torch.tensor([[0.4, 0.4], [0.6, 0.6]])  # steps 0 and 1; the first label is hidden
    loss = objective.loss(network, real, torch.tensor([0, 1]), noise, uniform, tables(objective))
    assert loss.item() == pytest.approx((weights[0] * 9 + weights[1] * 1) / 2)
    torch.testing.assert_close(seen[0], torch.tensor([[0.8 + 0.6 * 3], [0.4 * 2 - 0.84**0.5]]))
    assert seen[1].tolist() == [0, 0.5] and seen[2].tolist() == [-1, 1]


def test_a_network_that_knows_the_noise_has_no_loss() -> None:
    objective, real = DDPM(), torch.full((8, 1, 2, 2), 0.5)
    noise = torch.randn(8, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    uniform = torch.linspace(0, 0.9, 8)[:, None].expand(8, objective.num_uniform())
    loss = objective.loss(lambda x, t, label: noise, real, None, noise, uniform, tables(objective))
    assert loss.item() == 0


def test_a_network_may_return_the_velocity_by_hand() -> None:
    objective = DDPM(schedule=TWO, output="velocity", weighting="velocity", label_dropout=0)
    assert loss_weights(TWO, "velocity") == pytest.approx([1 / 0.64, 1 / 0.16])
    real, noise, v = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [-1.0]]), torch.tensor([[0.5], [0.25]])
    true = torch.tensor([[0.8 * 3 - 0.6 * 1], [0.4 * -1 - 0.84**0.5 * 2]])  # of samples with noise to step 0 and 1
    uniform = torch.tensor([[0.4, 0.9], [0.6, 0.9]])
    loss = objective.loss(lambda x, t, label: v, real, None, noise, uniform, tables(objective))
    assert loss.item() == pytest.approx((v - true).square().mean().item())
    noisy = noised(real[:1], noise[:1], 0.64)
    torch.testing.assert_close(noise_of_velocity(noisy, true[:1], 0.64), noise[:1])
    torch.testing.assert_close(real_of_velocity(noisy, true[:1], 0.64), real[:1])
    assert objective.network_returns() == "velocity" and DDPM().network_returns() == "noise"


def test_every_step_is_as_probable() -> None:
    uniform = torch.from_numpy(np.append(np.arange(100) / 100, 1 - 2**-24).astype(np.float32))
    step = steps_from(uniform, 4)
    assert step.bincount().tolist() == [25, 25, 25, 26]
    assert steps_from(torch.tensor([1.0]), 4).item() == 3


def test_an_impossible_share_of_labels_is_refused() -> None:
    with pytest.raises(Refused, match="label_dropout"):
        DDPM(label_dropout=1.5)
