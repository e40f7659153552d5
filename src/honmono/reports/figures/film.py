"""A run's sample pictures, one after the other, as a film."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from honmono.errors import Refused
from honmono.files import atomic_write_bytes


MOST_FRAMES = 200  # more are thinned out evenly, the first and the last kept
FRAME = (40, 250)  # milliseconds: shortest and longest showing of a frame
LENGTH = 6_000  # milliseconds for the whole film, as far as FRAME allows
LAST = 1_500  # milliseconds for which the last frame stays


def frames(samples: Path) -> list[Path]:
    """The pictures of a samples directory in the order of their steps; `real.png` and others are left out."""
    return sorted(samples.glob("[0-9]" * 9 + ".png"))


def film(pictures: list[Path], path: Path) -> None:
    """Writes the pictures as a looping `.gif`, or as a `.webp`, which keeps all colours and is smaller.

    Smaller pictures, from before a network grew, are enlarged without smoothing to the size of the last.
    """
    if path.suffix not in (".gif", ".webp"):
        raise Refused(f"a film is a .gif or a .webp, and '{path.name}' is neither")
    assert pictures, "a film of no pictures"
    kept = np.unique(np.linspace(0, len(pictures) - 1, min(len(pictures), MOST_FRAMES)).round().astype(int))
    opened = [_open(pictures[place]) for place in kept]
    mode, size = opened[-1].mode, opened[-1].size
    first, *rest = [frame.convert(mode).resize(size, Image.Resampling.NEAREST) for frame in opened]
    each = int(np.clip(LENGTH / len(opened), *FRAME))
    buffer = io.BytesIO()
    first.save(
        buffer,
        format=path.suffix[1:].upper(),
        save_all=True,
        append_images=rest,
        duration=[*[each] * len(rest), LAST],
        loop=0,
    )
    atomic_write_bytes(path, buffer.getvalue())


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.copy()
