"""Latents in a JSON file: those of samples, of a projected picture, or a user's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from honmono.errors import Refused, did_you_mean
from honmono.files import write_json
from honmono.generation.model import Model


@dataclass(frozen=True)
class SavedLatents:
    """Latents, float32 (number, *latent), and the class of each by its name; () for none."""

    latents: np.ndarray
    labels: tuple[str, ...] = ()

    def first(self, number: int) -> "SavedLatents":
        """The first `number` latents."""
        return replace(self, latents=self.latents[:number], labels=self.labels[:number])

    def fitting(self, model: Model) -> "SavedLatents":
        """The same latents. Raises `Refused` where they are not of the shape that a generator takes."""
        shape = latent_shape(model)
        if self.latents.shape[1:] != shape:
            given = _spelled(self.latents.shape[1:])
            raise Refused(
                f"--latents: this run needs latents of {_spelled(shape)} numbers, not {given}: take those of a run of"
                " the same recipe"
            )
        return self

    def labels_of(self, model: Model) -> np.ndarray:
        """The number of each latent's class; all classes in turn where none are saved.

        Raises `Refused` for a class that the generator has not.
        """
        if not (self.labels and model.classes):
            return np.arange(len(self.latents)) % max(len(model.classes), 1)
        for name in self.labels:
            if name not in model.classes:
                near = did_you_mean(name, model.classes)
                raise Refused(
                    f"--latents: no such class{near} {name!r}: correct the file, or give a class with --label"
                )
        return np.array([model.classes.index(name) for name in self.labels])


def latent_shape(model: Model) -> tuple[int, ...]:
    """The shape of one latent."""
    dim = getattr(model.recipe.latent, "dim", None)
    return model.data_spec.sample_shape if dim is None else (dim,)


def _spelled(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def write_latents(saved: SavedLatents, path: Path, about: Mapping[str, Any] | None = None) -> Path:
    """Writes the file, atomically. about: more facts for its reader, which `read_latents` ignores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = list(saved.labels) or None
    write_json(path, {**(about or {}), "labels": labels, "latents": saved.latents.astype(np.float64).tolist()})
    return path


def read_latents(path: Path) -> SavedLatents:
    """What `write_latents` wrote, or the same by hand. Raises `Refused` for anything else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        latents = np.array(value["latents"], dtype=np.float32)
        labels = tuple(str(name) for name in value.get("labels") or ())
    except FileNotFoundError as error:
        raise Refused(f"--latents {path}: there is no such file: `honmono sample --save-latents` writes one") from error
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise Refused(f'--latents {path}: not a file of latents, as in {{"latents": [[0.1, -0.7, ...]]}}') from error
    if latents.ndim < 2 or not latents.size or not np.isfinite(latents).all():
        raise Refused(f"--latents {path}: give one list of finite numbers for each latent, all of one length")
    if labels and len(labels) != len(latents):
        raise Refused(f"--latents {path}: {len(labels)} labels for {len(latents)} latents: give one for each, or none")
    return SavedLatents(latents, labels)
