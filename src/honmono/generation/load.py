"""A trained run as a Python object: `honmono.load(run).sample(64)`."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from honmono.data.base import DataSpec
from honmono.devices import device_of
from honmono.errors import Failed, Refused, did_you_mean
from honmono.generation.sampling import ReadyGenerator, fakes, generate
from honmono.networks.batch_norm import SamplingMode
from honmono.recipe.build import build_networks, set_stage
from honmono.recipe.record import Record, checkpoint_errors, read_record
from honmono.recipe.value import Recipe
from honmono.runs import evaluations
from honmono.runs.checkpoints import Checkpoint, read, read_newest
from honmono.runs.directory import RunDirectory
from honmono.runs.images import to_uint8


Weights = Literal["average", "raw"]


@dataclass(frozen=True)
class TrainedRun:
    """A run's generator, ready to sample from.

    raw_generator: the network alone, which moves its buffers when it is called in training mode; for training it on,
    or for its weights. images: seen when it was saved. weights: "average" where it is the averaged one.
    """

    run: RunDirectory
    recipe: Recipe
    data_spec: DataSpec
    raw_generator: nn.Module
    step: int
    images: int = 0
    weights: Weights = "raw"

    @property
    def generator(self) -> ReadyGenerator:
        """Called with latents (batch, latent) and labels (batch,) it gives the samples that `at` gives."""
        return ReadyGenerator(self.raw_generator, self.recipe.sampling)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that can be asked for; () where the recipe is not conditional."""
        return self.data_spec.classes if self.recipe.conditional else ()

    @property
    def range(self) -> tuple[float, float]:
        """The numbers that stand for black and white."""
        return getattr(self.recipe.data, "range", (-1.0, 1.0))

    def with_batch_norm(self, mode: str) -> "TrainedRun":
        """The same run, sampled with batch norm in another mode: "running", "batch" or "identity"."""
        if mode not in get_args(SamplingMode):
            raise Refused(f"--batch-norm {mode}: give one of {', '.join(get_args(SamplingMode))}")
        return replace(self, recipe=replace(self.recipe, sampling=mode))

    def sample(
        self, num: int, *, label: str | int | None = None, seed: int = 0, truncation: float | None = None
    ) -> Tensor:
        """`num` samples as the generator makes them: float32 (num, *sample_shape) on the CPU, in the recipe's range.

        label: a class by name (or by number, if it is an int); None: all in turn. The first samples are the same
        whatever `num` is.
        """
        return torch.cat([*self.chunks(num, label=label, seed=seed, truncation=truncation)])

    def pictures(
        self, num: int, *, label: str | int | None = None, seed: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """`num` samples as uint8 pictures (num, channels, height, width)."""
        return to_uint8(self.sample(num, label=label, seed=seed, truncation=truncation), self.range)

    def chunks(
        self, num: int, *, label: str | int | None = None, seed: int = 0, truncation: float | None = None
    ) -> Iterator[Tensor]:
        """The same samples chunk by chunk, in memory that does not grow with `num`."""
        if num < 1:
            raise Refused(f"--num {num}: ask for at least one sample")
        place = None if label is None else self.class_number(label)
        classes = len(self.classes)
        made = fakes(self.raw_generator, self.recipe, classes, seed=seed, label=place, truncation=truncation)
        for chunk in made:
            chunk = chunk[:num].float().cpu().contiguous()
            yield chunk
            num -= len(chunk)
            if not num:
                return

    def at(self, latents: np.ndarray, labels: np.ndarray | None = None) -> Tensor:
        """The samples at given latents (batch, latent) and labels (batch,)."""
        return generate(self.raw_generator, self.recipe, latents.astype(np.float32), labels).float().cpu()

    def class_number(self, label: str | int) -> int:
        """A class's number by its name; a whole number that is no name is the number itself.

        Raises `Refused` where a whole number is the name of one class and the number of another.
        """
        if not self.classes:
            raise Refused(f"--label {label}: this run's recipe is not conditional, so no class can be asked for")
        numbered = not isinstance(label, str) and 0 <= label < len(self.classes)
        if str(label) not in self.classes:
            if numbered:
                return int(label)
            near = did_you_mean(str(label), self.classes)
            raise Refused(
                f"--label {label}: no such class{near} ({self._known()}; --label-index takes a number from 0)"
            )
        named = self.classes.index(str(label))
        if numbered and named != label:
            raise Refused(
                f"label={label} is the class '{label}' and the number of the class '{self.classes[int(label)]}': give"
                f" label='{label}' or label='{self.classes[int(label)]}'"
            )
        return named

    def class_name(self, number: int) -> str:
        """A class's name by its number, from 0 on."""
        if not self.classes:
            raise Refused(f"--label-index {number}: this run's recipe is not conditional, so it has no classes")
        if not 0 <= number < len(self.classes):
            last = len(self.classes) - 1
            raise Refused(f"--label-index {number}: give a number from 0 to {last} ({self._known()})")
        return self.classes[number]

    def _known(self) -> str:
        more = ", ..." if len(self.classes) > 20 else ""
        return f"classes: {', '.join(self.classes[:20])}{more}"


def load(
    run: str | Path,
    *,
    device: str = "auto",
    trust_code: bool = False,
    checkpoint: str | int | None = None,
    weights: Weights = "average",
) -> TrainedRun:
    """A checkpoint of a run. Runs no code from the directory unless `trust_code` says so.

    checkpoint: a step, "best" by what was measured during training, or "newest"; None: the newest that is whole.
    weights: the "average" where the recipe averages, or the "raw" ones that are trained.
    Raises `Refused` where there is no run or its recipe is not honmono's own, `Failed` where no checkpoint is whole.
    """
    directory = RunDirectory.open(Path(run))
    return load_as(read_record(directory, trust_code), directory, device, checkpoint, weights)


def load_as(
    record: Record,
    directory: RunDirectory,
    device: str = "auto",
    checkpoint: str | int | None = None,
    weights: Weights = "average",
) -> TrainedRun:
    """The same for a run whose record is at hand already, whatever code its recipe is made of."""
    if weights not in ("average", "raw"):
        raise Refused(f"weights are 'average' or 'raw', not {weights!r}")
    saved = _newest(directory) if checkpoint in (None, "newest") else _chosen(directory, str(checkpoint))
    averaged = record.recipe.training.average is not None and weights == "average"
    placed = device_of(device)
    with checkpoint_errors(directory, saved.path):
        state = saved.tensors["average" if averaged else "generator"]
        step, images = int(saved.state["step"]), int(saved.state["images"])
        weights = "average" if averaged else "raw"
        return of_weights(record, directory, state, placed, step, images, weights)


def of_weights(
    record: Record,
    directory: RunDirectory,
    state: Mapping[str, Tensor],
    device: torch.device,
    step: int,
    images: int,
    weights: Weights,
) -> TrainedRun:
    """The run with a generator of its own that has these weights and buffers, at hand or from a checkpoint."""
    generator, _ = build_networks(record.recipe, record.data_spec)
    generator.load_state_dict(state)
    set_stage(record.recipe.growth, generator, images)
    generator = generator.to(device)
    return TrainedRun(directory, record.recipe, record.data_spec, generator, step, images, weights)


def _newest(directory: RunDirectory) -> Checkpoint:
    saved, damaged = read_newest(directory.checkpoints)
    for line in damaged if saved else ():
        warnings.warn(f"{line}; an older one is used", stacklevel=4)
    if saved is None:
        raise Failed(damaged[0] if damaged else f"{directory.path} has no checkpoint yet: train it further first")
    return saved


def _chosen(directory: RunDirectory, which: str) -> Checkpoint:
    """The checkpoint of a step, or the best. Raises `Refused` where there is none."""
    steps = directory.checkpoint_steps()
    if which == "best":
        best = evaluations.best(directory)
        if best is None:
            raise Refused(
                f"{directory.path} has no best checkpoint: {evaluations.why_none_is_best(directory)};"
                " leave out --checkpoint for the newest"
            )
        which = str(best)
    if not which.isdecimal() or int(which) not in steps:
        known = ", ".join(map(str, steps)) or "none yet"
        raise Refused(f"--checkpoint {which}: give best, newest or a step that was saved (there are: {known})")
    return read(directory.checkpoint(int(which)))
