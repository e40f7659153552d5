"""Going on from another run: a new run that begins with the weights and averages of a run's checkpoint."""

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


MOST_NAMES = 4  # of tensors and classes in a line


@dataclass(frozen=True)
class Parent:
    """A run to begin from: what it records, and one of its checkpoints. lines: to tell before the training."""

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
        """The hash of the checkpoint's checksums, and so of its content."""
        return hashlib.sha256(json.dumps(self.saved.state["checksums"], sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """What the new run records of it."""
        step = int(self.saved.state["step"])
        return {
            "run": str(self.run.path.resolve()),
            "step": step,
            "images": self.images,
            "checkpoint": self.fingerprint,
        }

    def entry(self, named: Entry | None) -> Entry:
        """The recipe to begin with: the parent's own, or the named one; on the parent's data, at the parent's size."""
        if named:
            return replace(named, make=lambda: self._continued(_on_data_of(named.make(), self.record.recipe.data)))
        file = self.run.recipe_py if self.run.recipe_py.is_file() else None
        return Entry(self.record.name, str(self.run.path), "", "", make=lambda: self._continued(self._own()), file=file)

    def _own(self) -> Recipe:
        """Its recipe, in which what was left to its data is now left to the new run's."""
        return override(self.record.recipe, dict.fromkeys(record.auto_fields(self.run), "auto"))

    def _continued(self, recipe: Recipe) -> Recipe:
        """The recipe without what only a random beginning needs.

        The average is not shortened at first: it begins at the parent's, which the first step would else replace (as in
        transfer learning with StyleGAN2-ADA's code). Networks that had grown to their full size begin at it.
        """
        data, average, growth = recipe.data, recipe.training.average, recipe.growth
        shape = self.record.data_spec.sample_shape
        if isinstance(data, Pictures | StackedMNIST) and data.size is None and len(shape) == 3:
            data = replace(data, size=shape[-1])
        if average:
            average = replace(average, ramp=inf)
        if growth and is_grown(self.record.recipe, self.record.data_spec, self.images):
            growth = None
        return replace(recipe, data=data, growth=growth, training=replace(recipe.training, average=average))

    def check_processes(self, engine: Engine) -> None:
        """Refuses where the processes of a group have read different checkpoints."""
        if engine.anyone(engine.share(self.fingerprint) != self.fingerprint):
            raise Refused(f"{self.run.path} saved a checkpoint meanwhile: name one, --from {self.saved.path}")

    def give(self, trainer: Trainer) -> str:
        """Gives the trainer's networks and average all that fits; returns a line that says what. Refused for nothing.

        A tensor fits one of the same name and shape. Where the classes differ, an embedding of labels gets the rows of
        the classes that both have, by their names. The rest stays as it was initialised.
        """
        classes = _classes(trainer.recipe, trainer.data_spec), _classes(self.record.recipe, self.record.data_spec)
        tensors = self.saved.tensors
        if trainer.average:
            mean = tensors.get("average") or tensors.get("generator", {})
            _take(trainer.average.module, mean, *classes)
        taken = {name: _take(network, tensors.get(name, {}), *classes) for name, network in trainer.networks.items()}
        if not any(one.parameters for one in taken.values()):
            raise Refused(f"no weights of {self.run.path} fit the networks of this recipe: leave --from out")
        counts = ", ".join(f"{one.count} of {one.of} tensors of the {name}" for name, one in taken.items())
        fresh = [f"{name}.{key}" for name, one in taken.items() for key in one.fresh]
        new = (
            [name for name in classes[0] if name not in classes[1]]
            if any(one.by_class for one in taken.values())
            else []
        )
        rest = [f"initialised anew: {_cut(fresh)}"] if fresh else []
        rest += [f"classes that are new: {_cut(new)}"] if new else []
        if self.record.recipe.growth and not trainer.recipe.growth:
            rest.append("its networks had grown to their full size and begin there (growth=none)")
        return "; ".join([f"begins from {self.saved.path}: {counts}", *rest])


@dataclass(frozen=True)
class Taken:
    """What a network of `of` tensors took. parameters: how many of those that are trained. by_class: whether an
    embedding took rows by the classes' names."""

    of: int
    parameters: int
    fresh: Sequence[str]
    by_class: bool

    @property
    def count(self) -> int:
        return self.of - len(self.fresh)


def read_parent(path: Path, trust_code: bool, named: Mapping[str, Any]) -> Parent:
    """The run at `path` with its newest whole checkpoint, or the run of the checkpoint `RUN/checkpoints/N`.

    Its own recipe.py is run only with `trust_code`; `named` are classes that the user named.
    """
    run = run_of(path)
    read = record.read_record(run, trust_code, named)
    if run.path != path:
        if not (path / "state.json").is_file():
            known = ", ".join(map(str, run.checkpoint_steps())) or "none"
            raise Refused(f"there is no checkpoint {path} (steps that were saved: {known})")
        saved, damaged = checkpoints.read(path), []
    else:
        saved, damaged = checkpoints.read_newest(run.checkpoints)
    if saved is None and damaged:
        raise Failed(f"{damaged[0]}, and {run.path} has no other")
    if saved is None:
        raise Refused(f"{run.path} has no checkpoint yet: train it further first")
    with record.checkpoint_errors(run, saved.path):
        parent = Parent(run, read, saved, [f"warning: {line}; passed over" for line in damaged])
        parent.to_json()  # a state that lacks something is told here
    return parent


def run_of(path: Path) -> RunDirectory:
    """The run that `--from` names, be it by one of its checkpoints."""
    inside = path.parent.name == "checkpoints" and RunDirectory.is_run(path.parent.parent)
    return RunDirectory(path.parent.parent) if inside else RunDirectory.open(path)


def refuse_other_parent(run: RunDirectory, path: Path) -> None:
    """Raises `Refused` where a run that is to go on did not begin from the run at `path`, which may be gone."""
    parent = path.parent.parent if path.parent.name == "checkpoints" else path
    if (record.read_parent(run) or {}).get("run") != str(parent.resolve()):
        raise Refused(f"{run.path} is a run already, and did not begin from {parent}: name a new directory")


def _on_data_of(recipe: Recipe, data: Data) -> Recipe:
    """The recipe on the source of another's data, where both take one of the same kind."""
    source = getattr(data, "source", None)
    if source is None or type(recipe.data) is not type(data):
        return recipe
    return replace(recipe, data=replace(recipe.data, source=source))


def _classes(recipe: Recipe, data_spec: DataSpec) -> tuple[str, ...]:
    return data_spec.classes if recipe.conditional else ()


def _take(module: nn.Module, tensors: Mapping[str, Tensor], classes: Sequence[str], before: Sequence[str]) -> Taken:
    """Loads into the module the tensors that fit."""
    own: dict[str, Tensor] = module.state_dict()
    labels = [
        f"{name}."
        for name, part in module.named_modules()
        if isinstance(part, nn.Embedding) and part.num_embeddings == len(classes) and classes != before
    ]
    new: dict[str, Tensor] = {}
    by_class = False
    for key, mine in own.items():
        theirs = tensors.get(key)
        if theirs is None or theirs.shape[1:] != mine.shape[1:] or theirs.dim() != mine.dim():
            continue
        if mine.dim() and key.startswith(tuple(labels)) and len(theirs) == len(before):
            if (rows := _rows(mine, theirs, classes, before)) is not None:
                new[key], by_class = rows, True
        elif theirs.shape == mine.shape:
            new[key] = theirs
    module.load_state_dict({**own, **new})
    trained = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    return Taken(len(own), len(trained & new.keys()), [key for key in own if key not in new], by_class)


def _rows(mine: Tensor, theirs: Tensor, classes: Sequence[str], before: Sequence[str]) -> Tensor | None:
    """`mine` with the rows of `theirs` for the classes that both have; None where they have none in common."""
    common = [name for name in classes if name in before]
    if not common:
        return None
    rows = mine.clone()
    here, there = ([names.index(name) for name in common] for names in (classes, before))
    rows[torch.tensor(here)] = theirs[torch.tensor(there)].to(rows)
    return rows


def _cut(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
