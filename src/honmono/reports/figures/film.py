"""A run's sample grids as a film."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from honmono.errors import Refused
from honmono.files import atomic_write_bytes


MOST_FRAMES = 200  # of more pictures, evenly spaced ones are used, including the first and the last
FRAME = (40, 250)  # milliseconds: shortest and longest duration of a frame
LENGTH = 6_000  # milliseconds of the whole film, within the limits of FRAME
LAST = 1_500  # milliseconds: duration of the last frame


def frames(samples: Path) -> list[Path]:
    """The sample grids of a samples directory, sorted by step, without `real.png` and others."""
    return sorted(samples.glob("[0-9]" * 9 + ".png"))


def film(pictures: list[Path], path: Path) -> None:
    """Writes the pictures as a looping `.gif`, or as a `.webp`, which has all colours and is smaller.

    Smaller pictures, of earlier stages of a growing network, are enlarged to the size of the last one.
    """
    if path.suffix not in (".gif", ".webp"):
        raise Refused(f"'{path.name}' is not a .gif or .webp file: give one of them")
    assert pictures, "a film of no pictures"
    chosen = np.unique(np.linspace(0, len(pictures) - 1, min(len(pictures), MOST_FRAMES)).round().astype(int))
    opened = [_open(pictures[index]) for index in chosen]
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
