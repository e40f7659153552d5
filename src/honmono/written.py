"""Samples as files: a grid, a directory of PNGs, a .npy, or a film from latent to latent."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.latents import Normal
from honmono.randomness import stream
from honmono.runs.grids import grid, save_png, to_uint8
from honmono.trained import TrainedRun
from honmono.training.pictures import POINTS


GRID_LIMIT = 1_024  # samples; a larger grid would be neither legible nor small in memory
SCATTER_LIMIT = 100_000
FILES = {".png", ".npy", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}  # endings of no directory
STEPS_BETWEEN, STOPS, FRAME_MS = 12, 6, 60
LEAST_SINE = 1e-3  # of the angle between latents; float32 cannot tell smaller angles


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
    if out.suffix == ".png":
        if num > (limit := SCATTER_LIMIT if points else GRID_LIMIT):
            raise Refused(
                f"a picture holds at most {limit} samples: take --raw"
                + ("" if points else ", or give --out a directory")
            )
        return _write_scatter(trained, num, out, **asked) if points else _write_grid(trained, num, out, **asked)
    if out.suffix.lower() in FILES or points:
        raise Refused(
            f"--out {out}: a .png for one picture, or with --raw a .npy" + ("" if points else ", or a directory")
        )
    return _write_directory(trained, num, out, **asked)


def _default_name(num: int, raw: bool, points: bool) -> str:
    return "samples.npy" if raw else "samples.png" if num <= GRID_LIMIT or points else f"samples-{num}"


def _write_raw(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    chunks = trained.chunks(num, **asked)
    first = next(chunks)  # refused before anything is there
    out.parent.mkdir(parents=True, exist_ok=True)
    header = {"descr": "<f4", "fortran_order": False, "shape": (num, *trained.interface.sample_shape)}
    beside = out.with_name(f".{out.name}.partial")
    try:
        # Written, not mapped: a full disk is then an error that can be told, where a mapping dies of SIGBUS.
        with open(beside, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in chain([first], chunks):
                file.write(chunk.numpy().astype("<f4", copy=False).tobytes())
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    return out


def _write_grid(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    classes = len(trained.classes)
    columns = classes if 2 <= classes <= 16 and asked["label"] is None else min(8, num) if num <= 64 else 32
    pictures = trained.pictures(num, **asked)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_png(grid(pictures, columns), out)
    return out


def _write_scatter(trained: TrainedRun, num: int, out: Path, **asked: Any) -> Path:
    from honmono.plots.points import scatter

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


def write_interpolation(
    trained: TrainedRun,
    out: Path | None = None,
    *,
    seed: int = 0,
    label: str | None = None,
    labels: Sequence[str] = (),
) -> Path:
    """A film of a grid of samples whose latents walk a closed path through random stops.

    label: one class by its name. labels: several, as in `walk`. Without them each sample keeps its class, all in turn.
    """
    out = out or trained.run.path / "interpolation.gif"
    if out.suffix not in (".gif", ".webp"):
        raise Refused(f"--out {out}: a film ends in .gif or .webp")
    if len(trained.interface.sample_shape) == 1:
        raise Refused("interpolate makes films of pictures, and this run makes points: honmono plot films its training")
    refuse_unwritable(out.parent, "name another place with --out")
    asked = [] if label is None and not labels else _walked(label, labels)
    columns = len(trained.classes) if 2 <= len(trained.classes) <= 16 and not asked else 8
    steps = walk(trained, columns * 4, [trained.class_number(one) for one in asked], seed=seed)
    frames = [grid(to_uint8(samples, trained.range), columns) for samples in steps]
    out.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(out, save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0)
    return out


def _walked(label: str | None, labels: Sequence[str]) -> Sequence[str]:
    """The classes that a film goes through."""
    if label is not None and labels:
        raise Refused("--label is for a film of one class, --labels for one of several: give one of them")
    if len(labels) == 1:
        raise Refused(f"--labels {labels[0]}: name two classes or more, as in A,B; --label is for one")
    return labels if label is None else [label]


def walk(trained: TrainedRun, number: int, classes: Sequence[int] = (), *, seed: int = 0) -> Iterator[Tensor]:
    """The samples of each frame (number, *sample_shape), whose latents go from stop to stop and back to the first.

    classes: that of each stop in turn. Halfway between two stops the class changes at once, while the latents walk on:
    generators learn nothing between two classes. (): each sample keeps its class, all in turn.
    """
    latent, every = trained.recipe.latent, len(trained.classes)
    turns = -(-STOPS // max(len(classes), 1))  # as often through all classes as makes enough stops
    count = turns * len(classes) or STOPS
    stops = [latent.draw(stream(seed, "interpolate", stop), number) for stop in range(count)]
    for stop, (here, there) in enumerate(zip(stops, stops[1:] + stops[:1], strict=True)):
        for share in np.arange(STEPS_BETWEEN) / STEPS_BETWEEN:
            z = slerp(here, there, share) if isinstance(latent, Normal) else here + share * (there - here)
            labels = np.arange(number) % every if every else None
            if classes:
                labels = np.full(number, classes[(stop + (share >= 0.5)) % len(classes)])
            yield trained.at(z, labels)


def slerp(here: np.ndarray, there: np.ndarray, share: float) -> np.ndarray:
    """Spherical interpolation of rows: normal latents keep their length on the way (White, arXiv:1609.04468).

    Straight between rows of equal directions, where both are the same, and of opposite ones, where no arc is given.
    """
    norms = np.linalg.norm(here, axis=1) * np.linalg.norm(there, axis=1)
    angle = np.arccos(np.clip((here * there).sum(1) / norms, -1.0, 1.0))[:, None]
    sine = np.sin(angle)
    straight = sine < LEAST_SINE
    arc = (np.sin((1 - share) * angle) * here + np.sin(share * angle) * there) / np.where(straight, 1, sine)
    return np.where(straight, here + share * (there - here), arc)
