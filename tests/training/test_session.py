"""From a call to a trainer: what is asked, what is refused before anything is created, and what goes on."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import honmono
from honmono.errors import Failed, Refused
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory
from honmono.training.options import TrainOptions
from honmono.training.session import Session, prepare


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(recipe: Any = "dcgan-digits", changes: dict[str, str] | None = None, **call: Any) -> dict[str, Any]:
    """A call's words, tiny."""
    tiny = find(recipe).tiny if recipe in ("dcgan-digits", "gan-grid", "dcgan-folder") else {}
    return {"recipe": recipe, "changes": {**tiny, **(changes or {})}, **call}


def train(**call: Any) -> Path:
    return honmono.train(**asked(**call)).run.path


def ready(**call: Any) -> Session:
    """A prepared session whose run another may go on with."""
    session = prepare(TrainOptions(**call))
    assert session.lock is not None
    session.lock.release()
    return session


def test_a_new_run_is_complete_before_its_first_step(here: Path) -> None:
    session = ready(**asked(steps=3))
    assert session.run.path == Path("runs/00001-dcgan-digits") and session.steps == 3 and session.seconds == 0
    assert session.run.recipe_json.is_file() and session.run.recipe_py.is_file()
    assert session.lines[-1] == "run runs/00001-dcgan-digits" and session.lines[0].startswith("data ")
    recipe = json.loads(session.run.recipe_json.read_text())["recipe"]
    assert recipe["training"]["steps"] == 3 and recipe["generator"]["width"] == 4


def test_what_a_call_says_of_a_recipe() -> None:
    call = asked(batch_size=16, seed=5, size=16, changes={"latent.dim": "8"}, steps=1)
    recipe: Any = ready(**call).trainer.recipe
    assert (recipe.training.batch_size, recipe.training.seed, recipe.latent.dim) == (8, 5, 8)  # --set has the last word
    assert ready(**call, root=Path("others")).run.path == Path("others/00001-dcgan-digits")
    assert ready(**call).trainer.data_spec.sample_shape == (1, 16, 16)


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        ({"steps": 7}, 7),
        ({"images": 80}, 10),
        ({"images": 81}, 11),
        ({"images": 1}, 1),
        ({"epochs": 1}, 224),  # 1,797 digits in batches of 8, the last 5 dropped
        ({"epochs": 0.5}, 112),
        ({"epochs": 2}, 448),
        ({}, 3_000),
    ],
)
def test_steps_follow_from_images_and_epochs(length: dict[str, Any], steps: int) -> None:
    session = ready(**asked(**length))
    assert session.steps == steps
    assert json.loads(session.run.recipe_json.read_text())["recipe"]["training"]["steps"] == steps


@pytest.mark.parametrize(("data", "name"), [(None, "dcgan-digits"), ("digits", "dcgan-digits"), ("ring", "gan-grid")])
def test_without_a_recipe_the_data_chooses_and_it_is_said_why(data: str | None, name: str) -> None:
    session = ready(data=data, steps=1)
    assert session.lines[0].startswith(f"recipe {name}: it is made for") and session.run.path.name.endswith(name)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"recipe": "dcgan-digit"}, "did you mean 'dcgan-digits'"),
        ({"recipe": "no.py:gan"}, "no.py does not exist"),
        ({"data": "no-such-folder"}, "there is no no-such-folder"),
        ({"data": "grid"}, "dcgan-digits trains on pictures"),
        ({"recipe": "gan-grid", "data": "digits"}, "gan-grid trains on points"),
        ({"recipe": "gan-grid", "size": 8}, "--size is for pictures"),
        ({"size": 37}, "37x37: use .*--size"),
        ({"size": 2}, "at least 4 pixels"),
        ({"steps": 0}, "training.steps is 0"),
        ({"images": 0}, "the number of steps is 0"),
        ({"epochs": -1.0}, "the number of steps is 0"),
        *(({"epochs": float(text)}, f"--epochs {text}: give a number") for text in ("nan", "inf")),
        ({"steps": 1, "epochs": 1.0}, "--steps, --images and --epochs .*give one of them"),
        ({"batch_size": 0}, "training.batch_size is 0"),
        ({"seed": -1}, "training.seed is -1"),
        ({"device": "gpu"}, "--device gpu: expected auto, cpu, cuda"),
        ({"precision": "fp8"}, "--precision fp8: expected one of auto"),
        ({"compile": "yes"}, "--compile yes: expected one of auto, off, losses"),
        ({"resume": Path("nowhere")}, "no run directory 'nowhere'"),
        ({"run": Path("a"), "resume": Path("b")}, "--run and --resume both name"),
        ({"run": Path("full")}, "neither empty nor a run directory"),
        ({"run": Path("full/file")}, "is a file, not a directory"),
        (
            {"recipe": "gan-grid", "changes": {"data.samples": "none"}, "epochs": 1.0},
            "--epochs: .* use --steps or --images",
        ),
        ({"changes": {"conditional": "true", "data.source": "grey.npy"}}, "the data has no classes"),
        ({"changes": {"training.accumulate": "2"}}, "samples of a batch depend on each other"),
    ],
)
def test_refusals_leave_nothing_behind(here: Path, call: dict[str, Any], message: str) -> None:
    (here / "full").mkdir()
    (here / "full" / "file").touch()
    np.save("grey.npy", np.zeros((16, 8, 8), np.uint8))
    with pytest.raises(Refused, match=message) as refusal:
        prepare(TrainOptions(**asked(**call)))
    assert "\n" not in str(refusal.value)
    assert {path.name for path in here.rglob("*")} == {"full", "file", "grey.npy"}


def test_asking_for_more_steps_goes_on_and_is_exact(here: Path) -> None:
    straight = train(steps=4, run="straight")
    train(steps=2, run="halves")
    halves = train(steps=4, run="halves")
    ours, theirs = honmono.load(halves), honmono.load(straight)
    assert ours.step == theirs.step == 4 and torch.equal(ours.sample(16), theirs.sample(16))
    environment = json.loads((halves / "environment.json").read_text())
    assert len(environment["resumed"]) == 1 and environment["resumed"][0]["engine"]["compile"] == "off"


def test_a_complete_run_says_so_and_is_left_alone() -> None:
    path = train(steps=2)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    session = ready(resume=path)
    assert session.lines[-1] == f"run {path}: complete at step 2; --steps N asks for more"
    session.trainer.fit(session.steps, callback=Never())
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    assert ready(resume=path, steps=1).steps == 1 and ready(resume=path, steps=3).lines[-1].endswith("from step 2")


class Never:
    def after_step(self, losses: dict[str, Any]) -> None:
        raise AssertionError("a complete run makes no step")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ({"seed": 9}, "training.seed: 0 in the run, 9 now"),
        ({"batch_size": 16}, "training.batch_size: 8 in the run, 16 now"),
        ({"changes": {"objective.scores": "probabilities"}}, 'scores: "logits" in the run, "probabilities" now'),
        ({"changes": {"data.flip": "true"}}, "data.flip: false in the run, true now"),
        ({"size": 16}, "data.size: null in the run, 16 now"),
        ({"changes": {"optimizers.generator": "SGD(lr=0.1)"}}, 'optimizers.generator: "Adam" in the run, "SGD" now'),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_changed_recipe_is_refused_field_by_field(
    here: Path, shared_run: Path, call: dict[str, Any], field: str, named: bool
) -> None:
    np.save("digits.npy", np.zeros((16, 8, 8), np.uint8))
    tiny = {"generator.width": "4", "discriminator.width": "4"} if named else {}
    words = {"batch_size": 8, **call, "changes": {**tiny, **call.get("changes", {})}}
    with pytest.raises(Refused, match=f"was trained with other settings .*{field}.*undo the change") as refusal:
        prepare(TrainOptions(recipe="dcgan-digits" if named else None, run=shared_run, **words))
    assert "\n" not in str(refusal.value)


def test_data_may_move_but_not_change(here: Path, shared_run: Path) -> None:
    from sklearn.datasets import load_digits

    bunch: Any = load_digits()
    pixels = np.rint(bunch.images * 255 / 16).astype(np.uint8)
    np.savez("moved.npz", images=pixels, labels=bunch.target)
    run = Path(shutil.copytree(shared_run, here / "run"))
    changes = {"generator.width": "4", "discriminator.width": "4"}
    call = TrainOptions(recipe="dcgan-digits", run=run, batch_size=8, data="moved.npz", changes=changes)
    session = prepare(call)
    assert session.trainer.clock.step > 0
    assert session.lock is not None
    session.lock.release()
    np.savez("moved.npz", images=255 - pixels, labels=bunch.target)
    with pytest.raises(Refused, match="the data of .* has changed"):
        prepare(call)


@pytest.fixture(scope="module")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(steps=1, run=tmp_path_factory.mktemp("shared") / "run")


def test_saving_more_often_is_no_change(shared_run: Path) -> None:
    changes = {**find("dcgan-digits").tiny, "training.checkpoint_every": "1", "training.keep": "0"}
    assert ready(recipe="dcgan-digits", run=shared_run, changes=changes, steps=1).steps == 1


@pytest.mark.parametrize("named", [{"data": "some.npy"}, {"changes": {"data.source": "some.npy"}}])
def test_the_recorded_data_holds_where_none_is_named(
    here: Path, named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save("some.npy", np.random.default_rng(0).integers(0, 256, (32, 16, 16), np.uint8))
    path = train(recipe="dcgan-folder", steps=1, run=here / "mine", **named)
    monkeypatch.chdir(path)  # it is found from anywhere
    session = ready(**asked("dcgan-folder", run=path, steps=2))
    assert session.lines[-1] == f"run {path}: going on from step 1"
    with pytest.raises(Refused, match="data.flip: false in the run, true now"):
        prepare(TrainOptions(**asked("dcgan-folder", run=path, steps=2, changes={"data.flip": "true"})))


def test_changed_data_is_refused(here: Path) -> None:
    np.save("some.npy", np.random.default_rng(0).integers(0, 256, (32, 16, 16), np.uint8))
    path = train(recipe="dcgan-folder", data="some.npy", steps=1)
    np.save("some.npy", np.random.default_rng(1).integers(0, 256, (32, 16, 16), np.uint8))
    with pytest.raises(Refused, match="the data of .* has changed since it was started"):
        prepare(TrainOptions(resume=path, steps=2))


def test_an_unfinished_run_of_the_same_recipe_is_mentioned() -> None:
    path = train(steps=2)
    unfinished = json.loads((path / "recipe.json").read_text())
    unfinished["recipe"]["training"]["steps"] = 5  # as it stands in a run that was stopped at step 2 of 5
    (path / "recipe.json").write_text(json.dumps(unfinished))
    hint = f"there is an unfinished run of this recipe; resume it with: honmono train --resume {path}"
    assert hint in ready(**asked(steps=9)).lines
    assert hint in ready(**asked(changes={"training.checkpoint_every": "7", "training.keep": "1"})).lines
    assert not any("unfinished" in line for line in ready(**asked(seed=1)).lines)


def break_choices(path: Path) -> None:
    environment = json.loads((path / "environment.json").read_text())
    environment["engine"]["device"] = "cuda:77"
    (path / "environment.json").write_text(json.dumps(environment))


def break_recipe(path: Path) -> None:
    value = json.loads((path / "recipe.json").read_text())
    value["recipe"]["generator"]["width"] = 8
    (path / "recipe.json").write_text(json.dumps(value))


def break_checkpoint(path: Path) -> None:
    (RunDirectory(path).checkpoint(1) / "average.safetensors").write_bytes(b"torn")


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        pytest.param(
            break_choices,
            Refused,
            "the run used cuda:77.*: add --device cpu",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
        (break_recipe, Failed, "000000001 does not fit .*recipe.json"),
        (break_checkpoint, Failed, "average.safetensors .*, and .* has no other"),
    ],
)
def test_a_damaged_run_is_told_in_a_line(damage: Callable[[Path], None], error: type[Exception], message: str) -> None:
    path = train(steps=1)
    damage(path)
    with pytest.raises(error, match=message) as told:
        prepare(TrainOptions(resume=path, steps=2))
    assert "\n" not in str(told.value)


def test_other_choices_than_before_are_told(shared_run: Path) -> None:
    recorded = json.loads((shared_run / "environment.json").read_text())["engine"]
    assert not any("warning" in line for line in ready(resume=shared_run).lines)
    other = "fp64" if recorded["precision"] != "fp64" else "fp32"
    lines = ready(resume=shared_run, precision=other).lines
    assert any(line.startswith("warning: precision changed") for line in lines)


def test_classes_in_a_row_are_mixed_only_when_asked(tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", images=np.zeros((40, 8, 8), np.uint8), labels=np.arange(40) // 10)

    def warned(order: str) -> bool:
        lines = ready(**asked(data="rows.npz", steps=1, changes={"data.order": order}), root=tmp_path / order).lines
        return any("stored class by class" in line for line in lines)

    assert [warned(order) for order in ("stored", "fixed", "shuffled")] == [True, False, False]


def test_a_run_that_another_process_trains_is_refused(shared_run: Path) -> None:
    session = prepare(TrainOptions(resume=shared_run))
    with pytest.raises(Refused, match="another process is training"):
        prepare(TrainOptions(resume=shared_run))
    assert session.lock is not None
    session.lock.release()
    assert replace(ready(resume=shared_run), lock=None).run.path == shared_run
