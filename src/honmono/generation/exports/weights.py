"""A generator as two files, weights in safetensors and a configuration in JSON, which need no run directory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path, PurePath

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from honmono.data.base import DataSpec
from honmono.errors import Failed, Refused
from honmono.files import atomic_directory, atomic_write_bytes, write_json
from honmono.generation.model import Weights
from honmono.recipe.record import Record
from honmono.recipe.serialize import outside_classes, recipe_from_json
from honmono.recipe.value import Recipe


WEIGHTS, CONFIG = "model.safetensors", "config.json"


@dataclass(frozen=True)
class Exported:
    """A generator's weights and buffers, and all that is needed to build it again.

    weights: "average" or "raw", of the run. step, images: of its checkpoint.
    """

    record: Record
    tensors: Mapping[str, Tensor]
    weights: Weights
    step: int
    images: int


def is_exported(folder: Path) -> bool:
    """Whether a directory holds the two files that `write_weights` writes."""
    return (folder / WEIGHTS).is_file() and (folder / CONFIG).is_file()


def write_weights(exported: Exported, folder: Path) -> None:
    """Writes a new directory of the two files; the directory is complete or absent."""
    record = exported.record
    if outside := outside_classes(record.recipe):
        raise Refused(
            f"--to safetensors: this recipe needs code of its own ({', '.join(sorted(outside))}), which"
            " weights and a configuration cannot hold: use --to onnx"
        )
    facts = {
        "honmono": version("honmono"),
        "weights": exported.weights,
        "step": exported.step,
        "images": exported.images,
    }
    with atomic_directory(folder) as temporary:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in exported.tensors.items()}
        atomic_write_bytes(temporary / WEIGHTS, save(tensors, {"format": "pt"}))
        write_json(temporary / CONFIG, {**facts, **without_folders(record).to_json()})


def without_folders(record: Record) -> Record:
    """The record without the folders of this machine: data and recipe keep the last parts of their paths."""
    source = getattr(record.recipe.data, "source", None)
    recipe: Recipe = record.recipe
    if isinstance(source, str) and not source.startswith("hf:"):
        recipe = replace(recipe, data=replace(recipe.data, **{"source": PurePath(source).name}))
    return replace(record, name=PurePath(record.name).name, recipe=recipe)


def read_weights(folder: Path) -> Exported:
    """What `write_weights` wrote. Runs no code from the directory."""
    path = folder / CONFIG
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        data_spec = DataSpec(tuple(value["interface"]["sample_shape"]), tuple(value["interface"]["classes"]))
        record = Record(str(value["name"]), recipe_from_json(value["recipe"]), data_spec)
        weights: Weights = "average" if value["weights"] == "average" else "raw"
        step, images = int(value["step"]), int(value["images"])
    except Refused:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path} was not written by `honmono export` ({error}): export the run again") from error
    try:
        tensors = load((folder / WEIGHTS).read_bytes())
    except SafetensorError as error:
        raise Failed(f"{folder / WEIGHTS} is damaged ({error}): export the run again") from error
    return Exported(record, tensors, weights, step, images)
