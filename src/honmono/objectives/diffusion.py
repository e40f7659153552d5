"""Denoising diffusion: samples with noise, the noise removed from them, and the loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from honmono.errors import Refused
from honmono.networks.conditioning import TimedNetwork, drop_labels
from honmono.networks.outputs import full
from honmono.objectives.base import DiffusionOutput, Objective, Prediction, Step
from honmono.objectives.noise_schedules import CosineNoise, NoiseSchedule


Weighting = Literal["simple", "min_snr", "variational", "velocity"]


def noised(
    real: Float[Tensor, "batch *sample_shape"],
    noise: Float[Tensor, "batch *sample_shape"],
    alpha_bar: Float[Tensor, "batch *ones"] | float,
) -> Float[Tensor, "batch *sample_shape"]:
    """x_s ~ q(x_s | x_0): sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise (DDPM, arXiv:2006.11239, equation 4)."""
    return alpha_bar**0.5 * real + (1 - alpha_bar) ** 0.5 * noise


def predicted_real(
    noisy: Float[Tensor, "batch *sample_shape"], noise: Float[Tensor, "batch *sample_shape"], alpha_bar: float
) -> Float[Tensor, "batch *sample_shape"]:
    """x_0 from x_s and the noise in it: `noised` the other way round (DDPM, arXiv:2006.11239, equation 15)."""
    return (noisy - (1 - alpha_bar) ** 0.5 * noise) / alpha_bar**0.5


def noise_of_velocity(
    noisy: Float[Tensor, "batch *sample_shape"],
    velocity: Float[Tensor, "batch *sample_shape"],
    alpha_bar: Float[Tensor, "batch *ones"] | float,
) -> Float[Tensor, "batch *sample_shape"]:
    """The noise in x_s from v = sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) x_0.

    Source: Salimans & Ho (2022), arXiv:2202.00512, appendix D.
    """
    return alpha_bar**0.5 * velocity + (1 - alpha_bar) ** 0.5 * noisy


def real_of_velocity(
    noisy: Float[Tensor, "batch *sample_shape"], velocity: Float[Tensor, "batch *sample_shape"], alpha_bar: float
) -> Float[Tensor, "batch *sample_shape"]:
    """The sample x_0 in x_s from v, without a division (arXiv:2202.00512, appendix D)."""
    return alpha_bar**0.5 * noisy - (1 - alpha_bar) ** 0.5 * velocity


def loss_weights(schedule: NoiseSchedule, weighting: Weighting) -> np.ndarray:
    """What the squared error of the noise of each step is multiplied by; float64.

    "simple": 1 (Ho et al., DDPM, 2020, arXiv:2006.11239, equation 14). "variational": beta / (2 alpha (1 - alpha_bar)),
    the terms of the variational bound with variance beta (equation 12 there). "min_snr": min(SNR, 5) / SNR, SNR =
    alpha_bar / (1 - alpha_bar), so that nearly clean samples count less (Hang et al., 2023, arXiv:2303.09556).
    "velocity": 1 / alpha_bar, with which the squared error is that of v (`noise_of_velocity`), and very noisy samples
    count as much as others (Salimans & Ho, 2022, arXiv:2202.00512, section 4).
    """
    beta, alpha_bar = schedule.betas(), schedule.alpha_bars()
    if weighting == "simple":
        return np.ones_like(beta)
    if weighting == "variational":
        return beta / (2 * (1 - beta) * (1 - alpha_bar))
    if weighting == "velocity":
        return 1 / alpha_bar
    return np.minimum(5 * (1 - alpha_bar) / alpha_bar, 1)


@dataclass(frozen=True, kw_only=True)
class DDPM(Objective):
    """E w_s ||noise - network(x_s, s / steps)||^2 over steps s drawn uniformly, x_s = `noised` of the real sample.

    label_dropout: the share of labels that training hides, so that guidance by labels is possible when sampling.
    weighting: `loss_weights`.
    output: what the network returns: the noise, or the velocity v, from which the noise is computed
        (`noise_of_velocity`). A small error of the noise in a very noisy sample is a large error of the sample.
    Source: Ho et al., DDPM (2020), arXiv:2006.11239, algorithm 1.
    """

    predicts: ClassVar[Prediction] = "noise"
    schedule: NoiseSchedule = CosineNoise()
    weighting: Weighting = "simple"
    output: DiffusionOutput = "noise"
    label_dropout: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.label_dropout <= 1:
            raise Refused(f"objective.label_dropout is {self.label_dropout}; give a number from 0 to 1")

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        (real, label), draws = step.batch, step.draws
        assert draws.uniform is not None
        return {"noise": self.loss(step.players.generator, real, label, draws.latent, draws.uniform, draws.factors)}

    def noise_schedule(self) -> NoiseSchedule:
        return self.schedule

    def network_returns(self) -> DiffusionOutput:
        return self.output

    def draw(self, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Nothing random: `tables`, which compiled losses take as tensors."""
        return self.tables()

    def num_uniform(self) -> int:
        """How many numbers, U(0, 1), a sample's loss takes: for its step, and for whether its label is hidden."""
        return 2

    def tables(self) -> dict[str, np.ndarray]:
        """alpha_bar and the loss's weight at every step of the schedule, float64 (steps,)."""
        return {"alpha_bar": self.schedule.alpha_bars(), "weight": loss_weights(self.schedule, self.weighting)}

    def loss(
        self,
        network: TimedNetwork,
        real: Float[Tensor, "batch *sample_shape"],
        label: Int[Tensor, " batch"] | None,
        noise: Float[Tensor, "batch *sample_shape"],
        uniform: Float[Tensor, "batch numbers"],
        tables: Mapping[str, Float[Tensor, " steps"]],
    ) -> Float[Tensor, ""]:
        """The mean over batch and numbers of a sample. noise: N(0, 1). uniform: U(0, 1), (batch, `num_uniform`).

        tables: `tables`, as tensors. They come from outside because compiled losses take tensors, not NumPy.
        """
        step = steps_from(uniform[:, 0], self.schedule.steps)
        alpha_bar = _per_sample(tables["alpha_bar"], step, real)
        weight = _per_sample(tables["weight"], step, real)
        label = label if label is None else drop_labels(label, uniform[:, 1], self.label_dropout)
        noisy = noised(real, noise, alpha_bar)
        predicted = full(network(noisy, step.to(real.dtype) / self.schedule.steps, label))
        if self.output == "velocity":
            predicted = noise_of_velocity(noisy, predicted, alpha_bar)
        return (weight * (predicted - noise).square()).mean()


def steps_from(uniform: Float[Tensor, " batch"], steps: int) -> Int[Tensor, " batch"]:
    """Whole numbers from 0 to steps - 1, each as probable, from U(0, 1)."""
    return (uniform * steps).long().clamp(max=steps - 1)


def _per_sample(table: Tensor, step: Tensor, like: Tensor) -> Tensor:
    """(batch, 1, ..., 1): the table's value at each sample's step."""
    return table[step].to(like.dtype).view(-1, *[1] * (like.dim() - 1))
