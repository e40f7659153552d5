"""A run's grids: their files, sizes and cells."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.recipe.grids import SampleGrid
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.value import Recipe
from honmono.reports.figures.film import frames
from honmono.runs.directory import RunDirectory
from honmono.runs.images import GAP


GRIDS = (
    SampleGrid(columns=8),
    SampleGrid(name="rows", latent="row", rows=2),
    SampleGrid(name="one", latent="one", columns=5, rows=4),
)


def digits(grids: tuple[SampleGrid, ...]) -> Recipe:
    entry = find("dcgan-digits")
    recipe = override(entry.make(), entry.tiny)
    return replace(recipe, grids=grids, training=replace(recipe.training, sample_every=2))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    path = tmp_path_factory.mktemp("runs") / "digits"
    honmono.train(digits(GRIDS), run=path, steps=4, device="cpu", precision="fp32", compile="off")
    return RunDirectory(path)


def cells(path: Path, columns: int, rows: int) -> list[bytes]:
    """The pictures of a grid, row by row, at their own size of 8 pixels."""
    with Image.open(path) as opened:
        pixels = np.asarray(opened)
    side = (pixels.shape[1] - GAP) // columns - GAP
    assert pixels.shape == (GAP + rows * (side + GAP), GAP + columns * (side + GAP))
    corners = [
        (GAP + row * (side + GAP), GAP + column * (side + GAP)) for row in range(rows) for column in range(columns)
    ]
    return [pixels[top : top + side : side // 8, left : left + side : side // 8].tobytes() for top, left in corners]


def test_each_grid_is_made_each_time_and_the_film_is_of_the_first(run: RunDirectory) -> None:
    steps = ("000000000", "000000002", "000000004")
    made = [f"{step}{name}.png" for step in steps for name in ("", "-rows", "-one")]
    assert {path.name for path in run.samples.iterdir()} == {*made, "real.png"}
    assert [path.stem for path in frames(run.samples)] == [*steps]
    assert run.sample(4, "rows").name == "000000004-rows.png"


def test_labels_go_in_turn_and_latents_are_shared_as_asked(run: RunDirectory) -> None:
    each = cells(run.sample(4), 8, 8)
    assert len(set(each)) == 64
    rows = cells(run.sample(4, "rows"), 10, 2)
    assert rows[0] == each[0] and len(set(rows)) == 20
    one = cells(run.sample(4, "one"), 5, 4)
    assert one[:10] == one[10:] == rows[:10]


def test_reals_stand_as_the_first_grid_s_fakes_do(run: RunDirectory) -> None:
    assert len(cells(run.samples / "real.png", 8, 8)) == 64


def test_real_points_are_drawn_alone(points: Recipe, tmp_path: Path) -> None:
    honmono.train(points, run=tmp_path / "run", steps=1, device="cpu", precision="fp32", compile="off")
    coloured = []
    for path in (RunDirectory(tmp_path / "run").sample(1), RunDirectory(tmp_path / "run").samples / "real.png"):
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB")).astype(int)
        coloured.append(int((np.ptp(pixels, axis=2) > 100).sum()))
    assert coloured[0] > 0 == coloured[1]  # fakes are the only thing in colour


def test_pictures_that_will_be_made_again_are_taken_away(run: RunDirectory) -> None:
    def names() -> Iterator[str]:
        yield from sorted(path.name for path in run.samples.iterdir())

    before = [*names()]
    run.sample(9).write_bytes(run.sample(4).read_bytes())
    run.sample(9, "rows").write_bytes(run.sample(4, "rows").read_bytes())
    honmono.train(resume=run.path, steps=6)
    assert [*names()] == sorted([*before, *(f"000000006{name}.png" for name in ("", "-rows", "-one"))])


def test_a_grid_may_have_its_own_mode_of_batch_norm(tmp_path: Path) -> None:
    grids = (SampleGrid(), *(SampleGrid(name=mode, sampling=mode) for mode in ("running", "batch", "identity")))
    honmono.train(digits(grids), run=tmp_path / "run", steps=2, device="cpu", precision="fp32", compile="off")
    run = RunDirectory(tmp_path / "run")
    first, running, batch, identity = (
        run.sample(2, name).read_bytes() for name in ("", "running", "batch", "identity")
    )
    assert first == running and len({running, batch, identity}) == 3


def test_a_grid_may_become_pixels_in_its_own_way(tmp_path: Path) -> None:
    ways = (
        SampleGrid(columns=8),
        SampleGrid(name="down", columns=8, rounding="down"),
        SampleGrid(name="up", columns=8, rounding="down", offset=1.0),
        SampleGrid(name="stretched", columns=8, stretch=True),
    )
    honmono.train(digits(ways), run=tmp_path / "run", steps=2, device="cpu", precision="fp32", compile="off")
    run = RunDirectory(tmp_path / "run")
    nearest, down, up, stretched = (
        np.stack([np.frombuffer(cell, np.uint8).astype(int) for cell in cells(run.sample(2, one.name), 8, 8)])
        for one in ways
    )
    assert set(np.unique(up - down)) <= {0, 1}  # 0 where a level is 255 already
    assert ((nearest == down) | (nearest == up)).all() and 0.4 < (nearest == up).mean() < 0.6
    assert (stretched.min(), stretched.max()) == (0, 255) and nearest.min() > 0
    assert np.corrcoef(stretched.ravel(), nearest.ravel())[0, 1] > 0.99
