"""Exported weights and configuration: they are loaded without the run, and hold neither code nor folders."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import honmono
from honmono.errors import Failed, Refused
from honmono.generation.load import TrainedRun
from honmono.objectives.logit import LogitObjective
from honmono.recipe.serialize import to_json


@pytest.fixture
def run(stirred: Callable[..., TrainedRun]) -> TrainedRun:
    return stirred("dcgan-digits")


@pytest.fixture
def folder(run: TrainedRun, tmp_path: Path) -> Path:
    return honmono.export(run, "safetensors", tmp_path / "exported")


def test_two_files_are_a_run_to_sample_from(run: TrainedRun, folder: Path, tmp_path: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "config.json"}
    loaded = honmono.load(shutil.move(folder, tmp_path / "elsewhere"), device="cpu")
    assert torch.equal(loaded.sample(20), run.sample(20)) and torch.equal(
        loaded.sample(3, label=7), run.sample(3, label=7)
    )
    assert (loaded.name, loaded.step, loaded.images, loaded.weights) == ("dcgan-digits", 7, 56, "raw")
    assert to_json(loaded.recipe) == to_json(run.recipe) and loaded.classes == run.classes
    grid = honmono.sample(loaded, 8)
    assert grid == tmp_path / "elsewhere" / "samples.png" and grid.is_file()


def test_how_samples_are_drawn_travels(stirred: Callable[..., TrainedRun], run: TrainedRun, tmp_path: Path) -> None:
    by_batch = run.with_batch_norm("batch")
    assert torch.equal(
        honmono.load(honmono.export(by_batch, "safetensors", tmp_path / "a")).sample(9), by_batch.sample(9)
    )
    flow = stirred("flow-grid").with_sampler(steps=3, solver="euler")
    assert torch.equal(honmono.load(honmono.export(flow, "safetensors", tmp_path / "b")).sample(9), flow.sample(9))


def test_no_folder_of_this_machine_travels(stirred: Callable[..., TrainedRun], tmp_path: Path) -> None:
    run = stirred("dcgan-mnist", **{"data.source": "private/folder/numbers"})
    config = honmono.export(replace(run, name="private/mine.py:gan"), "safetensors", tmp_path / "a") / "config.json"
    said = json.loads(config.read_text())
    assert said["recipe"]["data"]["source"] == "numbers" and said["name"] == "mine.py:gan"
    assert "private" not in config.read_text()
    assert honmono.load(config.parent).sample(2).shape == (2, 1, 28, 28)


def test_there_is_one_checkpoint(folder: Path) -> None:
    assert honmono.load(folder, checkpoint="newest", weights="raw").step == 7
    with pytest.raises(Refused, match="raw weights of step 7 and no others"):
        honmono.load(folder, checkpoint=3)


def test_nothing_is_written_over(run: TrainedRun, folder: Path) -> None:
    with pytest.raises(Refused, match="it exists"):
        honmono.export(run, "safetensors", folder)


def test_damaged_and_strange_files_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    narrow = config["recipe"] | {"latent": {"$class": "Normal", "dim": 3}}
    (folder / "config.json").write_text(json.dumps(config | {"recipe": narrow}))
    with pytest.raises(Failed, match="do not fit each other"):
        honmono.load(folder)
    touching = config["recipe"] | {"generator": {"$partial": "os.system", "command": "true"}}
    (folder / "config.json").write_text(json.dumps(config | {"recipe": touching}))
    with pytest.raises(Refused, match="needs os.system"):
        honmono.load(folder)
    (folder / "config.json").write_text("{}")
    with pytest.raises(Refused, match="config.json was not written by"):
        honmono.load(folder)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(Failed, match="model.safetensors is damaged"):
        honmono.load(folder)


@dataclass(frozen=True)
class Critic(LogitObjective):
    """An objective of a user's file."""

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": -real.mean(), "fake": fake.mean()}

    def generator_terms(self, fake: Tensor) -> dict[str, Tensor]:
        return {"fake": -fake.mean()}

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        return {}


def test_a_recipe_with_code_of_its_own_is_refused(run: TrainedRun, tmp_path: Path) -> None:
    own = replace(run, model=replace(run.model, recipe=replace(run.recipe, objective=Critic())))
    with pytest.raises(Refused, match="Critic.*--to onnx"):
        honmono.export(own, "safetensors", tmp_path / "exported")
    assert not (tmp_path / "exported").exists()
