"""`honmono sample`: samples as a grid, a directory of PNGs or a .npy file."""

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from honmono.errors import Refused
from honmono.files import atomic_file, refuse_unwritable
from honmono.generation.latents.saved import SavedLatents, read_latents
from honmono.generation.load import TrainedRun, loaded
from honmono.randomness import stream
from honmono.reports.figures.points import POINTS
from honmono.runs.images import FORMATS, grid, save_picture


NUM = 64  # samples, if no number is given
GRID_LIMIT = 1_024  # samples; a larger grid would be illegible and large
SCATTER_LIMIT = 100_000
FILE_SUFFIXES = {".npy", ".gif", ".bmp", ".tif", ".tiff", ".mp4"}  # of --out, which is not a directory then


def write_samples(
    run: str | Path | TrainedRun,
    num: int | None = None,
    out: str | Path | None = None,
    *,
    raw: bool = False,
    label: str | None = None,
    seed: int = 0,
    truncation: float | None = None,
    latents: str | Path | None = None,
) -> Path:
    """Writes `num` samples to `out` and returns the path. Memory does not grow with `num`.

    run: a run or its directory, then with its newest checkpoint.
    out: FILE.png for a grid, FILE.npy with `raw`, or a directory; None: in the run's directory.
    raw: write the generator's own values.
    num: None: 64, or all latents of a file.
    label, seed, truncation: as for `TrainedRun.sample`.
    latents: a file of saved ones, in place of those of a seed.
    """
    trained = loaded(run)
    saved = _read_latents(latents, num, None if trained.model.makes_styles else truncation)
    num = (NUM if saved is None else len(saved.latents)) if num is None else num
    points = len(trained.model.data_spec.sample_shape) == 1
    out = trained.run.path / _default_name(num, raw, points) if out is None else Path(out)
    refuse_unwritable(out.parent, "give another path with --out")
    options = {"label": label, "seed": seed, "truncation": truncation, "latents": saved}
    if raw:
        if out.suffix != ".npy":
            raise Refused(f"--out {out}: give a .npy file with --raw")
        return _write_raw(trained, num, out, **options)
    if out.suffix.lower() in FORMATS:
        _refuse_many(num, points)
        return _write_scatter(trained, num, out, **options) if points else _write_grid(trained, num, out, **options)
    if out.suffix.lower() in FILE_SUFFIXES or points:
        raise Refused(
            f"--out {out}: give a .png, .jpg or .webp file, a .npy file with --raw"
            + ("" if points else ", or a directory")
        )
    return _write_directory(trained, num, out, **options)


def _refuse_many(num: int, points: bool) -> None:
    if num > (limit := SCATTER_LIMIT if points else GRID_LIMIT):
        raise Refused(
            f"--num {num}: a picture has at most {limit} samples: use --raw"
            + ("" if points else ", or give a directory as --out")
        )


def _read_latents(path: str | Path | None, num: int | None, truncation: float | None) -> SavedLatents | None:
    if path is None:
        return None
    if truncation is not None:
        raise Refused("--latents and --truncation: give only one of them, since saved latents stay as they are")
    saved = read_latents(Path(path))
    if num is not None and num > len(saved.latents):
        raise Refused(f"--num {num}: {path} holds {len(saved.latents)} latents: give at most these, or omit it")
    return saved


def _default_name(num: int, raw: bool, points: bool) -> str:
    return "samples.npy" if raw else "samples.png" if num <= GRID_LIMIT or points else f"samples-{num}"


def _write_raw(trained: TrainedRun, num: int, out: Path, **options: Any) -> Path:
    chunks = trained.chunks(num, **options)
    first = next(chunks)  # refused before anything is there
    out.parent.mkdir(parents=True, exist_ok=True)
    header = {"descr": "<f4", "fortran_order": False, "shape": (num, *trained.model.data_spec.sample_shape)}
    # Not memory-mapped: a full disk then raises OSError instead of killing the process with SIGBUS.
    with atomic_file(out) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chain([first], chunks):
            file.write(chunk.numpy().astype("<f4", copy=False).tobytes())
    return out


def _write_grid(trained: TrainedRun, num: int, out: Path, **options: Any) -> Path:
    pictures = trained.pictures(num, **options)
    out.parent.mkdir(parents=True, exist_ok=True)
    in_turn = options["label"] is None and options["latents"] is None
    save_picture(grid(pictures, columns_of(num, len(trained.classes), not in_turn)), out)
    return out


def columns_of(num: int, classes: int, one_class: bool) -> int:
    """The columns of a grid: one for each class, where there are few and the samples are of all."""
    return classes if 2 <= classes <= 16 and not one_class else min(8, num) if num <= 64 else 32


def _write_scatter(trained: TrainedRun, num: int, out: Path, **options: Any) -> Path:
    from honmono.reports.figures.points import scatter

    samples = trained.sample(num, **options).numpy()
    data = trained.recipe.data.open()
    real = data.gather(np.arange(min(POINTS, data.length or POINTS)), stream(0, "scatter")).real
    out.parent.mkdir(parents=True, exist_ok=True)
    scatter(real.numpy(), samples, out)
    return out


def _write_directory(trained: TrainedRun, num: int, out: Path, **options: Any) -> Path:
    """Writes numbered PNGs; of a conditional run in a subfolder for each class, which can be used as data."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused(f"--out {out}: it is not empty; give a new directory")
    chunks = trained.chunks(num, **options)
    labels = _folders(trained, options["label"], options["latents"])
    number = 0
    for chunk in chunks:
        for picture in trained.model.pictures(chunk):
            folder = out
            if trained.classes:
                folder = out / _folder_name(trained.classes, labels[number % len(labels)])
            folder.mkdir(parents=True, exist_ok=True)
            channels_last = picture.transpose(1, 2, 0)
            Image.fromarray(channels_last[..., 0] if picture.shape[0] == 1 else channels_last).save(
                folder / f"{number:06d}.png"
            )
            number += 1
    return out


def _folders(trained: TrainedRun, label: str | None, saved: SavedLatents | None) -> Sequence[int]:
    """The classes of the samples, in turn."""
    if label is not None:
        return [trained.class_number(label)]
    return range(len(trained.classes)) if saved is None else saved.labels_of(trained.model).tolist()


def _folder_name(classes: Sequence[str], index: int) -> str:
    """A class's name as a safe folder name: it may come from another user's data."""
    name = re.sub(r"[/\\\0]", "-", classes[index])
    return name if name.strip(".") else f"class-{index}"
