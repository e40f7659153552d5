"""Betas and what is left of a sample, against the papers' numbers."""

import math

import numpy as np
import pytest

from honmono.errors import Refused
from honmono.objectives.noise_schedules import CosineNoise, LinearNoise


def test_the_linear_schedule_is_ddpm_s() -> None:
    betas = LinearNoise().betas()
    assert betas[0] == 1e-4 and betas[-1] == 0.02 and len(betas) == 1000
    assert np.diff(betas) == pytest.approx(0.0199 / 999)
    assert LinearNoise(steps=3, first=0.1, last=0.5).alpha_bars() == pytest.approx([0.9, 0.9 * 0.7, 0.9 * 0.7 * 0.5])
    assert LinearNoise().alpha_bars()[-1] == pytest.approx(4.04e-5, rel=0.01)


def test_the_cosine_schedule_is_its_formula_but_for_the_bound() -> None:
    left = [math.cos(math.pi / 2 * (s / 10 + 0.008) / 1.008) ** 2 for s in range(11)]
    alpha_bars = CosineNoise(steps=10).alpha_bars()
    assert alpha_bars[:-1] == pytest.approx([value / left[0] for value in left[1:-1]])
    assert CosineNoise(steps=10).betas()[-1] == 0.999  # where the formula has 1
    assert alpha_bars[-1] == pytest.approx(alpha_bars[-2] / 1000)


@pytest.mark.parametrize("schedule", [LinearNoise(), CosineNoise(), LinearNoise(steps=100, last=0.2)])
def test_noise_grows(schedule: LinearNoise | CosineNoise) -> None:
    alpha_bars = schedule.alpha_bars()
    assert alpha_bars.shape == (schedule.steps,) and alpha_bars.dtype == np.float64
    assert (np.diff(alpha_bars) < 0).all() and alpha_bars[0] > 0.99 and 0 < alpha_bars[-1] < 0.01


def test_impossible_schedules_are_refused() -> None:
    for make in (
        lambda: LinearNoise(steps=0),
        lambda: LinearNoise(first=0.0),
        lambda: LinearNoise(first=0.5, last=0.1),
        lambda: CosineNoise(most=1.0),
        lambda: CosineNoise(offset=-0.1),
    ):
        with pytest.raises(Refused):
            make()
