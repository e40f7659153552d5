"""Projection of a picture: the latent whose sample is nearest to it, by optimisation from several starts."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from honmono.data.parallel import progress
from honmono.errors import Refused
from honmono.generation.latents.saved import SavedLatents
from honmono.generation.load import TrainedRun
from honmono.metrics.features.perceptual import distance_for


POOL, STARTS = 512, 4  # samples among which the nearest are where the search starts; with samplers in steps fewer
LEARNING_RATE = 0.1  # of Adam, which falls to 0 by a cosine


@dataclass(frozen=True)
class Projection:
    """The result of projecting a picture into the latent space.

    latents: of one sample, with its class.
    sample: (1, *sample_shape), and `before`: the nearest of the random samples.
    distance, distance_before: in features, of both. features: of which network.
    error: root of the mean squared difference of pixels; black and white are 2 apart.
    """

    latents: SavedLatents
    sample: Tensor
    before: Tensor
    distance: float
    distance_before: float
    features: str
    error: float


class Search:
    """The distance of a run's samples to a target, and how it was made small."""

    def __init__(self, trained: TrainedRun, target: Tensor) -> None:
        if trained.recipe.sampling == "batch":
            raise Refused(
                "project needs samples that do not depend on the others of their batch: add --batch-norm running"
            )
        low, high = trained.model.range or (-1.0, 1.0)
        device = next(trained.raw_generator.parameters()).device
        self.scale, self.middle = 2 / (high - low), (low + high) / 2
        self.generator, self.target = trained.generator, self.scaled(target.to(device))
        self.perceptual = distance_for(trained.model.data_spec.sample_shape, device)

    def scaled(self, samples: Tensor) -> Tensor:
        """Samples whose black is -1 and white 1."""
        return (samples.float() - self.middle) * self.scale

    def distances(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Of each sample, in features and as the mean squared difference of pixels."""
        seen = self.scaled(samples)
        return self.perceptual(seen, self.target), (seen - self.target).square().mean((1, 2, 3))

    def improve(self, latent: Tensor, label: Tensor | None, steps: int, advance: Callable[[], None]) -> Tensor:
        """The latents after that many steps of Adam, each at the best that it passed."""
        z = latent.clone().requires_grad_()
        optimizer = torch.optim.Adam([z], lr=LEARNING_RATE)
        best, nearest = latent.clone(), torch.full((len(latent),), float("inf"), device=latent.device)
        for step in range(steps + 1):
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 + cos(pi * step / max(steps, 1))) / 2
            loss = torch.stack(self.distances(self.generator(z, label))).sum(0)
            better = loss.detach() < nearest
            nearest, best[better] = torch.where(better, loss.detach(), nearest), z.detach()[better]
            z.grad = torch.autograd.grad(loss.sum(), z)[0]
            optimizer.step()
            advance()
        return best


def project(
    trained: TrainedRun,
    target: Float[Tensor, "1 channels height width"],
    *,
    label: str | int | None = None,
    steps: int = 300,
    seed: int = 0,
) -> Projection:
    """The latent whose sample is nearest to a target in features and pixels.

    target: in the range of the samples. label: the class of the sample; None: that of the nearest start.
    steps: of the optimisation, from each of the random samples that are nearest.
    Source: Abdal et al., Image2StyleGAN (2019), arXiv:1904.03189, section 4, in the latent z.
    """
    if steps < 1:
        raise Refused(f"--steps {steps}: give at least 1")
    search = Search(trained, target)
    latent, classes = _starts(trained, search, None if label is None else trained.class_number(label), seed)
    with progress("projecting", steps + 1) as advance:
        found = search.improve(latent, classes, steps, advance)
    with torch.no_grad():
        samples, before = search.generator(found, classes), search.generator(latent[:1], _first(classes, 0))
        features, pixels = search.distances(samples)
        best = int((features + pixels).argmin())
        names = () if classes is None else (trained.classes[int(classes[best])],)
        return Projection(
            SavedLatents(found[best : best + 1].cpu().numpy(), names),
            samples[best : best + 1].float().cpu(),
            before.float().cpu(),
            float(features[best]),
            float(search.distances(before)[0]),
            search.perceptual.name,
            float(pixels[best].sqrt()),
        )


@torch.no_grad()
def _starts(trained: TrainedRun, search: Search, label: int | None, seed: int) -> tuple[Tensor, Tensor | None]:
    """Latents and labels of the random samples that are nearest to the target, nearest first."""
    number = max(STARTS, POOL // trained.model.sampler.evaluations)
    chunks, device = trained.model.draws(seed=seed, label=label), search.target.device
    drawn = [next(chunks)[:2] for _ in range(-(-number // trained.recipe.training.batch_size))]
    latents, labels = (torch.from_numpy(np.concatenate(part)).to(device) for part in zip(*drawn, strict=True))
    classes = labels if trained.classes else None
    distances = [
        torch.stack(search.distances(search.generator(latents[part], _part(classes, part)))).sum(0)
        for part in torch.arange(len(latents)).split(trained.recipe.training.batch_size)
    ]
    nearest = torch.cat(distances).argsort()[:STARTS]
    return latents[nearest], _part(classes, nearest)


def _part(labels: Tensor | None, part: Tensor) -> Tensor | None:
    return None if labels is None else labels[part]


def _first(labels: Tensor | None, place: int) -> Tensor | None:
    return None if labels is None else labels[place : place + 1]
