"""Evaluating a run: its numbers, with their protocol, into its metrics.jsonl."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from honmono.data.mixtures import Mixture
from honmono.data.parallel import progress
from honmono.data.points import Points
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused
from honmono.evaluation.availability import applicable, fetched, of_classes, ready
from honmono.evaluation.measure import Measured, measure
from honmono.files import refuse_unwritable
from honmono.generation.load import TrainedRun, Weights, load
from honmono.metrics.base import Metric
from honmono.metrics.features.named import NETWORKS
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.named import metric as metric_named
from honmono.metrics.stacked_modes import StackedModes
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.images import grid, save_png


SUGGESTED = ("fid", "kid", "prdc")
ANY_PICTURES = "cifar10"  # what pictures are looked at through where no network of ours was made for their size


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that was made and recorded. pictures: the files that were written beside it."""

    run: RunDirectory
    step: int
    images: int
    measured: Measured
    pictures: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """What `honmono evaluate --json` prints: strict JSON."""
        told = {
            "run": str(self.run.path),
            "checkpoint": self.step,
            "metrics": self.measured.metrics,
            "protocol": self.measured.protocol,
        }
        intervals = {key: list(ends) for key, ends in self.measured.intervals.items()}
        return told | ({"intervals": intervals} if intervals else {})


def evaluate(
    run: str | Path,
    metrics: str | Sequence[str | Metric] | None = None,
    *,
    num: int | None = None,
    seeds: int = 1,
    checkpoint: str | int | None = None,
    weights: Weights = "average",
    reference: str | None = None,
    truncation: float | None = None,
    device: str = "auto",
    trust_code: bool = False,
) -> Evaluation:
    """Measures a run and adds a line to its metrics.jsonl; an evaluation that is interrupted leaves none.

    metrics: names ("fid[mnist],modes") or metrics; None: the recipe's own, on points the modes, and where classes are
    learned whether they are drawn right and how variously. num: fakes for each, in place of the metrics' own numbers.
    seeds: so many sample seeds, 0, 1, ..., give a mean and a 95 % interval.
    checkpoint, weights: as for `honmono.load`; truncation: as for `sample`. reference: a source of other real pictures.
    Raises `Refused` for what cannot be measured, before any sample is drawn where it can.
    """
    _refuse_call(seeds)
    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint, weights=weights)
    chosen = _metrics(trained, metrics, num)
    _refuse_obstacles(trained, chosen, reference)
    measured = measure(
        trained.raw_generator,
        trained.recipe,
        trained.interface.classes,
        trained.interface.sample_shape,
        chosen,
        seeds=range(seeds),
        reference=reference,
        truncation=truncation,
        weights=trained.weights,
        pictures=True,
        progress=progress,
    )
    evaluations.append(trained.run, _line(trained, measured))
    return Evaluation(trained.run, trained.step, trained.images, measured, _pictures(trained.run, measured))


def _refuse_call(seeds: int) -> None:
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise Refused("evaluation is one process's work: call honmono evaluate without torchrun")
    if seeds < 1:
        raise Refused(f"--seeds {seeds}: give the number of sample seeds, at least 1")


def _refuse_obstacles(trained: TrainedRun, metrics: Sequence[Metric], reference: str | None) -> None:
    refuse_unwritable(trained.run.path, "its metrics.jsonl keeps every evaluation: copy the run where you can write")
    if reference is not None and isinstance(trained.recipe.data, Mixture | Points):
        raise Refused(f"--reference {reference}: points are held against their own mixture: leave it out")
    obstacles = ready(trained.recipe, metrics, trained.classes, reference=reference) or fetched(metrics)
    for obstacle in obstacles.values():
        raise Refused(obstacle)


def _line(trained: TrainedRun, measured: Measured) -> dict[str, Any]:
    line = evaluations.line(
        trained.run,
        trained.step,
        trained.images,
        seconds=measured.seconds,
        metrics=measured.metrics,
        intervals=measured.intervals,
        protocol=measured.protocol,
    )
    return line | ({"notes": list(measured.notes)} if measured.notes else {})


def _pictures(run: RunDirectory, measured: Measured) -> tuple[Path, ...]:
    """neighbours.png: in each row a fake, then its nearest training pictures."""
    paths = []
    for number, rows in enumerate(measured.pictures.values()):
        path = run.path / ("neighbours.png" if number == 0 else f"neighbours-{number + 1}.png")
        save_png(grid(rows.flatten(0, 1).cpu().numpy(), rows.shape[1]), path)
        paths.append(path)
    return tuple(paths)


def _metrics(trained: TrainedRun, asked: str | Sequence[str | Metric] | None, num: int | None) -> list[Metric]:
    names = [name for name in asked.split(",") if name.strip()] if isinstance(asked, str) else asked
    default = _default_network(trained)
    if names:
        chosen = [metric_named(name, default) if isinstance(name, str) else name for name in names]
    else:
        chosen = _own_metrics(trained, default)
    if not chosen:
        fitting = ",".join(f"{kind}[{default or 'inception'}]" for kind in SUGGESTED)
        if isinstance(trained.recipe.data, StackedMNIST):
            fitting = StackedModes().name
        raise Refused(f"the recipe names no metrics of its own: say which, as in --metrics {fitting}")
    if num is not None and num < 1:
        raise Refused(f"--num {num}: ask for at least one sample")
    return chosen if num is None else [replace(one, fakes=num) for one in chosen]


def _own_metrics(trained: TrainedRun, network: str | None) -> list[Metric]:
    """The recipe's that have something to judge; on points at least the modes, where classes are learned also these."""
    recipe, classes = trained.recipe, trained.classes
    if isinstance(recipe.data, Mixture | Points):
        return [*(recipe.metrics or (ModeCoverage(),))]
    chosen = applicable(recipe, recipe.metrics, classes)
    return chosen + (of_classes(chosen, classes, network or ANY_PICTURES) if recipe.conditional and classes else [])


def _default_network(trained: TrainedRun) -> str | None:
    """The network of ours that was made for pictures of this size and colour; None where there is none."""
    shape = trained.interface.sample_shape
    if len(shape) != 3:
        return None
    fitting = [name for name, network in NETWORKS.items() if (network.channels, network.size) == (shape[0], shape[-1])]
    return fitting[0] if fitting else None
