"""Pictures that show how they lie, and what a source makes of them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from honmono.data.pictures import Pictures


class Seen(NamedTuple):
    """pixels: (n, height, width[, 3]) uint8. labels: the name of each picture's class, [] without classes."""

    pixels: np.ndarray
    labels: list[str]
    classes: tuple[str, ...]
    notes: list[str]


@pytest.fixture(scope="session")
def noise() -> Callable[..., np.ndarray]:
    """`noise(6, 8, 8, 3)`: no two rows, columns, channels or pictures are equal; 0 and 255 are among the numbers."""

    def noise(*shape: int) -> np.ndarray:
        pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        pixels.flat[:2] = 0, 255
        return pixels

    return noise


@pytest.fixture(scope="session")
def seen() -> Callable[..., Seen]:
    """Opens a source, at its pictures' own size."""

    def seen(source: object) -> Seen:
        opened = Pictures(source=str(source), range=(0, 255), max_size=1024).open()
        assert opened.length is not None
        real, label = opened.gather(np.arange(opened.length), np.random.default_rng(0))
        pixels = real.permute(0, 2, 3, 1).numpy().astype(np.uint8)
        labels = [] if label is None else [opened.classes[place] for place in label.tolist()]
        return Seen(pixels[..., 0] if pixels.shape[3] == 1 else pixels, labels, opened.classes, opened.record["notes"])

    return seen
