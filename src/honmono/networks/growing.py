"""What every growing network has in common, and how pictures look at one of its stages."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate


class GrowingNetwork(nn.Module, ABC):
    """A network with a stage for each size of picture, built whole; it works at the stage where it was told to stand.

    sizes: sides in pixels of its stages' pictures, the smallest first. It stands at the last until told otherwise.
    What later stages add has parameters from the beginning and is not used, so nothing changes shape on the way.
    """

    alpha: Tensor  # a scalar: how far the stage has faded in
    stage: int
    fading: bool

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes, self.stage, self.fading = sizes, len(sizes) - 1, False
        # The clock tells it, so no checkpoint need. A tensor: code is compiled for each stage, not for each step.
        self.register_buffer("alpha", torch.ones(()), persistent=False)

    def set_stage(self, stage: int, alpha: float) -> None:
        """Takes its stand: at `stage`, faded in by `alpha`."""
        assert 0 <= stage < len(self.sizes) and 0 <= alpha <= 1 and (stage > 0 or alpha == 1)
        self.stage, self.fading = stage, alpha < 1
        self.alpha.fill_(alpha)

    def faded(self, old: Tensor, new: Tensor) -> Tensor:
        """`old` on its way to `new`, exact at both ends."""
        return torch.lerp(old.to(new.dtype), new, self.alpha.to(new.dtype))

    @abstractmethod
    def forward(self, latent_or_sample: Tensor, /, label: Tensor | None = None) -> Tensor: ...


def at_stage(
    real: Float[Tensor, "batch channels full full"], size: int, alpha: Tensor | None
) -> Float[Tensor, "batch channels size size"]:
    """Pictures as a stage of `size` pixels is shown them: averaged; while it fades in, on their way from their coarser
    version, as the generator's are."""
    shown = halved(real, real.shape[-1] // size)
    if alpha is None:
        return shown
    return torch.lerp(enlarged(halved(shown), size), shown, alpha.to(shown.dtype))


def halved(picture: Tensor, factor: int = 2) -> Tensor:
    """Smaller by a whole factor: the mean of each block."""
    return avg_pool2d(picture, factor) if factor > 1 else picture


def enlarged(picture: Tensor, size: int) -> Tensor:
    """`size` pixels a side, each the nearest of those there."""
    return picture if picture.shape[-1] == size else interpolate(picture, size=(size, size), mode="nearest")
