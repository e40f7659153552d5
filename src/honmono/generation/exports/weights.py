"""A generator as two files, weights in safetensors and a configuration in JSON, which need no run directory."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path, PurePath

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from honmono.data.base import DataSpec
from honmono.data.sources.hub import LOCAL
from honmono.errors import Failed, Refused
from honmono.files import atomic_directory, atomic_write_bytes, write_json
from honmono.generation.model import Weights
from honmono.recipe.record import Record
from honmono.recipe.serialize import outside_classes, recipe_from_json
from honmono.recipe.value import Recipe


WEIGHTS, CONFIG = "model.safetensors", "config.json"
_LOCAL_SET = re.compile(rf"hf:(?:{'|'.join(LOCAL)}):")
_HUB_SET = re.compile(r"hf:[\w.-]+(?:/[\w.-]+)?(?::[\w.-]+)?(?:@[\w.-]+)?")


@dataclass(frozen=True)
class Exported:
    """A generator's weights and buffers, and all that is needed to build it again.

    weights: "average" or "raw", of the run. step, images: of its checkpoint.
    source: the model on a hub, with its commit, that these weights were loaded from; "" for a run's own.
    """

    record: Record
    tensors: Mapping[str, Tensor]
    weights: Weights
    step: int
    images: int
    source: str = ""


def is_exported(folder: Path) -> bool:
    """Whether a directory holds the two files that `write_weights` writes."""
    return (folder / WEIGHTS).is_file() and (folder / CONFIG).is_file()


def write_weights(exported: Exported, folder: Path) -> None:
    """Writes a new directory of the two files; the directory is complete or absent."""
    with atomic_directory(folder) as temporary:
        write_files(exported, temporary)


def write_files(exported: Exported, folder: Path) -> None:
    """Writes the two files into a directory that is there."""
    record = exported.record
    if outside := outside_classes(record.recipe):
        raise Refused(
            f"this recipe needs code of its own ({', '.join(sorted(outside))}), which weights and a configuration"
            " cannot hold: use honmono export --to onnx"
        )
    facts = {
        "honmono": version("honmono"),
        "weights": exported.weights,
        "step": exported.step,
        "images": exported.images,
        **({"source": exported.source} if exported.source else {}),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in exported.tensors.items()}
    atomic_write_bytes(folder / WEIGHTS, save(tensors, {"format": "pt"}))
    write_json(folder / CONFIG, {**facts, **without_folders(record).to_json()})


def without_folders(record: Record) -> Record:
    """The record without the folders of this machine: data and recipe keep the last parts of their paths."""
    source = getattr(record.recipe.data, "source", None)
    recipe: Recipe = record.recipe
    if isinstance(source, str):
        recipe = replace(recipe, data=replace(recipe.data, **{"source": without_folder(source)}))
    return replace(record, name=PurePath(record.name).name, recipe=recipe)


def without_folder(source: str) -> str:
    """A data source as it may travel: the last part of a path; the name of a data set on a hub is left whole."""
    local = _LOCAL_SET.match(source)
    if not local and _HUB_SET.fullmatch(source):
        return source
    kind = local[0] if local else ""
    return kind + re.split(r"[/\\]", source.removeprefix(kind).rstrip("/\\"))[-1]


def read_weights(folder: Path) -> Exported:
    """What `write_weights` wrote. Runs no code from the directory."""
    path = folder / CONFIG
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        record = Record(str(value["name"]), recipe_from_json(value["recipe"]), _data_spec(**value["interface"]))
        weights: Weights = "average" if value["weights"] == "average" else "raw"
        step, images, source = int(value["step"]), int(value["images"]), str(value.get("source", ""))
    except Refused:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"{path} was not written by `honmono export` ({error}): export the run again") from error
    try:
        tensors = load((folder / WEIGHTS).read_bytes())
    except SafetensorError as error:
        raise Failed(f"{folder / WEIGHTS} is damaged ({error}): export the run again") from error
    return Exported(record, tensors, weights, step, images, source)


def _data_spec(sample_shape: list[int], classes: list[str]) -> DataSpec:
    """What networks are built from: a file from elsewhere may hold anything in its place."""
    if not all(type(side) is int and side > 0 for side in sample_shape) or len(sample_shape) not in (1, 3):
        raise ValueError(f"{sample_shape} is no shape of a sample")
    if not all(isinstance(name, str) for name in classes):
        raise ValueError("a class has no name")
    return DataSpec(tuple(sample_shape), tuple(classes))
