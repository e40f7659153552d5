"""Progressive growing: which stage of a growing network is trained after how many images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from honmono.errors import Refused


class StageState(NamedTuple):
    """The stage of a growing network (0: the smallest) and alpha, how far that stage has faded in (1: completely)."""

    stage: int
    alpha: float


@dataclass(frozen=True)
class Growth:
    """Each stage is trained for `train` images; then the next one, twice as large, fades in over `fade` images.

    first: side in pixels of the first stage; where the networks have no such stage, the next larger one is taken.
    batch_sizes: batch sizes of the first stages, in order; the later ones use training.batch_size.
    reset_optimizers: whether the optimizers' state is cleared when a stage starts to fade in and when it is done.

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
            raise Refused(f"growth.train={self.train}, growth.fade={self.fade}: their sum must be at least 1")
        if any(size < 1 for size in self.batch_sizes):
            raise Refused(f"growth.batch_sizes={self.batch_sizes}: give sizes of at least 1")

    def at(self, images: int, sizes: Sequence[int]) -> StageState:
        """The stage and alpha after `images` images, for networks whose stages have these sides in pixels."""
        phase, within = divmod(images, self.train + self.fade)
        stage, last = self.first_stage(sizes) + phase, len(sizes) - 1
        if stage >= last:
            return StageState(last, 1.0)
        return (
            StageState(stage, 1.0) if within <= self.train else StageState(stage + 1, (within - self.train) / self.fade)
        )

    def batch_size(self, images: int, sizes: Sequence[int], default: int) -> int:
        """The batch size after `images` images; `default` for stages that `batch_sizes` does not list."""
        place = self.at(images, sizes).stage - self.first_stage(sizes)
        return self.batch_sizes[place] if place < len(self.batch_sizes) else default

    def images_after(self, batches: int, sizes: Sequence[int], default: int) -> int:
        """The number of images in the first `batches` batches, all of them full."""
        images, phase = 0, self.train + self.fade
        first = self.train + (self.fade > 0)  # images after which the second stage starts; with a fade, one more
        while batches > 0:
            size = self.batch_size(images, sizes, default)
            until = ((images - first) // phase + 1) * phase + first  # images after which the next stage starts
            equal = batches if images >= self.images_to_full_size(sizes) else min(batches, -(-(until - images) // size))
            batches, images = batches - equal, images + equal * size
        return images

    def images_to_full_size(self, sizes: Sequence[int]) -> int:
        """The number of images after which the last stage has faded in completely."""
        return (len(sizes) - 1 - self.first_stage(sizes)) * (self.train + self.fade)

    def first_stage(self, sizes: Sequence[int]) -> int:
        """The index of the stage that is trained first."""
        fitting = [stage for stage, size in enumerate(sizes) if size >= self.first]
        if not fitting:
            raise Refused(
                f"growth.first={self.first}: the pictures have {sizes[-1]} pixels a side: give {sizes[-1]} or less"
            )
        return fitting[0]
