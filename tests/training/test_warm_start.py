"""Going on from another run: what a new run takes of it, what it records, and that it needs it no more."""

import json
import shutil
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import honmono
from honmono.errors import Failed, Refused
from honmono.recipe.build import build_networks
from honmono.recipe.registry import find
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory
from honmono.training.options import TrainOptions
from honmono.training.session import Session, prepare


TINY = {
    **find("folder").tiny,
    **{"training.average": "Average(halflife=1_000_000)", "training.checkpoint_every": "2"},
    **{"generator.labels": "latent", "discriminator.projection": "mean"},  # so that each player has one embedding
}
HERE: dict[str, Any] = {"device": "cpu", "precision": "fp32", "compile": "off"}
CLASSES = ("cat", "dog", "fox")


def pictures(folder: Path, classes: Sequence[str] = CLASSES, size: int = 16, grey: bool = False) -> Path:
    random = np.random.default_rng(len(classes) + size)
    for name in classes or [""]:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(4):
            picture = Image.fromarray(random.integers(256, size=(size, size, 3), dtype=np.uint8))
            (picture.convert("L") if grey else picture).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three steps on three classes; nobody changes it."""
    place = tmp_path_factory.mktemp("parent")
    data = pictures(place / "pictures")
    honmono.train("folder", data=str(data), run=place / "run", steps=3, changes=TINY, **HERE)
    return place / "run"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ready(**call: Any) -> Session:
    """A prepared session whose run another may go on with."""
    session = prepare(TrainOptions(**{**HERE, **call}))
    assert session.lock is not None
    session.lock.release()
    return session


def saved(run: Path, step: int) -> dict[str, dict[str, Tensor]]:
    return checkpoints.read(RunDirectory(run).checkpoint(step)).tensors


def fresh(session: Session) -> dict[str, dict[str, Tensor]]:
    """The state of the session's networks as they are initialised."""
    generator, discriminator = build_networks(session.trainer.recipe, session.trainer.data_spec).values()
    return {"generator": generator.state_dict(), "discriminator": discriminator.state_dict()}


def assert_equal(one: dict[str, dict[str, Tensor]], other: dict[str, dict[str, Tensor]]) -> None:
    assert one.keys() == other.keys()
    for group, tensors in one.items():
        assert tensors.keys() == other[group].keys()
        assert all(torch.equal(tensor, other[group][name]) for name, tensor in tensors.items()), group


def test_a_new_run_begins_with_the_weights_and_the_average(trained: Path) -> None:
    session = ready(from_run=trained, steps=5)
    parent, child = saved(trained, 3), session.trainer.tensors()
    groups = ("generator", "discriminator", "average")
    assert_equal({name: parent[name] for name in groups}, {name: child[name] for name in groups})
    assert not torch.equal(parent["generator"]["project.weight"], parent["average"]["project.weight"])
    assert not child["optimizer-generator"] and not child["optimizer-discriminator"]
    assert (session.trainer.clock.step, session.trainer.clock.images, session.steps) == (0, 0, 5)
    assert session.run.path == Path("runs/00001-folder")
    assert any("weights of " in line and "27 of 27 tensors of the generator" in line for line in session.lines)
    assert_equal(saved(session.run.path, 0), child)
    recorded = json.loads(session.run.environment_json.read_text())["parent"]
    assert (recorded["run"], recorded["step"], recorded["images"]) == (str(trained), 3, 3 * 8)
    assert (
        len(recorded["checkpoint"]) == 64 and session.run.recipe_py.read_bytes() == (trained / "recipe.py").read_bytes()
    )


def test_the_average_goes_on_where_the_parent_s_was(trained: Path) -> None:
    session = ready(from_run=trained)
    assert session.record.recipe.training.average.ramp == inf  # type: ignore[union-attr]
    session.trainer.step()
    before, after = saved(trained, 3), session.trainer.tensors()
    name = "project.weight"
    share = 1 - 0.5 ** (8 / 1_000_000)
    expected = before["average"][name] + share * (after["generator"][name] - before["average"][name])
    torch.testing.assert_close(after["average"][name], expected, rtol=0, atol=1e-7)
    shortened = ready(from_run=trained, changes={"training.average.ramp": "0.05"})
    assert shortened.record.recipe.training.average.ramp == 0.05  # type: ignore[union-attr]


@pytest.mark.parametrize("classes", [("ant", "dog", "fox", "owl"), ("bee", "cat", "dog"), ("fox", "zebra")])
def test_classes_are_carried_over_by_their_names(trained: Path, here: Path, classes: tuple[str, ...]) -> None:
    session = ready(from_run=trained, data=str(pictures(here / "others", classes)))
    parent, new, child = saved(trained, 3), fresh(session), session.trainer.tensors()
    key = "embedding.weight"
    for group, start in (("generator", "generator"), ("discriminator", "discriminator"), ("average", "generator")):
        expected = [
            parent[group][key][CLASSES.index(c)] if c in CLASSES else new[start][key][i] for i, c in enumerate(classes)
        ]
        assert torch.equal(child[group][key], torch.stack(expected))
        assert all(torch.equal(child[group][name], parent[group][name]) for name in parent[group] if name != key)
    named = next(line for line in session.lines if line.startswith("weights of "))
    assert named.endswith("; new classes: " + ", ".join(name for name in classes if name not in CLASSES))


@pytest.mark.parametrize(
    ("call", "shape", "counts"),
    [
        ({"size": 32}, (3, 32, 32), ("4 of 45", "11 of 21")),
        ({"changes": {"data.channels": "1"}}, (1, 16, 16), ("25 of 27", "12 of 13")),
        ({"changes": {"conditional": "false"}}, (3, 16, 16), ("25 of 26", "12 of 12")),
    ],
)
def test_of_other_networks_what_fits_is_taken(
    trained: Path, call: dict[str, Any], shape: tuple[int, ...], counts: tuple[str, str]
) -> None:
    session = ready(from_run=trained, **call)
    assert session.trainer.data_spec.sample_shape == shape
    parent, new, child = saved(trained, 3), fresh(session), session.trainer.tensors()
    for (player, tensors), count in zip(new.items(), counts, strict=True):
        fits = {n for n, t in tensors.items() if n in parent[player] and parent[player][n].shape == t.shape}
        assert count == f"{len(fits)} of {len(tensors)}"
        for name, tensor in tensors.items():
            assert torch.equal(child[player][name], parent[player][name] if name in fits else tensor)
    line = next(line for line in session.lines if line.startswith("weights of "))
    assert f"{counts[0]} tensors of the generator, {counts[1]} tensors of the discriminator" in line
    assert ("newly initialised: generator." in line) == (counts[0] != "27 of 27") and len(line) < 500


def test_where_nothing_fits_it_is_refused(trained: Path, here: Path) -> None:
    with pytest.raises(Refused, match="no weights of .* fit the networks of this recipe"):
        prepare(
            TrainOptions(recipe="gan-mnist-article", from_run=trained, size=28, changes={"data.channels": "1"}, **HERE)
        )
    assert not any(here.iterdir())


def test_a_resume_is_exact_and_needs_no_parent(trained: Path, here: Path) -> None:
    parent = Path(shutil.copytree(trained, here / "parent"))
    for name, steps in (("straight", 4), ("halves", 2)):
        honmono.train(from_run=parent, run=name, steps=steps, **HERE)
    begun = ready(from_run=parent, run=Path("begun"), steps=4)  # killed before its first step
    shutil.rmtree(parent)
    honmono.train(resume="halves", steps=4)
    honmono.train(resume=begun.run.path)
    assert saved(Path("straight"), 4)["optimizer-generator"]
    for run in ("halves", "begun"):
        assert_equal(saved(here / run, 4), saved(here / "straight", 4))


def test_the_same_call_again_goes_on(trained: Path) -> None:
    call: dict[str, Any] = {
        "recipe": "folder",
        "from_run": trained,
        "run": Path("again"),
        "changes": {**TINY, "training.seed": "1"},
    }
    ready(**call, steps=1)
    assert ready(**call, steps=3).lines[-1] == "run again: going on from step 0"
    with pytest.raises(Refused, match="training.seed: 1 in the run, 2 now"):
        prepare(TrainOptions(**{**call, "seed": 2, "changes": {}}))
    with pytest.raises(Refused, match="again is a run already, .* elsewhere"):
        prepare(TrainOptions(**{**call, "from_run": Path("elsewhere")}))


def test_one_killed_before_it_had_the_weights_is_refused(trained: Path) -> None:
    session = ready(from_run=trained, steps=2)
    shutil.rmtree(session.run.checkpoint(0))
    with pytest.raises(Refused, match="was stopped before the weights of .*--from"):
        prepare(TrainOptions(resume=session.run.path))


def test_a_named_recipe_takes_the_parent_s_data(trained: Path) -> None:
    changes = {**TINY, "objective.together": "false", "training.batch_size": "4"}
    session = ready(recipe="folder", from_run=trained, changes=changes, seed=7)
    recipe = session.record.recipe
    assert recipe.data.source == str(trained.parent / "pictures")  # type: ignore[attr-defined]
    assert (recipe.training.batch_size, recipe.training.seed, recipe.training.steps) == (4, 7, 40_000)
    assert_equal({"generator": session.trainer.tensors()["generator"]}, {"generator": saved(trained, 3)["generator"]})


def test_other_data_comes_in_the_parent_s_size_and_decides_what_was_left_to_data(trained: Path, here: Path) -> None:
    session = ready(from_run=trained, data=str(pictures(here / "loose", (), size=32)))
    assert session.trainer.data_spec.sample_shape == (3, 16, 16)
    assert session.trainer.recipe.conditional is False
    asked = ready(from_run=trained, data="loose", size=32)
    assert asked.trainer.data_spec.sample_shape == (3, 32, 32)
    again = ready(from_run=session.run.path, data=str(trained.parent / "pictures"))
    assert again.trainer.recipe.conditional is True
    chosen = ready(from_run=trained, changes={"conditional": "false"})
    assert ready(from_run=chosen.run.path).trainer.recipe.conditional is False


def test_any_checkpoint_can_be_named(trained: Path) -> None:
    session = ready(from_run=trained / "checkpoints" / "000000002")
    assert_equal({"average": session.trainer.tensors()["average"]}, {"average": saved(trained, 2)["average"]})
    assert json.loads(session.run.environment_json.read_text())["parent"]["step"] == 2


def test_runs_that_cannot_be_begun_from(trained: Path, here: Path) -> None:
    with pytest.raises(Refused, match=r"no checkpoint .*000000009 \(saved steps: 2, 3\)"):
        prepare(TrainOptions(from_run=trained / "checkpoints" / "000000009"))
    with pytest.raises(Refused, match="there is no run directory 'nowhere'"):
        prepare(TrainOptions(from_run=Path("nowhere")))
    with pytest.raises(Refused, match="--from .* and --resume"):
        prepare(TrainOptions(from_run=trained, resume=trained))
    run = Path(shutil.copytree(trained, here / "run"))
    (run / "checkpoints/000000003/generator.safetensors").write_bytes(b"torn")
    session = ready(from_run=run, root=here / "runs")
    assert session.lines[0].startswith("warning: checkpoint") and "000000002: " in session.lines[1]
    (run / "checkpoints/000000002/generator.safetensors").write_bytes(b"torn")
    with pytest.raises(Failed, match="is damaged.* has no other"):
        prepare(TrainOptions(from_run=run))
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(Refused, match="has no checkpoint yet"):
        prepare(TrainOptions(from_run=run))


def test_added_pictures_are_met_by_the_way_to_go_on(here: Path) -> None:
    data = pictures(here / "my pictures")
    honmono.train("folder", data=str(data), run="run", steps=1, changes=TINY, **HERE)
    pictures(data, ("owl",))
    with pytest.raises(Refused, match=f"honmono train --from run --data '{data}'") as refusal:
        prepare(TrainOptions(resume=Path("run"), steps=2))
    assert "\n" not in str(refusal.value)
    assert ready(from_run=Path("run"), data=str(data)).trainer.data_spec.classes == ("cat", "dog", "fox", "owl")


def test_a_stranger_s_code_runs_only_when_trusted(here: Path) -> None:
    source = (
        "from honmono.networks.mlp import MLPGenerator\n"
        "from honmono.recipes.gan import gan_grid\n"
        "from dataclasses import replace\n"
        "from functools import partial\n"
        "class Own(MLPGenerator):\n    pass\n"
        "def mine():\n    return replace(gan_grid(), generator=partial(Own, widths=(8,)))\n"
    )
    (here / "mine.py").write_text(source)
    small = {"data.samples": "44", "training.batch_size": "16", "metrics": "()"}
    honmono.train("mine.py:mine", run="run", steps=1, changes=small, **HERE)
    (here / "run/recipe.py").write_text(source + "open('touched', 'w').close()\n")
    with pytest.raises(Refused, match="recipe.py:Own, which is not part of honmono.*--trust-code"):
        prepare(TrainOptions(from_run=Path("run")))
    assert not Path("touched").exists() and not Path("runs").exists()
    session = ready(from_run=Path("run"), trust_code=True, steps=2)
    assert Path("touched").exists() and session.run.recipe_py.read_bytes() == (here / "run/recipe.py").read_bytes()
    assert honmono.train(resume=session.run.path, trust_code=True).step == 2


@pytest.mark.parametrize(("steps", "grown"), [(8, True), (2, False)])
def test_networks_that_had_grown_begin_at_their_full_size(here: Path, steps: int, grown: bool) -> None:
    data = pictures(here / "pictures", ())
    entry = find("pggan-folder")
    changes = {**entry.tiny, "growth": "Growth(train=8, fade=8)", "training.batch_size": "8", "metrics": "()"}
    honmono.train("pggan-folder", data=str(data), size=16, run="run", steps=steps, changes=changes, **HERE)
    session = ready(from_run=Path("run"))
    assert (session.trainer.recipe.growth is None) == ("(growth=none)" in session.lines[0]) == grown
    parent = saved(here / "run", steps)
    assert_equal({"average": session.trainer.tensors()["average"]}, {"average": parent["average"]})
