"""Trained runs as Python objects: `honmono.train`, `honmono.load(run).sample(64)`."""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import honmono
from honmono.errors import Failed, Refused
from honmono.generation.load import TrainedRun
from honmono.objectives.logit import LogitObjective
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.runs.directory import RunDirectory


TINY = find("dcgan-digits").tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    changes = {**TINY, "training.checkpoint_every": 1}  # a value serves as well as its text
    return honmono.train("dcgan-digits", steps=2, changes=changes, root=str(tmp_path_factory.mktemp("runs")))


@pytest.fixture
def copy(trained: TrainedRun, tmp_path: Path) -> RunDirectory:
    """The run again, for tests that damage it."""
    return RunDirectory(Path(shutil.copytree(trained.run.path, tmp_path / "copy")))


def edit(run: RunDirectory, **parts: Any) -> None:
    """Changes parts of the recipe in a run's recipe.json."""
    value = json.loads(run.recipe_json.read_text())
    value["recipe"] |= parts
    run.recipe_json.write_text(json.dumps(value))


def test_training_returns_the_run_as_loading_it_does(trained: TrainedRun) -> None:
    loaded = honmono.load(trained.run.path)
    assert loaded.run.path == trained.run.path and loaded.step == trained.step == 2
    assert torch.equal(loaded.sample(20), trained.sample(20))


def test_training_returns_the_recipe_as_it_is_recorded(tmp_path: Path) -> None:
    """However its length was asked for, and where a resume found all of it done."""
    run = tmp_path / "run"
    for call in ({"images": 24}, {"steps": 2}, {"epochs": 0.02}):
        trained = honmono.train("dcgan-digits", run=run, changes=TINY, **call)
        assert to_json(trained.recipe) == to_json(honmono.load(run).recipe)


def test_samples_are_float32_within_the_range_of_the_data(trained: TrainedRun) -> None:
    samples = trained.sample(20)
    assert samples.shape == (20, 1, 8, 8) and samples.dtype == torch.float32 and samples.device.type == "cpu"
    assert samples.min() >= -1 and samples.max() <= 1
    expected = ((samples + 1) * 127.5).round().byte().numpy()
    pictures = trained.pictures(20)
    assert pictures.dtype == np.uint8
    np.testing.assert_allclose(pictures, expected, atol=1)


def test_the_first_samples_never_depend_on_how_many_are_asked_for(trained: TrainedRun) -> None:
    samples = trained.sample(37)
    for number in (1, 7, 8, 9, 36):
        assert torch.equal(trained.sample(number), samples[:number])
    assert torch.equal(trained.sample(9, label=3, seed=5), trained.sample(20, label="3", seed=5)[:9])


def test_samples_come_in_chunks_so_that_memory_does_not_grow_with_their_number(trained: TrainedRun) -> None:
    assert [len(chunk) for chunk in trained.chunks(20)] == [8, 8, 4]
    assert [len(chunk) for chunk in trained.chunks(16)] == [8, 8]
    endless = trained.chunks(10**9)
    assert [len(next(endless)) for _ in range(3)] == [8, 8, 8]


def with_classes(trained: TrainedRun, classes: tuple[str, ...]) -> TrainedRun:
    return replace(trained, model=replace(trained.model, data_spec=replace(trained.model.data_spec, classes=classes)))


def test_classes_are_asked_for_by_name_or_number(trained: TrainedRun) -> None:
    assert trained.classes == tuple("0123456789")
    assert [trained.class_number(label) for label in ("7", 7)] == [7, 7]
    named = with_classes(trained, (*"abcdefgh", "30", "ten"))
    assert [named.class_number(label) for label in ("c", 2, "30", 30, "ten", 9)] == [2, 2, 8, 8, 9, 9]
    assert [named.class_name(number) for number in (0, 8)] == ["a", "30"]
    assert torch.equal(named.sample(4, label="c"), trained.sample(4, label=2))
    assert not torch.equal(trained.sample(4, label=2), trained.sample(4, label=3))


def test_a_number_is_never_taken_for_a_name(trained: TrainedRun) -> None:
    """Ages or sizes: `--label 1` must not draw the class 20."""
    aged = with_classes(trained, ("10", "20", "30"))
    assert [aged.class_number(label) for label in ("20", 20, 1)] == [1, 1, 1]
    for label in ("1", "0", "2"):
        with pytest.raises(Refused, match=rf"--label {label}: no such class.*10, 20, 30; --label-index"):
            aged.sample(1, label=label)
    with pytest.raises(Refused, match="--label-index 3: give a number from 0 to 2"):
        aged.class_name(3)
    counted = with_classes(trained, ("1", "2", "3"))
    assert counted.class_number("1") == 0 and counted.class_number(3) == 2 and counted.class_number(0) == 0
    with pytest.raises(Refused, match="^label=1 .* label='1' or label='2'$"):
        counted.sample(1, label=1)


@pytest.mark.parametrize("label", ["tne", "10", "-1", "²", ""])
def test_an_unknown_class_is_refused_with_those_that_there_are(trained: TrainedRun, label: str) -> None:
    with pytest.raises(Refused, match=rf"--label {label}: no such class.*classes: 0, 1, 2"):
        trained.sample(1, label=label)
    named = with_classes(trained, ("ten", "eleven"))
    with pytest.raises(Refused, match="did you mean 'ten'"):
        named.sample(1, label="tne")


def test_what_cannot_be_sampled_is_refused(trained: TrainedRun) -> None:
    with pytest.raises(Refused, match="--num 0: "):
        trained.sample(0)
    plain = replace(trained, model=replace(trained.model, recipe=replace(trained.recipe, conditional=False)))
    assert plain.classes == ()
    with pytest.raises(Refused, match="not conditional"):
        plain.sample(1, label=3)


def test_given_latents_give_the_same_samples(trained: TrainedRun) -> None:
    z, labels = np.ones((3, 64)), np.array([1, 2, 3])
    made = trained.at(z, labels)
    assert made.shape == (3, 1, 8, 8) and torch.equal(made[1:], trained.at(z[1:], labels[1:]))


@pytest.mark.parametrize("mode", ["running", "batch", "identity"])
def test_the_generator_itself_is_ready_to_sample_from(copy: RunDirectory, mode: str) -> None:
    run = honmono.load(copy.path).with_batch_norm(mode)
    z, labels = torch.randn(6, 64, generator=torch.Generator().manual_seed(3)), torch.arange(6)
    before = run.sample(8)
    run.raw_generator.train()  # whoever trains it on may leave it so
    assert not run.generator.training
    made = [run.generator(z, labels) for _ in range(50)]
    assert torch.equal(made[-1], run.at(z.numpy(), labels.numpy())) and torch.equal(run.sample(8), before)
    latent = z.clone().requires_grad_()  # as for finding the latent of a picture
    run.generator(latent.double(), labels.int()).square().mean().backward()
    assert latent.grad is not None and latent.grad.abs().sum() > 0


def test_threads_may_sample_at_the_same_time(copy: RunDirectory) -> None:
    run = honmono.load(copy.path)
    assert not run.raw_generator.training
    alone = [run.sample(8, seed=seed) for seed in range(20)]
    with ThreadPoolExecutor(2) as pool:
        together = [*pool.map(lambda seed: run.sample(8, seed=seed), range(20))]
    assert all(torch.equal(one, other) for one, other in zip(together, alone, strict=True))


def test_the_raw_generator_is_the_network_alone(copy: RunDirectory) -> None:
    run = honmono.load(copy.path)
    before = run.sample(8)
    run.raw_generator.train()(torch.randn(8, 64), torch.arange(8))
    assert not torch.equal(run.sample(8), before)  # its running statistics have moved


def test_a_truncation_bounds_the_latents(trained: TrainedRun) -> None:
    assert not torch.equal(trained.sample(4, truncation=0.1), trained.sample(4))
    assert torch.equal(trained.sample(4, truncation=50.0), trained.sample(4))


def test_the_averaged_generator_is_taken_where_there_is_one(trained: TrainedRun) -> None:
    average = load_file(trained.run.checkpoint(2) / "average.safetensors")
    weights = load_file(trained.run.checkpoint(2) / "generator.safetensors")
    state = trained.raw_generator.state_dict()
    assert all(torch.equal(state[name], average[name]) for name in state)
    assert not all(torch.equal(state[name], weights[name]) for name in state)


def test_a_damaged_checkpoint_is_passed_over(copy: RunDirectory) -> None:
    (copy.checkpoint(2) / "average.safetensors").write_bytes(b"torn")
    with pytest.warns(UserWarning, match="000000002 is damaged"):
        assert honmono.load(copy.path).step == 1
    (copy.checkpoint(1) / "generator.safetensors").unlink()
    with pytest.raises(Failed, match="checkpoint .*000000002 is damaged"):
        honmono.load(copy.path)


def test_a_run_without_a_checkpoint_and_what_is_no_run_are_told_apart(copy: RunDirectory, tmp_path: Path) -> None:
    shutil.rmtree(copy.checkpoints)
    with pytest.raises(Failed, match="has no checkpoint yet"):
        honmono.load(copy.path)
    with pytest.raises(Refused, match="did you mean 'copy'"):
        honmono.load(tmp_path / "cpy")
    with pytest.raises(Refused, match="not a run, but contains runs"):
        honmono.load(str(tmp_path))


def test_a_recipe_that_was_changed_after_training_does_not_fit_its_checkpoint(copy: RunDirectory) -> None:
    value = json.loads(copy.recipe_json.read_text())["recipe"]["generator"]
    edit(copy, generator=value | {"width": 8})
    with pytest.raises(Failed, match="000000002 does not fit .*recipe.json") as failure:
        honmono.load(copy.path)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("name", ["os.system", "honmono.cli.main", "recipe.py:Gan", "subprocess.Popen"])
def test_a_stranger_s_run_runs_nothing(copy: RunDirectory, tmp_path: Path, name: str) -> None:
    touched = tmp_path / "touched"
    copy.recipe_py.write_text(f"from pathlib import Path\nPath({str(touched)!r}).touch()\n")
    assert honmono.load(copy.path).step == 2  # its recipe.json names nothing but honmono's own
    edit(copy, generator={"$partial": name, "command": f"touch {touched}"})
    with pytest.raises(Refused, match=f"needs {name}, .*--trust-code"):
        honmono.load(copy.path)
    assert not touched.exists()
    with pytest.raises(Refused, match=name):  # trusted code is run, and only what it defines is found
        honmono.load(copy.path, trust_code=True)
    assert touched.exists()


@dataclass(frozen=True)
class Critic(LogitObjective):
    """An objective that stands in no file that a run could keep."""

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        return {"real": -real.mean(), "fake": fake.mean()}

    def generator_terms(self, fake: Tensor) -> dict[str, Tensor]:
        return {"fake": -fake.mean()}

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        return {}


def test_a_recipe_given_as_a_value_is_trained_and_gone_on_with(tmp_path: Path) -> None:
    recipe = replace(override(find("dcgan-digits").make(), TINY), objective=Critic())
    run = tmp_path / "mine"
    assert honmono.train(recipe, steps=1, run=str(run)).sample(3).shape == (3, 1, 8, 8)
    assert honmono.train(recipe, steps=2, run=run).step == 2
    assert not (run / "recipe.py").exists()
    with pytest.raises(Refused, match="recipe.py:Critic"):
        honmono.load(run)


def test_the_package_offers_its_functions_by_name() -> None:
    assert set(honmono.__all__) <= set(dir(honmono))
    assert all(getattr(honmono, name) is not None for name in honmono.__all__)
    with pytest.raises(AttributeError, match="no attribute 'tarin'"):
        _ = honmono.tarin
