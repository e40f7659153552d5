"""Flow matching along straight paths: noise is led to samples by the velocity that a network learns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, library

from honmono.errors import Refused
from honmono.networks.conditioning import TimedNetwork, drop_labels
from honmono.networks.outputs import full
from honmono.objectives.base import Objective, Prediction, Step


def on_path(
    noise: Float[Tensor, "batch *sample_shape"],
    real: Float[Tensor, "batch *sample_shape"],
    t: Float[Tensor, "batch *ones"],
) -> Float[Tensor, "batch *sample_shape"]:
    """x_t = (1 - t) noise + t real: noise at t = 0, the sample at t = 1.

    Source: Lipman et al. (2022), arXiv:2210.02747, equation 22 with sigma_min = 0; Liu et al. (2022), arXiv:2209.03003.
    """
    return (1 - t) * noise + t * real


def velocity(
    noise: Float[Tensor, "batch *sample_shape"], real: Float[Tensor, "batch *sample_shape"]
) -> Float[Tensor, "batch *sample_shape"]:
    """dx_t / dt = real - noise, at every t: the target (Lipman et al., 2022, arXiv:2210.02747, equation 23)."""
    return real - noise


class Times(ABC):
    """The distribution of the times at which a network is trained."""

    @abstractmethod
    def times(self, uniform: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
        """Times from 0 to 1, of as many numbers U(0, 1)."""


@final
@dataclass(frozen=True)
class UniformTimes(Times):
    """t ~ U(0, 1)."""

    def times(self, uniform: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
        return uniform


@final
@dataclass(frozen=True)
class LogitNormalTimes(Times):
    """log(t / (1 - t)) ~ N(mean, std): more of the middle, where noise and sample are hardest to tell apart.

    Source: Esser et al., Stable Diffusion 3 (2024), arXiv:2403.03206, equation 19; mean 0 and std 1 were best there.
    Their t = 1 is noise: a mean above 0 means more noise there, and less here.
    """

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        if not self.std > 0:
            raise Refused(f"objective.times.std is {self.std}; give a number above 0")

    def times(self, uniform: Float[Tensor, " batch"]) -> Float[Tensor, " batch"]:
        return (self.mean + self.std * torch.special.ndtri(uniform)).sigmoid()


def optimal_pairing(
    noise: Float[Tensor, "batch *sample_shape"],
    real: Float[Tensor, "batch *sample_shape"],
    label: Int[Tensor, " batch"] | None = None,
) -> Int[Tensor, " batch"]:
    """Which noise goes to each real sample, so that the squared distances of pairs have the least sum.

    Paths that cross less are straighter, and need fewer steps. Where there are labels, noise is exchanged among samples
    of one label only: otherwise the noise of a label would not be N(0, 1), from which its samples are drawn later.
    Source: Tong et al. (2023), arXiv:2302.00482, algorithm 3; the assignment is exact.
    """
    return _assign(
        noise, real, torch.zeros(len(real), dtype=torch.int64, device=real.device) if label is None else label
    )


@library.custom_op("honmono::optimal_pairing", mutates_args=())
def _assign(noise: Tensor, real: Tensor, label: Tensor) -> Tensor:
    from scipy.optimize import linear_sum_assignment

    order = torch.arange(len(real))
    points, targets, classes = noise.detach().flatten(1).double(), real.detach().flatten(1).double(), label.cpu()
    for one in classes.unique():
        places = (classes == one).nonzero()[:, 0]
        at = places.to(real.device)
        _, columns = linear_sum_assignment(torch.cdist(targets[at], points[at]).square().cpu().numpy())
        order[places] = places[torch.from_numpy(columns)]
    return order.to(real.device)


@_assign.register_fake
def _(noise: Tensor, real: Tensor, label: Tensor) -> Tensor:
    return torch.empty_like(label, dtype=torch.int64)


@dataclass(frozen=True, kw_only=True)
class FlowMatching(Objective):
    """E w(t) ||network(x_t, t) - (real - noise)||^2, x_t = (1 - t) noise + t real.

    times: how t is drawn.
    pairing: "optimal" exchanges the noise within a batch by `optimal_pairing`, which couples its samples.
    weighting: which error is counted: that of the "velocity", w = 1; of the sample that it leads to, "sample",
        w = (1 - t)^2; or of the noise that it comes from, "noise", w = t^2.
    label_dropout: the share of labels that training hides, so that guidance by labels is possible when sampling.
    Source: Lipman et al. (2022), arXiv:2210.02747, equation 23.
    """

    predicts: ClassVar[Prediction] = "velocity"
    times: Times = UniformTimes()
    pairing: Literal["independent", "optimal"] = "independent"
    weighting: Literal["velocity", "sample", "noise"] = "velocity"
    label_dropout: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.label_dropout <= 1:
            raise Refused(f"objective.label_dropout is {self.label_dropout}; give a number from 0 to 1")

    @property
    def couples_samples(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.pairing == "optimal"

    def generator_loss(self, step: Step) -> Mapping[str, Tensor]:
        (real, label), draws = step.batch, step.draws
        assert draws.uniform is not None
        return {"velocity": self.loss(step.players.generator, real, label, draws.latent, draws.uniform)}

    def num_uniform(self) -> int:
        """How many numbers, U(0, 1), a sample's loss takes: for its time, and for whether its label is hidden."""
        return 2

    def loss(
        self,
        network: TimedNetwork,
        real: Float[Tensor, "batch *sample_shape"],
        label: Int[Tensor, " batch"] | None,
        noise: Float[Tensor, "batch *sample_shape"],
        uniform: Float[Tensor, "batch numbers"],
    ) -> Float[Tensor, ""]:
        """The mean over batch and numbers of a sample. noise: N(0, 1). uniform: U(0, 1), (batch, `num_uniform`)."""
        if self.pairing == "optimal":
            noise = noise[optimal_pairing(noise, real, label)]
        t = self.times.times(uniform[:, 0])
        label = label if label is None else drop_labels(label, uniform[:, 1], self.label_dropout)
        at = t.view(-1, *[1] * (real.dim() - 1))
        error = full(network(on_path(noise, real, at), t, label)) - velocity(noise, real)
        weight = {"velocity": torch.ones_like(at), "sample": (1 - at) ** 2, "noise": at**2}[self.weighting]
        return (weight * error.square()).mean()
