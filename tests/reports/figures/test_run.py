"""`honmono plot`: all pictures of a run, from its directory alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from honmono.errors import Refused
from honmono.files import write_json
from honmono.reports.figures.run import plot
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import append, line
from honmono.runs.images import grid, save_png
from honmono.runs.log import Log


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = RunDirectory.create(tmp_path, "dcgan-digits")
    write_json(made.recipe_json, {})
    return made


def log(run: RunDirectory, *steps: int) -> None:
    with Log(run) as opened:
        opened.append([{"step": step, "images": 64 * step, "generator.fake": 1 / step} for step in steps])


def sample(run: RunDirectory, *steps: int) -> None:
    for step in steps:
        save_png(grid(np.full((4, 1, 8, 8), step, np.uint8), 2), run.sample(step))


def test_a_run_gives_curves_and_a_film(run: RunDirectory, tmp_path: Path) -> None:
    log(run, 1, 2)
    sample(run, 0, 2)
    assert plot(run.path) == [run.path / "plots" / "curves.png", run.path / "plots" / "film.gif"]
    elsewhere = tmp_path / "a" / "b"
    assert plot(str(run.path), str(elsewhere)) == [elsewhere / "curves.png", elsewhere / "film.gif"]
    assert all(path.stat().st_size > 0 for path in elsewhere.iterdir())


def test_what_was_measured_in_training_gives_a_picture_of_its_own(run: RunDirectory) -> None:
    log(run, 1, 2)
    later = line(run, 2, 128, seconds=1, metrics={"modes": 3}, intervals={}, protocol={})
    append(run, later)
    assert [path.name for path in plot(run.path)] == ["curves.png"]
    append(run, later | {"during_training": True, "best_by": {"modes": "higher"}})
    assert [path.name for path in plot(run.path)] == ["curves.png", "metrics.png"]


def test_one_row_and_one_picture_give_curves_alone(run: RunDirectory) -> None:
    log(run, 1)
    sample(run, 0)
    assert [path.name for path in plot(run.path)] == ["curves.png"]


def test_a_run_without_rows_says_so_and_nothing_is_made(run: RunDirectory) -> None:
    with pytest.raises(Refused, match="empty log"):
        plot(run.path)
    assert not (run.path / "plots").exists()


def test_what_is_not_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="there is no run directory"):
        plot(tmp_path / "nowhere")


def test_importing_it_loads_neither_torch_nor_matplotlib() -> None:
    code = "import sys, honmono.reports.figures.run; print(*{'torch', 'matplotlib', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
