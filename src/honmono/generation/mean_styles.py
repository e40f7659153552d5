"""The mean styles of a generator, towards which truncation moves those of a sample."""

import torch
from jaxtyping import Float
from torch import Tensor

from honmono.networks.batch_norm import sampling
from honmono.networks.styles import StyleGenerator
from honmono.randomness import stream
from honmono.recipe.latents import Latent


SAMPLES = 4_096  # latents; the error of the mean is about 1/64 of the styles' deviation


@torch.no_grad()
def mean_styles(
    generator: StyleGenerator, latent: Latent, sample_shape: tuple[int, ...], classes: int
) -> Float[Tensor, "classes num_styles width"]:
    """The mean styles of each class, over the same random latents; one row where there are no classes."""
    drawn = latent.draw(stream(0, "mean styles"), SAMPLES, sample_shape)
    z = torch.from_numpy(drawn).to(next(generator.parameters()))
    labels = [torch.full((SAMPLES,), number, device=z.device) for number in range(classes)] or [None]
    with sampling(generator):
        return torch.stack([generator.styles(z, label).mean(0) for label in labels])
