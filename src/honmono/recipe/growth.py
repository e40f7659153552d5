"""Growth: which stage of a growing network trains when, by images seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from honmono.errors import Refused


class StageState(NamedTuple):
    """The stage of a growing network, 0 the smallest, and alpha: how far that stage has faded in (1: completely)."""

    stage: int
    alpha: float


@dataclass(frozen=True)
class Growth:
    """A stage trains by itself for `train` images, then the next one, twice as large, fades in over `fade` images.

    first: side in pixels of the stage to begin with, or of the next larger one that the networks have.
    batch_sizes: of the stages trained first, whose small pictures cost little; all later ones take training.batch_size.
    reset_optimizers: they forget their state when a stage begins to fade in and when it has done so.

    Source: Karras et al., progressive growing (2017, arXiv:1710.10196), section 2 and appendix A.1; the phases and the
    resets as in the authors' code.
    """

    first: int = 4
    train: int = 600_000
    fade: int = 600_000
    batch_sizes: tuple[int, ...] = ()
    reset_optimizers: bool = True

    def __post_init__(self) -> None:
        if self.train < 0 or self.fade < 0 or self.train + self.fade < 1:
            raise Refused(f"growth.train={self.train}, growth.fade={self.fade}: a stage needs one image at least")
        if any(size < 1 for size in self.batch_sizes):
            raise Refused(f"growth.batch_sizes={self.batch_sizes}: a batch holds at least 1 sample")

    def at(self, images: int, sizes: Sequence[int]) -> StageState:
        """The stage, of those with these sides in pixels, that trains when `images` images have been seen."""
        phase, within = divmod(images, self.train + self.fade)
        stage, last = self.begins(sizes) + phase, len(sizes) - 1
        if stage >= last:
            return StageState(last, 1.0)
        return (
            StageState(stage, 1.0) if within <= self.train else StageState(stage + 1, (within - self.train) / self.fade)
        )

    def batch_size(self, images: int, sizes: Sequence[int], otherwise: int) -> int:
        """The size of a batch at that moment; `otherwise` where `batch_sizes` says none."""
        place = self.at(images, sizes).stage - self.begins(sizes)
        return self.batch_sizes[place] if place < len(self.batch_sizes) else otherwise

    def images_after(self, batches: int, sizes: Sequence[int], otherwise: int) -> int:
        """The images in so many batches, all of them full, from the beginning."""
        images, phase = 0, self.train + self.fade
        first = self.train + (self.fade > 0)  # the images at which a second stage begins: a fade does with one more
        while batches > 0:
            size = self.batch_size(images, sizes, otherwise)
            until = ((images - first) // phase + 1) * phase + first  # where the next stage begins
            alike = batches if images >= self.grown(sizes) else min(batches, -(-(until - images) // size))
            batches, images = batches - alike, images + alike * size
        return images

    def grown(self, sizes: Sequence[int]) -> int:
        """The images after which the last stage stands by itself."""
        return (len(sizes) - 1 - self.begins(sizes)) * (self.train + self.fade)

    def begins(self, sizes: Sequence[int]) -> int:
        """The stage to begin with."""
        fitting = [stage for stage, size in enumerate(sizes) if size >= self.first]
        if not fitting:
            raise Refused(f"growth.first={self.first}: pictures have {sizes[-1]} pixels a side, begin with no more")
        return fitting[0]
