"""ONNX files: they draw what PyTorch draws, in any number, and say what they are. Run where the extra is installed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import honmono
from honmono.errors import Failed, Refused
from honmono.generation.load import TrainedRun
from honmono.generation.model import step_noise
from honmono.objectives.diffusion import DDPM
from honmono.randomness import stream
from honmono.recipe.samplers import DDIM


onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
Stirred = Callable[..., TrainedRun]


def session_of(file: Path) -> Any:
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def draw(file: Path, **inputs: np.ndarray) -> np.ndarray:
    return session_of(file).run(["samples"], inputs)[0]


def facts(file: Path) -> dict[str, str]:
    return {one.key: one.value for one in onnx.load(file).metadata_props}


@pytest.fixture
def z() -> np.ndarray:
    return stream(3, "test").standard_normal((5, 64), dtype=np.float32)


@pytest.fixture(scope="module", params=["running", "batch"])
def exported(stirred: Stirred, tmp_path_factory: pytest.TempPathFactory, request: Any) -> tuple[TrainedRun, Path]:
    """A run in one mode of batch norm, and its file."""
    run = replace(stirred("dcgan-digits"), name="some/folder/mine.py:gan").with_batch_norm(request.param)
    return run, honmono.export(run, out=tmp_path_factory.mktemp("exported") / "new" / "digits.onnx")


def test_a_file_draws_what_the_run_draws(exported: tuple[TrainedRun, Path], z: np.ndarray) -> None:
    """The generator was left in training mode, which the exporter would take over."""
    run, file = exported
    assert [path.name for path in file.parent.iterdir()] == ["digits.onnx"]  # the weights are in it
    labels = np.array([3, 1, 4, 1, 9])
    for number in (5, 2):
        made = draw(file, latent=z[:number], label=labels[:number])
        np.testing.assert_allclose(made, run.at(z[:number], labels[:number]).numpy(), atol=1e-5)
    other = run.with_batch_norm("identity").at(z, labels).numpy()
    assert np.abs(draw(file, latent=z, label=labels) - other).max() > 0.01
    assert run.raw_generator.training


def test_a_file_says_what_it_needs_and_what_it_is(exported: tuple[TrainedRun, Path], z: np.ndarray) -> None:
    run, file = exported
    said = facts(file)
    assert said["honmono"] == honmono.__version__ and said["recipe"] == "mine.py:gan"
    assert json.loads(said["classes"]) == [*"0123456789"] and json.loads(said["range"]) == [-1, 1]
    assert said["batch_norm"] == run.recipe.sampling and json.loads(said["sampler"]) == {"$class": "Direct"}
    assert json.loads(said["latent"]) == {"$class": "Normal", "dim": 64} and said["step"] == "7"
    parity = json.loads(said["parity"])
    assert parity["latents"] == 8 and 0 <= parity["largest_difference"] <= parity["tolerance"] == 1e-4
    inputs = {one.name: (one.type, one.shape) for one in session_of(file).get_inputs()}
    assert inputs == {"latent": ("tensor(float)", ["batch", 64]), "label": ("tensor(int64)", ["batch"])}
    (samples,) = session_of(file).get_outputs()
    assert samples.name == "samples" and samples.shape == ["batch", 1, 8, 8]
    assert str(Path(honmono.__file__).parent).encode() not in file.read_bytes()  # nor any path of this machine
    last, none = (draw(file, latent=z, label=np.full(5, label)) for label in (9, -1))
    np.testing.assert_array_equal(none, last)  # what docs/guide.md warns of


def test_noise_that_a_sampler_adds_is_an_input(stirred: Stirred, tmp_path: Path) -> None:
    run = stirred("flow-grid")
    recipe = replace(run.recipe, objective=DDPM(), sampler=DDIM(steps=3, eta=1.0))
    run = replace(run, model=replace(run.model, recipe=recipe))
    file = honmono.export(run, "onnx", tmp_path / "points.onnx")
    latent = stream(3, "test").standard_normal((6, 2), dtype=np.float32)
    noise = np.stack([step_noise((5, 1), step, (6, 2)) for step in range(2)], axis=1)
    made = draw(file, latent=latent, noise=noise)
    np.testing.assert_allclose(made, run.model.at(latent, None, (5, 1)).numpy(), atol=1e-5)
    np.testing.assert_array_equal(made, draw(file, latent=latent, noise=noise))
    assert np.abs(made - draw(file, latent=latent, noise=np.zeros_like(noise))).max() > 0.01
    (network,) = onnx.load(file).functions  # called in each step
    assert network.name == "NetworkWithoutLabel" and network.input[:2] == ["x", "t"]
    assert facts(file)["range"] == "null" and json.loads(facts(file)["sampler"])["steps"] == 3


class Pixels(nn.Module):
    """A generator of one number for each pixel."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.change = nn.Linear(64, 64), change

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.change(self.layer(latent).unflatten(1, (1, 8, 8)).tanh())


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (lambda x: x + torch.randn_like(x), Refused, "draws random numbers itself .*RandomNormal"),
        (lambda x: x + torch.zeros(len(x), 1, 1, 1), Refused, "fixes the size of the batch"),
        (lambda x: x + torch.linalg.svdvals(x)[..., :1, None], Refused, "torch cannot export this network"),
        (
            lambda x: x + torch.compiler.is_compiling(),
            Failed,
            "differ from PyTorch's by 1, .* float64 differ by [0-9.]*e-",
        ),
        (lambda x: (3e4 * x).sin(), Failed, "more than 0.0001: .* float32 and in float64 differ by 0.00"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_reason(
    stirred: Stirred, tmp_path: Path, change: Callable[[Tensor], Tensor], error: type[Exception], reason: str
) -> None:
    run = stirred("dcgan-digits", conditional="false")
    run = replace(run, model=replace(run.model, generator=Pixels(change)))
    with pytest.raises(error, match=reason) as refusal:
        honmono.export(run, "onnx", tmp_path / "pixels.onnx")
    assert "\n" not in str(refusal.value) and [*tmp_path.iterdir()] == []


def test_a_truncation_of_styles_is_an_input(stirred: Stirred, tmp_path: Path) -> None:
    run = stirred("stylegan2-mnist")
    file = honmono.export(run, out=tmp_path / "styled.onnx")
    z, labels = run.saved_latents(5, seed=3).latents, np.arange(5)
    for psi in (0.0, 0.6, 1.0):
        made = draw(file, latent=z, label=labels, truncation=np.full(5, psi, np.float32))
        np.testing.assert_allclose(made, run.sample(5, seed=3, truncation=psi).numpy(), atol=1e-5)
