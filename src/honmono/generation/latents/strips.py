"""`honmono directions`: a page of film strips, in which samples move along directions, and the directions as JSON."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from honmono.errors import Refused
from honmono.files import atomic_write_bytes, refuse_unwritable, write_json
from honmono.generation.latents.directions import Directions, closed_form, components
from honmono.generation.load import TrainedRun, loaded
from honmono.reports.html import Picture, render
from honmono.runs.images import grid, viewable


METHODS = {"sefa": "SeFa: what the first layer responds to most", "pca": "GANSpace: principal components of features"}
SAMPLES, MOVES = 4, 7  # rows and columns of a strip
LARGE = 32  # pixels; larger pictures are written as JPEG


def write_directions(
    run: str | Path | TrainedRun,
    out: str | Path | None = None,
    *,
    methods: Sequence[str] = tuple(METHODS),
    num: int = 8,
    reach: float = 4.0,
    label: str | None = None,
    seed: int = 0,
) -> tuple[Path, Path]:
    """Writes the page, and beside it the directions as JSON. Returns both paths.

    run: a run or its directory, then with its newest checkpoint.
    out: a .html file; None: in the run's directory.
    methods: of "sefa" and "pca".
    num: directions by each method. reach: how far latents are moved, to either side.
    label: the class of all samples. seed: of the samples.
    """
    trained = loaded(run)
    out = trained.run.path / "directions.html" if out is None else Path(out)
    if out.suffix != ".html":
        raise Refused(f"--out {out}: give a .html file; the directions are written beside it, as .json")
    if not 0 < reach < float("inf"):
        raise Refused(f"--reach {reach}: give a number above 0")
    refuse_unwritable(out.parent, "give another path with --out")
    found = [_found(trained, method, num, label, seed) for method in methods]
    document = render(
        "generation/latents/directions.html",
        title=f"Directions of {trained.run.path.name}",
        summary=f"Each row is one sample, whose latent is moved by {-reach:g} to {reach:g} along a direction.",
        found=[(METHODS[one.method], _strips(trained, one, reach, label, seed)) for one in found],
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(out, document.encode())
    write_json(out.with_suffix(".json"), {"recipe": trained.name, "directions": [_as_json(one) for one in found]})
    return out, out.with_suffix(".json")


def _found(trained: TrainedRun, method: str, num: int, label: str | None, seed: int) -> Directions:
    index = None if label is None else trained.class_number(label)
    if method == "sefa":
        return closed_form(trained.model, num)
    if method == "pca":
        return components(trained.model, num, label=index, seed=seed)
    raise Refused(f"--method {method}: give sefa or pca, or omit it for both")


def _as_json(found: Directions) -> dict[str, Any]:
    vectors = found.vectors.astype(np.float64).tolist()
    return {"method": found.method, "strengths": found.strengths.tolist(), "vectors": vectors}


def _strips(trained: TrainedRun, found: Directions, reach: float, label: str | None, seed: int) -> list[Picture]:
    saved = trained.saved_latents(SAMPLES, label=label, seed=seed)
    labels = saved.labels_of(trained.model).repeat(MOVES)
    moves = np.linspace(-reach, reach, MOVES)
    strips = []
    for number, (vector, strength) in enumerate(zip(found.vectors, found.strengths, strict=True), 1):
        moved = saved.latents[:, None] + moves[None, :, None] * vector
        pictures = trained.model.pictures(trained.at(moved.reshape(-1, len(vector)), labels))
        strips.append(_picture(pictures, f"{found.method} {number}", f"strength {strength:.3g}"))
    return strips


def _picture(pictures: np.ndarray, caption: str, more: str) -> Picture:
    strip, buffer = viewable(grid(pictures, MOVES)), io.BytesIO()
    if max(pictures.shape[2:]) > LARGE:
        strip.save(buffer, format="JPEG", quality=90)
        return Picture(buffer.getvalue(), "jpeg", caption, more)
    strip.save(buffer, format="PNG")
    return Picture(buffer.getvalue(), "png", caption, more)
