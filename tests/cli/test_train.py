"""`honmono train`: what it leaves, what it says and where, and how it goes on."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


Command = Callable[..., Any]


def weights(run: Path, step: int) -> dict[str, bytes]:
    """The files of tensors of one checkpoint."""
    return {path.name: path.read_bytes() for path in (run / f"checkpoints/{step:09d}").glob("*.safetensors")}


def losses(run: Path) -> list[list[str]]:
    with open(run / "log.csv", newline="") as file:
        return [[row["step"], row["generator.fake"], row["discriminator.real"]] for row in csv.DictReader(file)]


def test_training_leaves_a_complete_run_and_names_its_pictures(call: Command, here: Path, tiny: list[str]) -> None:
    said = call("train", "dcgan-digits", "--steps", 2, *tiny)
    assert said.code == 0 and said.out == "pictures: runs/00001-dcgan-digits/samples/000000002.png\n"
    run = here / "runs/00001-dcgan-digits"
    assert {path.name for path in run.iterdir() if not path.name.startswith(".")} == {
        *("recipe.json", "recipe.py", "environment.json", "log.csv", "log.jsonl", "samples", "checkpoints")
    }
    pictures = {"real.png", "000000000.png", "000000002.png"}
    assert {path.name for path in (run / "samples").iterdir()} == pictures | {"classes.txt"}
    assert weights(run, 2).keys() == {
        f"{name}.safetensors"
        for name in ("generator", "discriminator", "average", "optimizer-generator", "optimizer-discriminator")
    }
    assert "run runs/00001-dcgan-digits" in said.err and "device " in said.err
    assert json.loads((run / "environment.json").read_text())["command"].startswith(
        "honmono train dcgan-digits --steps"
    )


def test_training_alone_takes_the_digits_and_says_why(call: Command, tiny: list[str]) -> None:
    said = call("train", "--steps", 1, *tiny)
    assert said.code == 0 and "recipe dcgan-digits: " in said.err


def test_training_on_one_s_own_data_takes_the_recipe_that_fits(call: Command, here: Path, tiny: list[str]) -> None:
    np.save("pictures.npy", np.random.default_rng(0).integers(0, 256, (24, 16, 16, 3), np.uint8))
    said = call("train", "--data", "pictures.npy", "--steps", 1, *tiny)
    assert said.code == 0 and "recipe folder: it fits any pictures" in said.err
    assert "24 pictures of 16x16 (24), as 3x16x16" in said.err and "classes none" in said.err
    recipe = json.loads((here / "runs/00001-folder/recipe.json").read_text())
    assert recipe["recipe"]["data"]["source"] == str(here / "pictures.npy")  # from wherever it is gone on with
    assert recipe["interface"] == {"sample_shape": [3, 16, 16], "classes": []}


@pytest.mark.parametrize(("words", "steps"), [(["--images", 20], 3), (["--epochs", 0.01], 3), (["--steps", 3], 3)])
def test_how_long_may_be_said_in_three_ways(
    call: Command, here: Path, tiny: list[str], words: list[Any], steps: int
) -> None:
    said = call("train", "dcgan-digits", "--run", "mine", *words, *tiny)
    assert said.code == 0 and said.out == f"pictures: mine/samples/{steps:09d}.png\n"
    assert json.loads((here / "mine/recipe.json").read_text())["recipe"]["training"]["steps"] == steps


def test_equal_commands_make_equal_runs_and_another_seed_another(call: Command, tiny: list[str]) -> None:
    for run, seed in [("first", 3), ("second", 3), ("third", 4)]:
        assert call("train", "dcgan-digits", "--steps", 2, "--seed", seed, "--run", run, *tiny).code == 0
    first, second, third = (weights(Path(run), 2) for run in ("first", "second", "third"))
    assert first == second and all(first[name] != third[name] for name in first)
    assert losses(Path("first")) == losses(Path("second")) != losses(Path("third"))


def test_the_same_command_again_goes_on_where_the_run_stopped(call: Command, tiny: list[str]) -> None:
    words = ["train", "dcgan-digits", "--run", "mine", "--set", "training.log_every=1", *tiny]
    assert call(*words, "--steps", 2).code == 0
    again = call(*words, "--steps", 2)
    assert again.code == 0 and again.out == "pictures: mine/samples/000000002.png\n"
    assert "run mine: complete at step 2; --steps" in again.err
    more = call("train", "--resume", "mine", "--steps", 5)
    assert more.code == 0 and more.out == "pictures: mine/samples/000000005.png\n"
    assert "run mine: going on from step 2" in more.err
    assert [row[0] for row in losses(Path("mine"))] == ["1", "2", "3", "4", "5"]
    assert call(*words, "--run", "straight", "--steps", 5).code == 0
    assert weights(Path("straight"), 5) == weights(Path("mine"), 5)
    assert losses(Path("straight")) == losses(Path("mine"))


def test_a_changed_recipe_is_refused_field_by_field(
    call: Command, refused: Callable[..., str], tiny: list[str]
) -> None:
    assert call("train", "dcgan-digits", "--run", "mine", "--steps", 1, *tiny).code == 0
    line = refused("train", "--resume", "mine", "--seed", 4, "--set", "data.flip=true")
    assert "mine was trained with other settings (" in line and line.endswith("start a new run")
    assert "training.seed: 0 " in line and "data.flip: false " in line
    assert "data.fit" in refused("train", "dcgan-digits", "--run", "mine", "--set", "data.fit=pad", *tiny)
    assert "--run and --resume" in refused("train", "--resume", "mine", "--run", "mine")
    line = refused("train", "gan-grid", "--run", "mine")
    assert "dcgan-digits, not of gan-grid" in line and "--run" in line


def test_an_unfinished_run_is_mentioned(call: Command, here: Path, tiny: list[str]) -> None:
    words = ["train", "dcgan-digits", "--set", "training.checkpoint_every=1", *tiny]
    diverging = ["--set", "training.learning_rates=Pair(Linear(end=1e38, begin=40, images=1))"]  # from step 6 on
    failed = call(*words, *diverging, "--steps", 40)
    assert failed.code == 1 and failed.out == ""
    last = failed.err.splitlines()[-1]
    assert (
        last.startswith("honmono: ") and "diverged" in last and "runs/00001-dcgan-digits/checkpoints/00000000" in last
    )
    again = call(*words, *diverging, "--steps", 60)
    hint = "there is an unfinished run of this recipe; resume it with: honmono train --resume runs/00001-dcgan-digits"
    assert hint in again.err
    assert hint not in call(*words, "--steps", 1).err


def test_changed_data_is_refused(call: Command, here: Path, tiny: list[str]) -> None:
    np.save("pictures.npy", np.zeros((24, 8, 8), np.uint8))
    assert call("train", "--data", "pictures.npy", "--run", "mine", "--steps", 1, *tiny).code == 0
    np.save("pictures.npy", np.ones((24, 8, 8), np.uint8))
    said = call("train", "--resume", "mine", "--steps", 2)
    assert said.code == 2 and said.out == ""
    assert "the data of mine has changed" in said.err.splitlines()[-1]
    assert [path.name for path in (here / "mine/checkpoints").iterdir()] == ["000000001"]


def test_a_new_run_begins_from_another(call: Command, here: Path, tiny: list[str]) -> None:
    assert call("train", "dcgan-digits", "--steps", 2, "--run", "parent", *tiny).code == 0
    said = call("train", "--from", "parent", "--steps", 1, "--set", "training.log_every=1")
    assert said.code == 0 and said.out == "pictures: runs/00001-dcgan-digits/samples/000000001.png\n"
    assert "parent/checkpoints/000000002: 9 of 9 tensors" in said.err
    child = here / "runs/00001-dcgan-digits"
    for name in ("generator", "discriminator", "average"):
        assert weights(child, 0)[f"{name}.safetensors"] == weights(here / "parent", 2)[f"{name}.safetensors"]


def test_a_run_that_lost_its_environment_goes_on_with_a_warning(call: Command, run: Path, here: Path) -> None:
    again = Path(shutil.copytree(run, here / "again"))
    (again / "environment.json").unlink()
    said = call("train", "--resume", again, "--steps", 3)
    assert said.code == 0 and "warning: the run has no environment.json" in said.err
    environment = json.loads((again / "environment.json").read_text())
    assert environment["engine"]["device"] == "cpu" and len(environment["resumed"]) == 1
    assert "no environment.json" not in call("train", "--resume", again, "--steps", 4).err
