"""Directions in which a generator's latents can be moved, found without training: by SeFa and by GANSpace."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from honmono.errors import Refused
from honmono.generation.latents.layers import calls, first_matrix, refuse_without_vectors
from honmono.generation.model import Model


Method = Literal["sefa", "pca"]
SAMPLES = 2_048  # of which features are analysed, at least; and at least four for each dimension of the latent


@dataclass(frozen=True)
class Directions:
    """Unit vectors (number, latent), strongest first.

    strengths: (number,), by "sefa" how far the first layer's output moves for a step of 1; by "pca" the standard
        deviation of the features along each component.
    """

    method: Method
    vectors: np.ndarray
    strengths: np.ndarray


def closed_form(model: Model, number: int) -> Directions:
    """The eigenvectors of A^T A with the largest eigenvalues, where the first layer is A z + b.

    Source: Shen and Zhou, SeFa (2021), arXiv:2007.06600, equation 6.
    """
    matrix = first_matrix(model)
    number = _at_most(number, matrix.shape[1])
    values, vectors = torch.linalg.eigh(matrix.T @ matrix)
    strongest = vectors.T.flip(0)[:number].cpu().numpy()
    return Directions("sefa", _pointing(strongest), values.flip(0)[:number].clamp(min=0).sqrt().cpu().numpy())


def components(model: Model, number: int, *, label: int | None = None, seed: int = 0) -> Directions:
    """The directions of the latent that move features along their principal components.

    Features are what the second layer takes; of a generator with one layer, the samples. Components come from a
    randomized PCA, and their directions from the regression of latents on coordinates.
    label: the class of all samples; None: all in turn, each sample's features less the mean of its class, which else
        would be what differs most. seed: of the samples.
    Source: Härkönen et al., GANSpace (2020), arXiv:2004.02546, equations 1 and 2.
    """
    from sklearn.decomposition import PCA

    dim = refuse_without_vectors(model)
    number = _at_most(number, dim)
    latents, features = _sampled(model, max(SAMPLES, 4 * dim), label, seed)
    fitted = PCA(min(number, features.shape[1]), svd_solver="randomized", random_state=0)
    coordinates = fitted.fit_transform(features)
    moved = np.linalg.lstsq(coordinates, latents - latents.mean(0), rcond=None)[0]
    return Directions("pca", _pointing(moved), np.sqrt(fitted.explained_variance_))


def _sampled(model: Model, number: int, label: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Latents and features, one row for each sample."""
    latents, classes, features = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    chunks = model.draws(seed=seed, label=label)
    for _ in range(-(-number // model.recipe.training.batch_size)):
        latent, labels, _ = next(chunks)
        made, samples = calls(model, torch.from_numpy(latent), torch.from_numpy(labels) if model.classes else None)
        taken: Tensor = made[1].taken if len(made) > 1 else samples
        latents.append(latent)
        classes.append(labels)
        features.append(taken.flatten(1).float().cpu().numpy())
    found, of = np.concatenate(features), np.concatenate(classes)
    for one in np.unique(of):
        found[of == one] -= found[of == one].mean(0)
    return np.concatenate(latents), found


def _at_most(number: int, dim: int) -> int:
    if number < 1:
        raise Refused(f"--num {number}: give at least 1")
    return min(number, dim)


def _pointing(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors whose largest number is positive, since a direction has no sign of its own."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    largest = np.take_along_axis(units, np.abs(units).argmax(1, keepdims=True), axis=1)
    return (units * np.sign(largest)).astype(np.float32)
