"""Samples as files: a grid, a directory of PNGs, a .npy, or a film from latent to latent."""

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from honmono.errors import Refused
from honmono.files import atomic_file, refuse_unwritable
from honmono.generation.load import TrainedRun
from honmono.randomness import stream
from honmono.reports.figures.points import POINTS
from honmono.runs.images import FORMATS, grid, save_picture, to_uint8


GRID_LIMIT = 1_024  # samples; a larger grid would be neither legible nor small in memory
SCATTER_LIMIT = 100_000
FILES = {".npy", ".gif", ".bmp", ".tif", ".tiff", ".mp4"}  # endings of no directory


def write_samples(
    trained: TrainedRun,
    num: int,
    out: Path | None = None,
    *,
    raw: bool = False,
    label: str | None = None,
    seed: int = 0,
    truncation: float | None = None,
) -> Path:
    """Writes `num` samples where `out` says, and returns the path; memory does not grow with `num`."""
    points = len(trained.interface.sample_shape) == 1
    out = out or trained.run.path / _default_name(num, raw, points)
    refuse_unwritable(out.parent, "name another place with --out")
    asked = {"label": label, "seed": seed, "truncation": truncation}
    if raw:
        if out.suffix != ".npy":
            raise Refused(f"--raw writes a .npy file, and --out is {out}")
        return _write_raw(trained, num, out, **asked)
    if out.suffix.lower() in FORMATS:
        if num > (limit := SCATTER_LIMIT if points else GRID_LIMIT):
            raise Refused(
                f"a picture holds at most {limit} samples: take --raw"
                + ("" if points else ", or give --out a directory")
            )
        return _write_scatter(trained, num, out, **asked) if points else _write_grid(trained, num, out, **asked)
    if out.suffix.lower() in FILES or points:
        raise Refused(
            f"--out {out}: a .png, .jpg or .webp for one picture, or with --raw a .npy"
            + ("" if points else ", or a directory")
        )
    return _write_directory(trained, num, out, **asked)


def _default_name(num: int, raw: bool, points: bool) -> str:
    return "samples.npy" if raw else "samples.png" if num <= GRID_LIMIT or points else f"samples-{num}"


def _write_raw(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    chunks = trained.chunks(num, **asked)
    first = next(chunks)  # refused before anything is there
    out.parent.mkdir(parents=True, exist_ok=True)
    header = {"descr": "<f4", "fortran_order": False, "shape": (num, *trained.interface.sample_shape)}
    # Written, not memory-mapped: a full disk then raises OSError, where a mapping kills the process by SIGBUS.
    with atomic_file(out) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chain([first], chunks):
            file.write(chunk.numpy().astype("<f4", copy=False).tobytes())
    return out


def _write_grid(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    classes = len(trained.classes)
    columns = classes if 2 <= classes <= 16 and asked["label"] is None else min(8, num) if num <= 64 else 32
    pictures = trained.pictures(num, **asked)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_picture(grid(pictures, columns), out)
    return out


def _write_scatter(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    from honmono.reports.figures.points import scatter

    samples = trained.sample(num, **asked).numpy()
    data = trained.recipe.data.open()
    real = data.gather(np.arange(min(POINTS, data.length or POINTS)), stream(0, "scatter")).real
    out.parent.mkdir(parents=True, exist_ok=True)
    scatter(real.numpy(), samples, out)
    return out


def _write_directory(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    """PNGs numbered in order; a conditional run's go into one subfolder for each class, ready to be used as data."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused(f"--out {out}: it holds something already; name a new directory")
    chunks = trained.chunks(num, **asked)
    place = None if asked["label"] is None else trained.class_number(asked["label"])
    number = 0
    for chunk in chunks:
        for picture in to_uint8(chunk, trained.range):
            folder = out
            if trained.classes:
                folder = out / _folder_name(trained.classes, place if place is not None else number)
            folder.mkdir(parents=True, exist_ok=True)
            channels_last = picture.transpose(1, 2, 0)
            Image.fromarray(channels_last[..., 0] if picture.shape[0] == 1 else channels_last).save(
                folder / f"{number:06d}.png"
            )
            number += 1
    return out


def _folder_name(classes: Sequence[str], place: int) -> str:
    """A class's name as that of a folder below, wherever the name came from."""
    name = re.sub(r"[/\\\0]", "-", classes[place % len(classes)])
    return name if name.strip(".") else f"class-{place % len(classes)}"
