"""A trained run as a Python object: `honmono.load(run).sample(64)`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from honmono.devices import device_of
from honmono.errors import Failed, Refused, did_you_mean
from honmono.generation.exports.weights import is_exported, read_weights
from honmono.generation.hub.download import download
from honmono.generation.hub.names import hub_name
from honmono.generation.latents.saved import SavedLatents
from honmono.generation.model import Model, ReadyGenerator, Weights
from honmono.generation.which_checkpoint import chosen, newest
from honmono.recipe.build import build_networks, set_stage
from honmono.recipe.record import Record, checkpoint_errors, read_record
from honmono.recipe.value import Recipe
from honmono.runs.directory import RunDirectory


@dataclass(frozen=True)
class TrainedRun:
    """A run's generator, ready to sample from.

    model: the generator with its recipe, its classes and the shape of its samples.
    step, images: of the checkpoint. name: of the recipe.
    source: the model of the hub that the weights came from, as hf:OWNER/NAME@COMMIT; "" for others. Loaded from
        there, it has no directory yet: `run` is a new one in the current directory, into which commands write.
    """

    run: RunDirectory
    model: Model
    step: int
    images: int = 0
    name: str = ""
    source: str = ""

    @property
    def recipe(self) -> Recipe:
        """The recipe that the run was trained by."""
        return self.model.recipe

    @property
    def weights(self) -> Weights:
        """Which weights the generator has: the "average" of those trained, or the "raw" ones."""
        return self.model.weights

    @property
    def raw_generator(self) -> nn.Module:
        """The network alone, in evaluation mode; in training mode it moves its buffers when it is called."""
        return self.model.generator

    @property
    def generator(self) -> ReadyGenerator:
        """A module that returns the samples of latents (batch, latent) and labels (batch,), as `at` does."""
        return self.model.ready

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes to sample from; () where the recipe is not conditional."""
        return self.model.classes

    def with_batch_norm(self, mode: str) -> "TrainedRun":
        """The same run, sampled with batch norm in another mode: "running", "batch" or "identity"."""
        return replace(self, model=self.model.with_batch_norm(mode))

    def with_sampler(
        self, *, steps: int | None = None, solver: str | None = None, guidance: float | None = None
    ) -> "TrainedRun":
        """The same run, sampled in other steps, by another ODE solver, or with other guidance by its labels."""
        return replace(self, model=self.model.with_sampler(steps=steps, solver=solver, guidance=guidance))

    def sample(
        self,
        num: int,
        *,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float | None = None,
        latents: SavedLatents | None = None,
    ) -> Tensor:
        """`num` samples as float32 (num, *sample_shape) on the CPU, in the recipe's range.

        label: a class, by its name or, if it is an int, by its number; None: all in turn.
        seed: of the latents.
        truncation: the largest latent, for normal latents; of a generator that makes styles, such as StyleGAN2's, how
            far they are from their means, from 0 on (0.5 to 1 is usual).
        latents: saved ones, in place of those of a seed.
        The first samples do not depend on `num`.
        """
        return torch.cat([*self.chunks(num, label=label, seed=seed, truncation=truncation, latents=latents)])

    def pictures(
        self,
        num: int,
        *,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float | None = None,
        latents: SavedLatents | None = None,
    ) -> np.ndarray:
        """`num` samples as uint8 pictures (num, channels, height, width)."""
        samples = self.sample(num, label=label, seed=seed, truncation=truncation, latents=latents)
        return self.model.pictures(samples)

    def chunks(
        self,
        num: int,
        *,
        label: str | int | None = None,
        seed: int = 0,
        truncation: float | None = None,
        latents: SavedLatents | None = None,
    ) -> Iterator[Tensor]:
        """The same samples in chunks, so that memory does not grow with `num`."""
        if num < 1:
            raise Refused(f"--num {num}: give at least 1")
        index = None if label is None else self.class_number(label)
        run = replace(self, model=self.model.with_truncation(truncation))
        if latents is None:
            chunks = run.model.fakes(seed=seed, label=index)
        else:
            chunks = run.at_saved(latents.first(num), index)
        for chunk in chunks:
            chunk = chunk[:num].float().cpu().contiguous()
            yield chunk
            num -= len(chunk)
            if not num:
                return

    def at(self, latents: np.ndarray, labels: np.ndarray | None = None) -> Tensor:
        """The samples at given latents (batch, latent) and labels (batch,)."""
        return self.model.at(latents.astype(np.float32), labels).float().cpu()

    def at_saved(self, saved: SavedLatents, label: int | None = None) -> Iterator[Tensor]:
        """The samples of saved latents, in chunks. label: the class of all; None: those saved, or else all in turn."""
        saved = saved.fitting(self.model)
        labels = saved.labels_of(self.model) if label is None else np.full(len(saved.latents), label)
        size = self.recipe.training.batch_size
        for number, start in enumerate(range(0, len(saved.latents), size)):
            part = slice(start, start + size)
            yield self.model.at(saved.latents[part], labels[part], (0, number))

    def saved_latents(
        self, num: int, *, label: str | int | None = None, seed: int = 0, truncation: float | None = None
    ) -> SavedLatents:
        """The latents of `num` samples of a seed, with their classes."""
        index = None if label is None else self.class_number(label)
        chunks = self.model.with_truncation(truncation).draws(seed=seed, label=index)
        taken = [next(chunks)[:2] for _ in range(-(-num // self.recipe.training.batch_size))]
        latents, labels = (np.concatenate(part)[:num] for part in zip(*taken, strict=True))
        return SavedLatents(latents, tuple(self.classes[one] for one in labels) if self.classes else ())

    def save_pretrained(self, folder: str | Path, *, license: str | None = None) -> Path:
        """Writes weights, configuration, card and pictures into a new folder, which `from_pretrained` and `load` read.

        license: of the model, for its card: an identifier of the hub such as "mit".
        """
        from honmono.generation.hub.saved import save_pretrained

        return save_pretrained(self, Path(folder), license=license)

    def class_number(self, label: str | int) -> int:
        """A class's number by its name; an int that is not a name is the number itself.

        Raises `Refused` where an int is the name of one class and the number of another.
        """
        if not self.classes:
            raise Refused(f"--label {label}: this run's recipe is not conditional and has no classes: omit it")
        numbered = not isinstance(label, str) and 0 <= label < len(self.classes)
        if str(label) not in self.classes:
            if numbered:
                return int(label)
            near = did_you_mean(str(label), self.classes)
            raise Refused(
                f"--label {label}: no such class{near} ({self._class_list()}; --label-index takes a number from 0)"
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
            raise Refused(f"--label-index {number}: this run's recipe is not conditional and has no classes: omit it")
        if not 0 <= number < len(self.classes):
            last = len(self.classes) - 1
            raise Refused(f"--label-index {number}: give a number from 0 to {last} ({self._class_list()})")
        return self.classes[number]

    def _class_list(self) -> str:
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
    """Loads a checkpoint of a run, or what `export` wrote from one as "safetensors". Runs no code from the directory,
    except with `trust_code`.

    run: a directory, or "hf:OWNER/NAME[@REVISION]", a model on the Hugging Face hub, which is downloaded.
    device: auto, cpu, cuda, cuda:N or mps.
    trust_code: run the recipe.py in the run's directory.
    checkpoint: a step, "best" (by the evaluations during training) or "newest"; None: the newest intact one.
    weights: "average", if the recipe has averaged weights, or "raw".
    Raises `Refused` where there is no run or its recipe needs other code, `Failed` where no checkpoint is intact.
    """
    if name := hub_name(run):
        if trust_code:
            raise Refused(f"{name}: a model of the hub holds no code that could be trusted: omit --trust-code")
        folder, pinned = download(name)
        loaded = _load_exported(folder, device, checkpoint, weights)
        return replace(loaded, run=RunDirectory(Path(pinned.folder)), source=str(pinned))
    if is_exported(Path(run)):
        return _load_exported(Path(run), device, checkpoint, weights)
    directory = RunDirectory.open(Path(run))
    return load_as(read_record(directory, trust_code), directory, device, checkpoint, weights)


def loaded(run: str | Path | TrainedRun, device: str = "auto") -> TrainedRun:
    """A run that is loaded already as it is; one given by name as `load` loads it."""
    return run if isinstance(run, TrainedRun) else load(run, device=device)


def load_as(
    record: Record,
    directory: RunDirectory,
    device: str = "auto",
    checkpoint: str | int | None = None,
    weights: Weights = "average",
) -> TrainedRun:
    """Like `load`, for a run whose record is already read."""
    if weights not in ("average", "raw"):
        raise Refused(f"weights={weights!r}: give 'average' or 'raw'")
    saved = newest(directory) if checkpoint in (None, "newest") else chosen(directory, str(checkpoint))
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
    """The run with a new generator of these weights and buffers."""
    generator = build_networks(record.recipe, record.data_spec, ["generator"])["generator"]
    # Threads may sample from it at the same time, and each leaves it in the mode in which it found it.
    generator.eval()
    generator.load_state_dict(state)
    set_stage(record.recipe.growth, generator, images)
    generator = generator.to(device)
    model = Model(generator, record.recipe, record.data_spec, weights)
    return TrainedRun(directory, model, step, images, record.name)


def _load_exported(folder: Path, device: str, checkpoint: str | int | None, weights: Weights) -> TrainedRun:
    exported = read_weights(folder)
    if checkpoint not in (None, "newest") or (weights == "raw" and exported.weights != "raw"):
        raise Refused(
            f"{folder} holds the {exported.weights} weights of step {exported.step} and no others: choose others when"
            " you export the run"
        )
    directory, placed, clock = RunDirectory(folder), device_of(device), (exported.step, exported.images)
    try:
        loaded = of_weights(exported.record, directory, exported.tensors, placed, *clock, exported.weights)
        return replace(loaded, source=exported.source)
    except Refused:
        raise
    except (RuntimeError, TypeError, ValueError, ArithmeticError) as error:
        raise Failed(f"the two files of {folder} do not fit each other: export the run again") from error
