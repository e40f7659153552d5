"""Samplers: solvers' orders on a field with a known end, DDIM as DDPM's own steps, guidance that is none at 1."""

import math

import pytest
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.objectives.diffusion import noised, predicted_real
from honmono.objectives.noise_schedules import CosineNoise, LinearNoise, NoiseSchedule
from honmono.recipe.samplers import DDIM, ODE


NOISE = torch.tensor([[1.0], [-0.5], [2.0]], dtype=torch.float64)


def growing(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
    """dx/dt = x (1 + t), so that x(1) = x(0) exp(1.5)."""
    return x * (1 + t)[:, None]


def labelled(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
    """A network whose output depends on everything that it is given."""
    by_label = torch.zeros(len(x), 1, dtype=x.dtype) if label is None else label[:, None].to(x.dtype) + 1
    return torch.sin(x) * (1 + t[:, None]) + 0.1 * by_label


def draws(seed: int = 0):
    """Noise by the number of the step, the same at each call."""
    return lambda number: torch.randn(
        NOISE.shape, dtype=NOISE.dtype, generator=torch.Generator().manual_seed(seed + number)
    )


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_errors_fall_by_the_solver_s_order_as_steps_double(solver, order: int) -> None:
    exact = NOISE * math.exp(1.5)
    errors = [(ODE(solver=solver, steps=steps)(growing, NOISE) - exact).abs().max().item() for steps in (64, 128, 256)]
    for before, after in zip(errors, errors[1:], strict=False):
        assert after / before == pytest.approx(2.0**-order, rel=0.05)


@pytest.mark.parametrize("solver", ["euler", "midpoint", "heun"])
def test_straight_paths_need_one_step(solver) -> None:
    torch.testing.assert_close(ODE(solver=solver, steps=1)(lambda x, t, label: torch.ones_like(x), NOISE), NOISE + 1)


def test_first_steps_by_hand() -> None:
    def field(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        return x + t[:, None]

    one = torch.ones(1, 1)
    assert ODE(solver="euler", steps=1)(field, one).item() == 2  # 1 + 1
    assert ODE(solver="midpoint", steps=1)(field, one).item() == 3  # 1 + (1.5 + 0.5)
    assert ODE(solver="heun", steps=1)(field, one).item() == 3  # 1 + (1 + (2 + 1)) / 2


@pytest.mark.parametrize(
    ("sampler", "evaluations"),
    [
        (ODE(solver="euler", steps=7), 7),
        (ODE(solver="heun", steps=7), 14),
        (ODE(solver="midpoint", steps=7, guidance=2.0), 28),
        (ODE(solver="euler", steps=7, guidance=0.0), 7),
        (DDIM(steps=7), 7),
        (DDIM(steps=7, guidance=1.5), 14),
    ],
)
def test_evaluations_are_as_many_as_said(sampler: ODE | DDIM, evaluations: int) -> None:
    calls = 0

    def network(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        nonlocal calls
        calls += 1
        assert ((0 <= t) & (t <= 1)).all() and t.shape == (3,)
        return labelled(x, t, label)

    sampler(network, NOISE, torch.tensor([0, 1, 2]), schedule=CosineNoise() if isinstance(sampler, DDIM) else None)
    assert calls == evaluations == sampler.evaluations


@pytest.mark.parametrize(
    ("sampler", "noises"),
    [(DDIM(steps=7), 0), (DDIM(steps=7, eta=0.5), 6), (DDIM(steps=1, eta=1.0), 0), (DDIM(steps=1000, eta=1.0), 999)],
)
def test_noise_is_added_as_often_as_said(sampler: DDIM, noises: int) -> None:
    drawn, draw = list[int](), draws()

    def record(step: int) -> Tensor:
        drawn.append(step)
        return draw(step)

    sampler(labelled, NOISE, schedule=CosineNoise(), draw=record)
    assert drawn == list(range(noises)) and noises == sampler.noises()


def test_velocity_and_noise_lead_to_the_same_samples() -> None:
    schedule, label = LinearNoise(), torch.tensor([0, 1, 2])
    alpha_bars = torch.from_numpy(schedule.alpha_bars())

    def velocity(x: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        left = alpha_bars[(t * schedule.steps).round().long()].view(-1, *[1] * (x.dim() - 1))
        return (labelled(x, t, label) - (1 - left) ** 0.5 * x) / left**0.5

    of_noise = DDIM(steps=7)(labelled, NOISE, label, schedule=schedule)
    of_velocity = DDIM(steps=7)(velocity, NOISE, label, schedule=schedule, returns="velocity")
    torch.testing.assert_close(of_velocity, of_noise, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("sampler", "schedule"), [(ODE, None), (DDIM, CosineNoise())])
def test_guidance_at_1_is_none_bit_for_bit_and_above_is_not(sampler, schedule: NoiseSchedule | None) -> None:
    label = torch.tensor([0, 1, 2])
    plain = sampler(steps=5)(lambda x, t, _: labelled(x, t, label), NOISE, schedule=schedule)
    assert torch.equal(sampler(steps=5, guidance=1.0)(labelled, NOISE, label, schedule=schedule), plain)
    assert not torch.equal(sampler(steps=5, guidance=1.5)(labelled, NOISE, label, schedule=schedule), plain)
    unknown = sampler(steps=5)(labelled, NOISE, None, schedule=schedule)
    assert torch.equal(sampler(steps=5, guidance=0.0)(labelled, NOISE, label, schedule=schedule), unknown)


def posterior(schedule: NoiseSchedule, step: int) -> tuple[float, float, float]:
    """q(x_s-1 | x_s, x_0) by DDPM's equations 6 and 7: the factors of x_0 and x_s in its mean, and its variance."""
    beta, alpha_bar = schedule.betas()[step], schedule.alpha_bars()[step]
    before = schedule.alpha_bars()[step - 1] if step > 0 else 1.0
    variance = (1 - before) / (1 - alpha_bar) * beta
    return before**0.5 * beta / (1 - alpha_bar), (1 - beta) ** 0.5 * (1 - before) / (1 - alpha_bar), variance


def step_back(schedule: NoiseSchedule, step: int) -> tuple[float, float, float]:
    """The same three numbers of DDIM's step with eta 1, whose mean is linear in x_0 and x_s."""
    now, before = schedule.alpha_bars()[step], schedule.alpha_bars()[step - 1] if step > 0 else 1.0
    factors = []
    for real, noisy in ((1.0, 0.0), (0.0, 1.0)):
        x = torch.tensor([noisy], dtype=torch.float64)
        eps = (x - now**0.5 * real) / (1 - now) ** 0.5
        mean, std = DDIM(eta=1.0, clip=None).move(x, eps, predicted_real(x, eps, now), now, before)
        factors.append(mean.item())
    return factors[0], factors[1], std**2


def test_a_step_back_by_hand() -> None:
    two = LinearNoise(steps=2, first=0.36, last=0.75)  # alpha_bar 0.64 and 0.16
    assert step_back(two, 1) == pytest.approx((0.8 * 0.75 / 0.84, 0.5 * 0.36 / 0.84, 0.36 / 0.84 * 0.75))
    assert step_back(two, 0) == pytest.approx((1, 0, 0), abs=1e-12)


@pytest.mark.parametrize("schedule", [LinearNoise(), CosineNoise()])
@pytest.mark.parametrize("step", [1, 500, 999])
def test_a_step_back_is_the_posterior_which_is_bayes_rule(schedule: NoiseSchedule, step: int) -> None:
    """q(x_s-1 | x_s, x_0) is proportional to q(x_s | x_s-1) q(x_s-1 | x_0), two normal distributions of x_s-1."""
    beta, before = schedule.betas()[step], schedule.alpha_bars()[step - 1]
    precision = (1 - beta) / beta + 1 / (1 - before)
    bayes = before**0.5 / (1 - before) / precision, (1 - beta) ** 0.5 / beta / precision, 1 / precision
    assert posterior(schedule, step) == pytest.approx(bayes)
    assert step_back(schedule, step) == pytest.approx(bayes)


@pytest.mark.parametrize("schedule", [LinearNoise(steps=40, last=0.3), CosineNoise(steps=40)])
@pytest.mark.parametrize("clip", [None, 1.0])
def test_ddim_with_eta_1_at_all_steps_is_ancestral_sampling(schedule: NoiseSchedule, clip: float | None) -> None:
    draw, x = draws(), NOISE
    for number, step in enumerate(range(39, -1, -1)):
        eps = labelled(x, torch.full((3,), step / 40, dtype=x.dtype), None)
        real = predicted_real(x, eps, schedule.alpha_bars()[step])
        real = real if clip is None else real.clamp(-clip, clip)
        mean_of_real, mean_of_noisy, variance = posterior(schedule, step)
        x = mean_of_real * real + mean_of_noisy * x + variance**0.5 * draw(number)
    found = DDIM(steps=40, eta=1.0, clip=clip)(labelled, NOISE, schedule=schedule, draw=draw)
    torch.testing.assert_close(found, x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_ddim_returns_the_sample_that_a_network_knows(steps: int) -> None:
    """A network that always finds the noise between x and one sample leads any noise to that sample."""
    schedule, real = CosineNoise(), torch.full_like(NOISE, 0.25)

    def network(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        alpha_bar = schedule.alpha_bars()[round(t[0].item() * 1000)]
        return (x - alpha_bar**0.5 * real) / (1 - alpha_bar) ** 0.5

    torch.testing.assert_close(DDIM(steps=steps)(network, NOISE, schedule=schedule), real)


def test_normal_samples_come_out_with_their_deviation() -> None:
    """Of x_0 ~ N(0, 0.5^2) the best prediction of the noise is known: the sampler's samples have that deviation."""
    schedule, noise = CosineNoise(), torch.randn(5_000, 1, generator=torch.Generator().manual_seed(0))
    random = torch.Generator().manual_seed(1)

    def network(x: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        alpha_bar = schedule.alpha_bars()[round(t[0].item() * 1000)]
        return (1 - alpha_bar) ** 0.5 * x / (0.25 * alpha_bar + 1 - alpha_bar)

    for eta in (0.0, 1.0):
        sampler = DDIM(steps=1000, eta=eta, clip=None)
        sample = sampler(network, noise, schedule=schedule, draw=lambda number: torch.randn(5_000, 1, generator=random))
        assert sample.std().item() == pytest.approx(0.5, rel=0.02)


def test_steps_that_are_kept_are_even_and_begin_at_the_noisiest() -> None:
    schedule = LinearNoise(steps=10)
    kept = [step for step, _, _ in DDIM(steps=5).way(schedule)]
    assert kept == [9, 7, 5, 3, 1]
    levels = schedule.alpha_bars()
    assert list(DDIM(steps=2).way(schedule)) == [(9, levels[9], levels[4]), (4, levels[4], 1.0)]
    assert [step for step, _, _ in DDIM(steps=10).way(schedule)] == list(range(9, -1, -1))


def test_a_sample_is_a_function_of_its_draws() -> None:
    schedule, sampler = LinearNoise(steps=20, last=0.4), DDIM(steps=10, eta=0.7)
    first, again, other = (sampler(labelled, NOISE, schedule=schedule, draw=draws(seed)) for seed in (0, 0, 99))
    assert torch.equal(first, again) and not torch.equal(first, other)
    without = DDIM(steps=10)(labelled, NOISE, schedule=schedule)  # eta 0 draws nothing
    assert torch.equal(without, DDIM(steps=10)(labelled, NOISE, schedule=schedule, draw=draws(5)))


def test_what_cannot_be_sampled_is_refused() -> None:
    for make in (
        lambda: ODE(steps=0),
        lambda: ODE(guidance=-1.0),
        lambda: DDIM(eta=1.1),
        lambda: DDIM(clip=0.0),
        lambda: ODE(guidance=2.0)(labelled, NOISE),
        lambda: ODE()(labelled, NOISE, schedule=CosineNoise()),
        lambda: DDIM()(labelled, NOISE),
        lambda: DDIM(steps=11)(labelled, NOISE, schedule=CosineNoise(steps=10)),
    ):
        with pytest.raises(Refused):
            make()


def test_one_step_back_by_hand() -> None:
    """From alpha_bar 0.16 to 0.64 with the noise known: eta 0 keeps that noise, at its new share."""
    real, eps = torch.tensor([[0.5]], dtype=torch.float64), torch.tensor([[2.0]], dtype=torch.float64)
    noisy = noised(real, eps, 0.16)
    mean, std = DDIM(eta=0.0).move(noisy, eps, predicted_real(noisy, eps, 0.16), 0.16, 0.64)
    assert mean.item() == pytest.approx(0.8 * 0.5 + 0.6 * 2) and std == 0
    _, std = DDIM(eta=1.0).move(noisy, eps, predicted_real(noisy, eps, 0.16), 0.16, 0.64)
    assert std == pytest.approx((0.36 / 0.84 * 0.75) ** 0.5)
