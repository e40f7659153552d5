"""The base class of progressively growing networks, and pictures at the resolution of one stage."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate


class GrowingNetwork(nn.Module, ABC):
    """A network with one stage for each picture size, which computes up to the stage that `set_stage` chose.

    sizes: side lengths in pixels of the stages' pictures, the smallest first. The initial stage is the last.
    All stages have their parameters from the start, used or not, so that no shape changes while the network grows.
    """

    alpha: Tensor  # a scalar: how far the stage has faded in, from 0 to 1
    stage: int
    fading: bool

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes, self.stage, self.fading = sizes, len(sizes) - 1, False
        # Not saved: it follows from the images seen. A tensor, so that code is compiled per stage rather than per step.
        self.register_buffer("alpha", torch.ones(()), persistent=False)

    def set_stage(self, stage: int, alpha: float) -> None:
        """Makes `stage` the current one, faded in by `alpha`."""
        assert 0 <= stage < len(self.sizes) and 0 <= alpha <= 1 and (stage > 0 or alpha == 1)
        self.stage, self.fading = stage, alpha < 1
        self.alpha.fill_(alpha)

    def faded(self, old: Tensor, new: Tensor) -> Tensor:
        """(1 - alpha) * old + alpha * new, exact at both ends."""
        return torch.lerp(old.to(new.dtype), new, self.alpha.to(new.dtype))

    @abstractmethod
    def forward(self, latent_or_sample: Tensor, /, label: Tensor | None = None) -> Tensor: ...


def at_stage(
    real: Float[Tensor, "batch channels full full"], size: int, alpha: Tensor | None
) -> Float[Tensor, "batch channels size size"]:
    """Real pictures as input of a stage of `size` pixels: averaged down to it and, while it fades in, blended with
    their version at the previous stage, as the generator's pictures are.

    alpha: None where the stage does not fade in.
    """
    small = halved(real, real.shape[-1] // size)
    if alpha is None:
        return small
    return torch.lerp(enlarged(halved(small), size), small, alpha.to(small.dtype))


def halved(picture: Tensor, factor: int = 2) -> Tensor:
    """Average pooling by an integer factor."""
    return avg_pool2d(picture, factor) if factor > 1 else picture


def enlarged(picture: Tensor, size: int) -> Tensor:
    """Nearest-neighbour upsampling to `size` pixels a side."""
    return picture if picture.shape[-1] == size else interpolate(picture, size=(size, size), mode="nearest")
