"""Looking at every sample that is drawn to be measured: what a number would keep quiet about is said in plain words."""

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Failed


CLIPPED_SHARE = 0.01  # of all values; less than that is a generator without tanh that overshoots here and there
MOST_COUNTED = 4_096  # different samples that are told apart; whoever makes so many has not collapsed
FEW = 10  # each different sample, drawn so many times or more


class SampleChecks:
    """Counts what is wrong with the samples of one generator.

    range: what stands for black and white; None for points, which have no bounds.
    """

    def __init__(self, range: tuple[float, float] | None) -> None:
        self._range = range
        self.seen = 0
        self._values = self._outside = 0
        self._different: set[int] = set()

    def look(self, samples: Tensor, rows: np.ndarray) -> None:
        """Looks at a chunk of samples, and at its rows as they are measured: pictures once they are quantized.

        Raises `Failed` where a sample is not finite.
        """
        self.seen += len(samples)
        finite = torch.isfinite(samples).flatten(1).all(1)
        if not bool(finite.all()):
            raise Failed(
                f"the generator returns NaN or infinity ({int((~finite).sum())} of {len(samples)} samples looked at): "
                "its weights have diverged, and there is nothing to measure; take an earlier checkpoint"
            )
        if len(self._different) < MOST_COUNTED:
            self._different.update(hash(row.tobytes()) for row in rows)
        if self._range is not None:
            low, high = self._range
            half_level = (high - low) / 510
            self._outside += int(((samples < low - half_level) | (samples > high + half_level)).sum())
            self._values += samples.numel()

    def notes(self) -> list[str]:
        """What is to be said beside the numbers; [] where all is well."""
        notes = []
        different = len(self._different)
        if different == 1 and self.seen > 1:
            notes.append(
                f"all {self.seen:,} samples are one and the same: the generator has collapsed, and no number says more"
            )
        elif different < MOST_COUNTED and different * FEW <= self.seen:
            notes.append(f"among {self.seen:,} samples only {different:,} are different: the generator repeats itself")
        if self._range is not None and self._outside > CLIPPED_SHARE * self._values:
            low, high = self._range
            share = f"{self._outside / self._values:.1%} of the generator's values lie outside the data's range"
            notes.append(f"{share}, {low:g} to {high:g}, by more than half a grey level: they were clipped")
        return notes
