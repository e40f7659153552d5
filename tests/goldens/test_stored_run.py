"""A run directory that version 0.1.0 left (`tests/assets/tiny-digits`) can still be used in every way.

It was made by `honmono train tiny.py:tiny_digits` and `honmono evaluate`; the commands and the recipe are in its
environment.json and recipe.py. It stands for the runs that users have: it is never written anew. Its samples and
losses are float32; between processors (AVX-512, AVX2, neither) they differed by up to 1e-6 of themselves.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import honmono
from honmono.objectives.penalties import R1
from honmono.recipe import Constant, Pair


STORED = Path(__file__).parents[1] / "assets" / "tiny-digits"
STEPS = 600  # that it was trained for


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy to work on."""
    return Path(shutil.copytree(STORED, tmp_path / "tiny-digits"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in STORED.rglob("*") if path.is_file()) <= 30_000


def test_it_loads(run: Path) -> None:
    trained = honmono.load(run, device="cpu")
    assert (trained.step, trained.images, trained.weights) == (STEPS, 9_600, "average")
    latent: Any = trained.recipe.latent
    assert trained.classes == tuple("0123456789") and latent.dim == 4
    assert honmono.load(run, device="cpu", weights="raw", checkpoint=STEPS).weights == "raw"


@pytest.mark.parametrize("weights", ["average", "raw"])
def test_it_samples_what_it_sampled(run: Path, weights: Any, golden: Callable[..., None]) -> None:
    trained = honmono.load(run, device="cpu", weights=weights)
    samples = {"in turn": trained.sample(4), "sevens": trained.sample(2, label="7", seed=1, truncation=1.0)}
    greys = {name: some.double().flatten().tolist()[::4] for name, some in samples.items()}
    golden(f"stored_run/samples-{weights}", greys, relative=1e-5, absolute=1e-6)
    assert trained.pictures(3, label=7).shape == (3, 1, 8, 8)


def test_it_is_resumed(run: Path, golden: Callable[..., None]) -> None:
    honmono.train(resume=run, steps=STEPS + 4, changes={"training.log_every": 1})
    log, before = lines(run / "log.jsonl"), lines(STORED / "log.jsonl")
    assert log[: len(before)] == before and [row["step"] for row in log[-5:]] == list(range(STEPS, STEPS + 5))
    losses = [{name: row[name] for name in row if name.startswith(("generator.", "discrim"))} for row in log[-4:]]
    golden("stored_run/losses", losses, relative=1e-5)
    resumed = json.loads((run / "environment.json").read_text(encoding="utf-8"))["resumed"]
    assert len(resumed) == 1 and honmono.load(run, device="cpu").step == STEPS + 4


def test_its_recipe_is_the_one_that_made_it(run: Path) -> None:
    """The recipe in its recipe.py, named with the changes of its command, is no other than the recorded one, but for
    what dcgan-digits, of which it is made, has changed since."""
    recipe, _, command = json.loads((run / "environment.json").read_text(encoding="utf-8"))["command"].partition(" --")
    assert recipe.endswith("tiny_digits") and "training.keep=1" in command
    since = {"objective.penalties": (R1(1.0),), "training.learning_rates": Pair(Constant())}
    changes = {"grids.0.rows": 1, "training.keep": 1, **since}
    trained = honmono.train(
        f"{run / 'recipe.py'}:tiny_digits", run=run, steps=STEPS + 1, batch_size=16, seed=3, changes=changes
    )
    assert trained.step == STEPS + 1
    with pytest.raises(ValueError, match="generator.width"):
        honmono.train(resume=run, steps=STEPS + 2, changes={"generator.width": 3})


def test_it_is_evaluated_as_it_was(run: Path) -> None:
    """Its numbers are shares of 200 fakes and of 1,797 reals, of which one more or less may be near enough."""
    then = lines(run / "metrics.jsonl")[-1]
    now = honmono.evaluate(run, "prdc,labels", num=200, device="cpu").to_json()
    assert now["metrics"].keys() == then["metrics"].keys()
    wholes = [key for key in then["metrics"] if "]." not in key]
    assert [now["metrics"][key] for key in wholes] == pytest.approx([then["metrics"][key] for key in wholes], abs=0.006)
    assert lines(run / "metrics.jsonl")[:-1] == lines(STORED / "metrics.jsonl")


def test_what_was_measured_then_is_comparable_with_what_is_measured_now(run: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(run, tmp_path / "again"))
    (again / "metrics.jsonl").unlink()
    new = honmono.evaluate(again, "prdc,labels", num=200, device="cpu").to_json()
    rows = honmono.compare([STORED, again]).to_json()["runs"]  # numbers that are not comparable are refused
    then = lines(STORED / "metrics.jsonl")[-1]["metrics"]
    assert [row["metrics"] for row in rows] == [then, new["metrics"]]
    assert not any(row["not_comparable"] or row["during_training"] for row in rows)


def test_what_was_measured_by_another_protocol_is_not_comparable(run: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(run, tmp_path / "again"))
    honmono.evaluate(again, "prdc,labels", num=300, device="cpu")
    with pytest.raises(ValueError, match="fakes is 300, not 200"):
        honmono.compare([STORED, again])


def test_what_was_measured_during_training_is_read(run: Path) -> None:
    first, _ = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    (run / "metrics.jsonl").write_text(first + "\n", encoding="utf-8")
    row = honmono.compare([run]).to_json()["runs"][0]
    assert row["during_training"] and row["metrics"] == json.loads(first)["metrics"]


def test_it_is_plotted_and_written(run: Path, tmp_path: Path) -> None:
    names = {path.name for path in honmono.plot(run, tmp_path / "plots")}
    assert {"curves.png", "metrics.png", "film.gif"} <= names
    honmono.sample(honmono.load(run, device="cpu"), 4, tmp_path / "samples.png")
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.mode == "L"
