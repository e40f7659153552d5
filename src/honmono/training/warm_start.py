"""Start a new run with the weights of another run's checkpoint (`--from`)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from honmono.data.base import Data, DataSpec
from honmono.data.packing.sizes import size_of
from honmono.data.pictures import Pictures
from honmono.data.stacked import StackedMNIST
from honmono.errors import Failed, Refused
from honmono.recipe import record
from honmono.recipe.override import override
from honmono.recipe.record import Record
from honmono.recipe.registry import Entry
from honmono.recipe.value import Recipe
from honmono.runs import checkpoints
from honmono.runs.checkpoints import Checkpoint
from honmono.runs.directory import RunDirectory
from honmono.training.engine import Engine
from honmono.training.stages import is_grown
from honmono.training.trainer import Trainer


MOST_NAMES = 4  # of tensors or classes that a line lists


@dataclass(frozen=True)
class Parent:
    """The run whose weights a new run uses, with one of its checkpoints.

    lines: for the user, before the training.
    """

    run: RunDirectory
    record: Record
    saved: Checkpoint
    lines: Sequence[str] = ()

    @property
    def images(self) -> int:
        """Images seen when the checkpoint was saved."""
        return int(self.saved.state["images"])

    @property
    def fingerprint(self) -> str:
        """A hash of the checkpoint's content, computed from its checksums."""
        return hashlib.sha256(json.dumps(self.saved.state["checksums"], sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The parent as the new run records it."""
        step = int(self.saved.state["step"])
        return {
            "run": str(self.run.path.resolve()),
            "step": step,
            "images": self.images,
            "checkpoint": self.fingerprint,
        }

    def entry(self, named: Entry | None) -> Entry:
        """The recipe of the new run, on the parent's data at the parent's size.

        named: the entry of the recipe that the user named; None: the parent's own recipe.
        """
        if named:
            return replace(named, make=lambda: self._continued(_on_data_of(named.make(), self.record.recipe.data)))
        file = self.run.recipe_py if self.run.recipe_py.is_file() else None
        return Entry(self.record.name, str(self.run.path), "", "", make=lambda: self._continued(self._own()), file=file)

    def _own(self) -> Recipe:
        """The parent's recipe, with the fields that were "auto" set to "auto" again."""
        return override(self.record.recipe, dict.fromkeys(record.left_to_data(self.run), "auto"))

    def _continued(self, recipe: Recipe) -> Recipe:
        """The recipe without what only randomly initialised weights need.

        The half-life of the average is not shortened at first, so that the parent's average is kept (as in transfer
        learning with StyleGAN2-ADA's code). Networks that had grown to full size start at it.
        """
        data, average, growth = recipe.data, recipe.training.average, recipe.growth
        shape = self.record.data_spec.sample_shape
        if isinstance(data, Pictures | StackedMNIST) and data.size is None and len(shape) == 3:
            data = replace(data, size=size_of(*shape[1:]))
        if average:
            average = replace(average, ramp=inf)
        if growth and is_grown(self.record.recipe, self.record.data_spec, self.images):
            growth = None
        return replace(recipe, data=data, growth=growth, training=replace(recipe.training, average=average))

    def check_processes(self, engine: Engine) -> None:
        """Raises `Refused` where processes have read different checkpoints."""
        if engine.anyone(engine.share(self.fingerprint) != self.fingerprint):
            raise Refused(
                f"{self.run.path} saved a checkpoint in the meantime: name one, as in --from {self.saved.path}"
            )

    def initialise(self, trainer: Trainer) -> str:
        """Copies the parent's tensors to the trainer's networks and average; returns a line that says which.

        A tensor is copied to one of the same name and shape. Where the classes differ, the rows of a label embedding
        are copied for the classes that both have, by name. All others keep their initial values. Raises `Refused` where
        no weights can be copied.
        """
        classes = _classes(trainer.recipe, trainer.data_spec), _classes(self.record.recipe, self.record.data_spec)
        tensors = self.saved.tensors
        if trainer.average:
            mean = tensors.get("average") or tensors.get("generator", {})
            _copy(trainer.average.module, mean, *classes)
        copied = {name: _copy(network, tensors.get(name, {}), *classes) for name, network in trainer.networks.items()}
        if not any(one.parameters for one in copied.values()):
            raise Refused(f"no weights of {self.run.path} fit the networks of this recipe: remove --from")
        counts = ", ".join(f"{one.count} of {one.of} tensors of the {name}" for name, one in copied.items())
        fresh = [f"{name}.{key}" for name, one in copied.items() for key in one.fresh]
        new = (
            [name for name in classes[0] if name not in classes[1]]
            if any(one.by_class for one in copied.values())
            else []
        )
        rest = [f"newly initialised: {_listed(fresh)}"] if fresh else []
        rest += [f"new classes: {_listed(new)}"] if new else []
        if self.record.recipe.growth and not trainer.recipe.growth:
            rest.append("its networks had grown to full size and start there (growth=none)")
        return "; ".join([f"weights of {self.saved.path}: {counts}", *rest])


@dataclass(frozen=True)
class Copied:
    """The result of copying tensors to one network.

    of: the number of its tensors.
    parameters: how many of the copied tensors are trainable.
    fresh: the names of the tensors that were not copied.
    by_class: whether rows of an embedding were copied by class names.
    """

    of: int
    parameters: int
    fresh: Sequence[str]
    by_class: bool

    @property
    def count(self) -> int:
        return self.of - len(self.fresh)


def read_parent(path: Path, trust_code: bool, named: Mapping[str, Any]) -> Parent:
    """The run at `path` with its newest valid checkpoint, or with the given one for `RUN/checkpoints/N`.

    trust_code: whether the run's own recipe.py may be executed.
    named: classes of a recipe that the user gave, which are trusted.
    """
    run = run_of(path)
    read = record.read_record(run, trust_code, named)
    if run.path != path:
        if not (path / "state.json").is_file():
            known = ", ".join(map(str, run.checkpoint_steps())) or "none"
            raise Refused(f"there is no checkpoint {path} (saved steps: {known})")
        saved, damaged = checkpoints.read(path), []
    else:
        saved, damaged = checkpoints.read_newest(run.checkpoints)
    if saved is None and damaged:
        raise Failed(f"{damaged[0]}, and {run.path} has no other")
    if saved is None:
        raise Refused(f"{run.path} has no checkpoint yet: train it further first")
    with record.checkpoint_errors(run, saved.path):
        parent = Parent(run, read, saved, [f"warning: {line}; it is skipped" for line in damaged])
        parent.to_json()  # raises if the state lacks something
    return parent


def run_of(path: Path) -> RunDirectory:
    """The run that `--from` names, directly or by one of its checkpoints."""
    inside = path.parent.name == "checkpoints" and RunDirectory.is_run(path.parent.parent)
    return RunDirectory(path.parent.parent) if inside else RunDirectory.open(path)


def refuse_other_parent(run: RunDirectory, path: Path) -> None:
    """Raises `Refused` where a resumed run was not started from the run at `path`, which may have been removed."""
    parent = path.parent.parent if path.parent.name == "checkpoints" else path
    if (record.read_parent(run) or {}).get("run") != str(parent.resolve()):
        raise Refused(f"{run.path} is a run already, and was not started from {parent}: give a new directory")


def _on_data_of(recipe: Recipe, data: Data) -> Recipe:
    """The recipe with the source of another recipe's data, if both have the same kind of data."""
    source = getattr(data, "source", None)
    if source is None or type(recipe.data) is not type(data):
        return recipe
    return replace(recipe, data=replace(recipe.data, source=source))


def _classes(recipe: Recipe, data_spec: DataSpec) -> tuple[str, ...]:
    return data_spec.classes if recipe.conditional else ()


def _copy(module: nn.Module, tensors: Mapping[str, Tensor], classes: Sequence[str], before: Sequence[str]) -> Copied:
    """Loads the tensors with the same names and shapes into the module."""
    own: dict[str, Tensor] = module.state_dict()
    labels = [
        f"{name}."
        for name, part in module.named_modules()
        if isinstance(part, nn.Embedding) and part.num_embeddings == len(classes) and classes != before
    ]
    new: dict[str, Tensor] = {}
    by_class = False
    for key, own_tensor in own.items():
        given = tensors.get(key)
        if given is None or given.shape[1:] != own_tensor.shape[1:] or given.dim() != own_tensor.dim():
            continue
        if own_tensor.dim() and key.startswith(tuple(labels)) and len(given) == len(before):
            if (rows := _rows(own_tensor, given, classes, before)) is not None:
                new[key], by_class = rows, True
        elif given.shape == own_tensor.shape:
            new[key] = given
    module.load_state_dict({**own, **new})
    trained = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    return Copied(len(own), len(trained & new.keys()), [key for key in own if key not in new], by_class)


def _rows(own_tensor: Tensor, given: Tensor, classes: Sequence[str], before: Sequence[str]) -> Tensor | None:
    """`own_tensor` with the rows of `given` for the classes that both have; None if they have none in common."""
    common = [name for name in classes if name in before]
    if not common:
        return None
    rows = own_tensor.clone()
    new_rows, old_rows = ([names.index(name) for name in common] for names in (classes, before))
    rows[torch.tensor(new_rows)] = given[torch.tensor(old_rows)].to(rows)
    return rows


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
