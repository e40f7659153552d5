"""Stacked MNIST: three digits drawn at random become one picture's red, green and blue, so that it has 1,000 modes.

Source: Metz et al., unrolled GANs (2016, arXiv:1611.02163), and Srivastava et al., VEEGAN (2017, arXiv:1705.07761). The
defaults are PacGAN's (Lin et al., 2018, arXiv:1712.04086): 128,000 pictures, drawn once.
"""

import hashlib
from dataclasses import dataclass
from typing import final

import numpy as np
import torch

from honmono.data.base import Batch, Data, Dataset
from honmono.data.packing.one_picture import Request
from honmono.data.packing.pack import pack
from honmono.data.packing.packed import PackedPictures
from honmono.data.packing.survey import Survey
from honmono.data.sources.open import open_source
from honmono.errors import Refused
from honmono.randomness import stream


CHANNELS = 3


@dataclass(frozen=True, kw_only=True)
class StackedMNIST(Data):
    """Colour pictures of three grey ones each, without classes.

    source: of the grey ones, as in `Pictures`: a directory of MNIST's IDX files, "hf:NAME", "digits", ...
    samples: size of the finite set; each of its pictures is drawn on its own, with replacement.
    size: in pixels; None: as in `Pictures`. What is smaller is centred on black, what is larger scaled down.
    range: what black and full colour become.
    draw_seed: which finite set is drawn; it is no part of the run's seed.
    """

    source: str | None = None
    samples: int = 128_000
    size: int | None = None
    range: tuple[float, float] = (-1.0, 1.0)
    draw_seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1 or (self.limit is not None and self.limit < 1):
            raise Refused(f"data.samples={self.samples}, data.limit={self.limit}: at least one picture is needed")
        if self.size is not None and self.size < 4:
            raise Refused(f"data.size={self.size}: pictures need at least 4 pixels a side")
        if self.range[0] >= self.range[1]:
            raise Refused(f"data.range={self.range}: black must be below full colour, as in (-1.0, 1.0)")

    def open(self) -> "StackedDigits":
        """Packs the digits unless the cache has them, and draws which are stacked."""
        if self.source is None:
            raise Refused("this recipe has no digits of its own to stack: give --data stacked-mnist:DIR")
        request = Request(size=self.size, fit="pad" if self.size else "crop")
        digits = PackedPictures(pack(open_source(self.source), request, self._accept), self.source, self.range, False)
        count = self.samples if self.limit is None else min(self.samples, self.limit)
        return StackedDigits(digits, count, self.draw_seed)

    def _accept(self, holds: Survey) -> None:
        if not holds.grey or holds.square() is None:
            raise Refused(
                f"{self.source} holds {holds}, and stacked-mnist stacks grey squares of one size: give it a directory"
                " of MNIST's IDX files"
            )


@final
class StackedDigits(Dataset):
    """Stacks made when they are gathered: the digits are kept once, and for each stack the numbers of its three.

    The first stacks are the same for equal digits and `draw_seed`, however many there are.
    """

    classes = ()

    def __init__(self, digits: PackedPictures, samples: int, draw_seed: int) -> None:
        assert digits.length is not None
        self._digits = digits
        self._members = stream(draw_seed, "stacked").integers(digits.length, size=(samples, CHANNELS))
        self.length = samples
        self.sample_shape = (CHANNELS, *digits.sample_shape[1:])
        content = digits.fingerprint.encode() + self._members.astype("<i8").tobytes()
        self.fingerprint = hashlib.blake2b(content, digest_size=16).hexdigest()

    def to(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Moves the digits."""
        self._digits.to(device, dtype)

    def gather(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        """The stacks at `indices`, (batch, 3, size, size), without labels."""
        digits = self._digits.gather(self._members[indices].reshape(-1), random).real
        return Batch(digits.view(len(indices), *self.sample_shape), None)
