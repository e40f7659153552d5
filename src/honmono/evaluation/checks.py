"""Checks of the generated samples of an evaluation, for problems that its numbers do not show."""

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Failed


CLIPPED_SHARE = 0.01  # of all values; a generator without tanh may have a few values outside the range
MOST_COUNTED = 4_096  # distinct samples; a generator with so many has not collapsed
REPEATS = 10  # of each distinct sample, on average, from which on a note says so


class SampleChecks:
    """NaN, clipping and duplicate checks on the samples of one generator.

    range: the values of black and white; None for points, which are not bounded.
    """

    def __init__(self, range: tuple[float, float] | None) -> None:
        self._range = range
        self.seen = 0
        self._values = self._outside = 0
        self._distinct: set[int] = set()

    def update(self, samples: Tensor, rows: np.ndarray) -> None:
        """Checks a chunk of samples.

        samples: as generated.
        rows: the same samples as they are measured; of pictures, quantized.
        Raises `Failed` where a sample is not finite.
        """
        self.seen += len(samples)
        finite = torch.isfinite(samples).flatten(1).all(1)
        if not bool(finite.all()):
            raise Failed(
                f"the generator returns NaN or infinity ({int((~finite).sum())} of {len(samples)} samples): "
                "its weights have diverged; evaluate an earlier checkpoint"
            )
        if len(self._distinct) < MOST_COUNTED:
            self._distinct.update(hash(row.tobytes()) for row in rows)
        if self._range is not None:
            low, high = self._range
            half_level = (high - low) / 510
            self._outside += int(((samples < low - half_level) | (samples > high + half_level)).sum())
            self._values += samples.numel()

    def notes(self) -> list[str]:
        """The problems found, a sentence each."""
        notes = []
        distinct = len(self._distinct)
        if distinct == 1 and self.seen > 1:
            notes.append(f"all {self.seen:,} samples are equal: the generator has collapsed")
        elif distinct < MOST_COUNTED and distinct * REPEATS <= self.seen:
            notes.append(f"of {self.seen:,} samples only {distinct:,} are distinct: the generator repeats itself")
        if self._range is not None and self._outside > CLIPPED_SHARE * self._values:
            low, high = self._range
            share = f"{self._outside / self._values:.1%} of the generator's values are outside the data's range"
            notes.append(f"{share}, {low:g} to {high:g}, by more than half a grey level: they were clipped")
        return notes
