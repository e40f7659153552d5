"""`sample`, `interpolate`, `plot` and `bench`: the files they make, whose names they print."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import honmono
from honmono.benchmark import timing


Command = Callable[..., Any]


def made(said: Any) -> Path:
    """The file or directory whose name, and nothing else, was printed."""
    assert said.code == 0 and said.err == "" and said.out.count("\n") == 1
    return Path(said.out.rstrip("\n"))


def test_a_grid_of_all_classes(call: Command, run: Path) -> None:
    assert made(call("sample", run)) == run / "samples.png"
    assert made(call("sample", run, "--out", "new/grid.png", "--num", 20)) == Path("new/grid.png")
    with Image.open("new/grid.png") as grid:
        assert grid.format == "PNG" and grid.mode == "L"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], {}),
        (["--label", "3"], {"label": "3"}),
        (["--label-index", "3"], {"label": "3"}),
        (["--seed", "5"], {"seed": 5}),
        (["--truncation", "0.5"], {"truncation": 0.5}),
    ],
)
def test_raw_samples_are_those_of_the_function(
    call: Command, run: Path, words: list[str], asked: dict[str, Any]
) -> None:
    array = np.load(made(call("sample", run, "--raw", "--num", 11, "--out", "raw.npy", *words)))
    np.testing.assert_array_equal(array, honmono.load(run).sample(11, **asked).numpy())
    longer = np.load(made(call("sample", run, "--raw", "--num", 30, "--out", "more.npy", *words)))
    np.testing.assert_array_equal(array, longer[:11])


def test_the_modes_of_batch_norm_side_by_side(call: Command, refused: Callable[..., str], run: Path) -> None:
    drawn = {}
    for mode in ("running", "batch", "identity"):
        words = ("--batch-norm", mode, "--raw", "--num", 20, "--out", f"{mode}.npy")
        drawn[mode] = np.load(made(call("sample", run, *words)))
    np.testing.assert_array_equal(drawn["running"], honmono.load(run).sample(20).numpy())
    assert not np.array_equal(drawn["running"], drawn["batch"]) and not np.array_equal(*list(drawn.values())[1:])
    line = refused("sample", run, "--batch-norm", "none")
    assert line.startswith("--batch-norm none: ") and "running, batch, identity" in line


def test_samples_of_a_flow_in_other_steps(call: Command, refused: Callable[..., str], run: Path) -> None:
    changes = {**honmono.find("flow-mnist").tiny}
    trained = honmono.train("flow-mnist", data="digits", size=28, steps=2, changes=changes, device="cpu")
    flow = trained.run.path
    asked = {"own": trained, "--sampler-steps 3": trained.with_sampler(steps=3)}
    asked["--solver euler"] = trained.with_sampler(solver="euler")
    for words, other in asked.items():
        given = () if words == "own" else words.split()
        array = np.load(made(call("sample", flow, "--raw", "--num", 5, "--out", f"{words}.npy", *given)))
        np.testing.assert_array_equal(array, other.sample(5).numpy())
    said = json.loads(call("evaluate", flow, "--metrics", "variety[mnist]", "--num", 40, "--guidance", 2, "--json").out)
    assert "guidance=2.0" in said["protocol"]["variety[mnist]"]["conditions"]["fakes.sampler"]
    with Image.open(made(call("interpolate", flow, "--out", "film.gif", "--sampler-steps", 1))) as film:
        assert getattr(film, "n_frames", 1) > 1
    assert "--sampler-steps: not for this run" in refused("sample", run, "--sampler-steps", 5)


def test_a_directory_of_pictures_is_data_again(call: Command, run: Path) -> None:
    out = made(call("sample", run, "--out", "pictures", "--num", 20))
    assert {path.name for path in out.iterdir()} == set("0123456789")
    report = json.loads(call("data", "check", "pictures", "--json").out)
    assert list("0123456789") == list(report["classes"])


def test_a_film_between_latents(call: Command, run: Path) -> None:
    with Image.open(made(call("interpolate", run, "--out", "film.gif", "--seed", 2))) as film:
        assert film.format == "GIF" and getattr(film, "n_frames", 1) > 1


def test_films_of_classes(call: Command, refused: Callable[..., str], run: Path) -> None:
    for words in (("--label", 3), ("--label-index", 3), ("--labels", "3,7")):
        with Image.open(made(call("interpolate", run, "--out", "film.gif", *words))) as film:
            assert getattr(film, "n_frames", 1) > 1
    assert "no such class" in refused("interpolate", run, "--labels", "3,seven", "--out", "other.gif")


def test_plots_of_a_run(call: Command, run: Path) -> None:
    said = call("plot", run, "--out", "plots")
    assert said.code == 0 and said.out.splitlines() == ["plots/curves.png", "plots/film.gif"]
    assert all(Path(name).stat().st_size > 0 for name in said.out.splitlines())


def test_bench_prints_one_document(call: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, short in {"ROUNDS": 1, "BLOCK_SECONDS": 0.01, "MATRIX": 64}.items():
        monkeypatch.setattr(timing, name, short)
    said = call("bench", "gan-grid", "--json")
    assert said.code == 0 and said.err == ""
    row = json.loads(said.out)
    assert list(row) == [
        *("recipe", "batch_size", "device", "precision", "ms_per_step", "reference_ms_per_step", "ratio"),
        *("gflops_per_second", "fraction_of_matmul_rate"),
    ]
    assert row["recipe"] == "gan-grid" and row["batch_size"] == 512 and row["ms_per_step"] > 0
    header, line, _, note = call("bench", "gan-grid").out.splitlines()
    assert "ratio: " in note
    assert header.split() == list(row) and line.split()[0] == "gan-grid"


def test_an_earlier_checkpoint_is_drawn_from(call: Command, refused: Callable[..., str], run: Path, here: Path) -> None:
    again = Path(shutil.copytree(run, here / "again"))
    assert call("train", "--resume", again, "--steps", 3).code == 0
    drawn = {step: made(call("sample", again, "--checkpoint", step, "--out", f"{step}.png")) for step in (2, 3)}
    assert drawn[2].read_bytes() == made(call("sample", run, "--out", "first.png")).read_bytes()
    assert drawn[2].read_bytes() != drawn[3].read_bytes()
    assert "no best checkpoint" in refused("sample", again, "--checkpoint", "best")
    assert "a saved step (2, 3)" in refused("interpolate", again, "--checkpoint", 9)
