"""Directions of generators whose answer is known: singular vectors of a matrix."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.errors import Refused
from honmono.generation.latents.directions import closed_form, components
from honmono.generation.latents.saved import latent_shape
from honmono.generation.load import TrainedRun


Known = tuple[Tensor, np.ndarray]


def assert_same(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    """The same directions in the same order, but for their signs."""
    cosines = np.abs((found * expected[: len(found)]).sum(1))
    np.testing.assert_allclose(cosines, 1, atol=tolerance)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_sefa_finds_the_singular_vectors(
    known: Known, affine: Callable[..., nn.Module], run_with: Callable[..., TrainedRun]
) -> None:
    found = closed_form(run_with(affine(known[0])).model, 4)
    assert_same(found.vectors, known[1], 1e-5)
    np.testing.assert_allclose(found.strengths, (0.6, 0.5, 0.4, 0.3), rtol=1e-4)


def test_pca_finds_them_from_samples(
    known: Known, affine: Callable[..., nn.Module], run_with: Callable[..., TrainedRun]
) -> None:
    found = components(run_with(affine(known[0])).model, 3)
    assert_same(found.vectors, known[1], 0.02)
    np.testing.assert_allclose(found.strengths, (0.6, 0.5, 0.4), rtol=0.05)


def test_pca_finds_what_differs_within_classes(
    known: Known, affine: Callable[..., nn.Module], run_with: Callable[..., TrainedRun]
) -> None:
    run = run_with(affine(known[0], labels=4), ("a", "b", "c", "d"))  # whose classes differ far more
    assert_same(components(run.model, 3).vectors, known[1], 0.02)


class Weighed(nn.Module):
    """A convolution whose outputs matter as `weights` says, before the second layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.ConvTranspose2d(6, 5, 2), nn.Linear(20, 64)
        self.weights = torch.linspace(0.1, 3, 20)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.second(self.first(latent[:, :, None, None]).flatten(1) * self.weights).unflatten(1, (1, 8, 8))


def test_sefa_sees_the_first_layer_and_pca_what_follows(run_with: Callable[..., TrainedRun]) -> None:
    generator = Weighed()
    matrix = generator.first.weight.detach().flatten(1).numpy().T  # (outputs, latent)
    model = run_with(generator).model
    assert_same(closed_form(model, 2).vectors, np.linalg.svd(matrix)[2], 1e-5)
    weighed = generator.weights.numpy()[:, None] * matrix
    assert_same(components(model, 1).vectors, np.linalg.svd(weighed)[2], 0.03)


@pytest.mark.parametrize(
    ("name", "data_spec"),
    [("dcgan-digits", DataSpec((1, 8, 8), ("a", "b"))), ("pggan-mnist", DataSpec((1, 32, 32), ()))],
)
def test_labels_and_normalised_latents_change_nothing(
    untrained: Callable[..., TrainedRun], tmp_path: Path, name: str, data_spec: DataSpec
) -> None:
    run = untrained(name, tmp_path / "run", data_spec)
    weight = run.raw_generator.get_parameter("project.weight").detach().numpy()[:, : latent_shape(run.model)[0]]
    expected = np.linalg.svd(weight.astype(np.float64))[2]
    assert_same(closed_form(run.model, 3).vectors, expected, 1e-3)


class Squared(nn.Module):
    """The first layer takes something else than the latent."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 64)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return self.layer(latent**2 - 1).unflatten(1, (1, 8, 8))


def test_what_has_no_directions_is_refused(
    run_with: Callable[..., TrainedRun], points: TrainedRun, untrained: Callable[..., TrainedRun], tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="does not take the latent.*--method pca"):
        closed_form(run_with(Squared()).model, 2)
    with pytest.raises(Refused, match="generates points"):
        closed_form(points.model, 2)
    with pytest.raises(Refused, match="begin as noise"):
        components(untrained("flow-mnist", tmp_path / "flow", DataSpec((1, 8, 8), ("a", "b"))).model, 2)
    with pytest.raises(Refused, match="--num 0"):
        components(run_with(Squared()).model, 0)
