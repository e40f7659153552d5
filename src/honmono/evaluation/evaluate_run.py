"""Evaluating a run: adds its numbers, with their protocol, to its metrics.jsonl."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from honmono.data.mixtures import Mixture
from honmono.data.parallel import progress
from honmono.data.points import Points
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused
from honmono.evaluation.availability import applicable, download_weights, metrics_of_labels, unavailable_metrics
from honmono.evaluation.measure import Measured, measure
from honmono.files import refuse_unwritable
from honmono.generation.load import TrainedRun, load
from honmono.generation.model import Weights
from honmono.metrics.base import Metric
from honmono.metrics.features.named import NETWORKS
from honmono.metrics.modes import ModeCoverage
from honmono.metrics.named import METRICS
from honmono.metrics.named import metric as metric_named
from honmono.metrics.stacked_modes import StackedModes
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.images import grid, save_png


SUGGESTED = ("fid", "kid", "prdc")
ANY_PICTURES = "cifar10"  # the feature network where none of ours was trained for the pictures' size


@dataclass(frozen=True)
class Evaluation:
    """A recorded evaluation. pictures: the picture files that it wrote."""

    run: RunDirectory
    step: int
    images: int
    measured: Measured
    pictures: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """What `honmono evaluate --json` prints: strict JSON."""
        evaluation = {
            "run": str(self.run.path),
            "checkpoint": self.step,
            "metrics": self.measured.metrics,
            "protocol": self.measured.protocol,
        }
        intervals = {key: list(ends) for key, ends in self.measured.intervals.items()}
        return evaluation | ({"intervals": intervals} if intervals else {})


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
    sampler: Mapping[str, Any] | None = None,
    device: str = "auto",
    trust_code: bool = False,
) -> Evaluation:
    """Measures a run and adds a line to its metrics.jsonl; an interrupted evaluation adds none.

    metrics: names ("fid[mnist],modes", also of metrics in the recipe's own file) or metrics; None: the recipe's own;
        for points at least `modes`, and for a conditional recipe also how well samples fit their labels, and their
        variety.
    num: number of fakes for each metric; None: the metric's own.
    seeds: number of sample seeds, 0, 1, ...; two or more give means and 95 % intervals.
    checkpoint, weights, device, trust_code: as for `honmono.load`.
    reference: a source of real pictures instead of the run's.
    truncation: as for `sample`.
    sampler: fields of the recipe's sampler to change, as for `TrainedRun.with_sampler`.
    Raises `Refused` for what cannot be measured, if possible before samples are generated.
    """
    _refuse_call(seeds)
    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint, weights=weights)
    trained = trained.with_sampler(**(sampler or {}))
    chosen = _metrics(trained, metrics, num)
    _refuse_unavailable(trained, chosen, reference)
    model = trained.model.with_truncation(truncation)
    measured = measure(model, chosen, seeds=range(seeds), reference=reference, pictures=True, progress=progress)
    evaluations.append(trained.run, _line(trained, measured))
    return Evaluation(trained.run, trained.step, trained.images, measured, _pictures(trained.run, measured))


def _refuse_call(seeds: int) -> None:
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise Refused("an evaluation runs in one process: call honmono evaluate without torchrun")
    if seeds < 1:
        raise Refused(f"--seeds {seeds}: give the number of sample seeds, at least 1")


def _refuse_unavailable(trained: TrainedRun, metrics: Sequence[Metric], reference: str | None) -> None:
    refuse_unwritable(trained.run.path, "evaluations are added to its metrics.jsonl: copy the run to a writable place")
    if reference is not None and isinstance(trained.recipe.data, Mixture | Points):
        raise Refused(f"--reference {reference}: points need no reference, since the recipe's mixture is one: omit it")
    reasons = unavailable_metrics(trained.recipe, metrics, trained.classes, reference=reference)
    for why in (reasons or download_weights(metrics)).values():
        raise Refused(why)


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
    line |= {"source": trained.source} if trained.source else {}
    return line | ({"notes": list(measured.notes)} if measured.notes else {})


def _pictures(run: RunDirectory, measured: Measured) -> tuple[Path, ...]:
    """Writes neighbours.png: in each row a fake, then its nearest real pictures."""
    paths = []
    for number, rows in enumerate(measured.pictures.values()):
        path = run.path / ("neighbours.png" if number == 0 else f"neighbours-{number + 1}.png")
        save_png(grid(rows.flatten(0, 1).cpu().numpy(), rows.shape[1]), path)
        paths.append(path)
    return tuple(paths)


def _metrics(trained: TrainedRun, given: str | Sequence[str | Metric] | None, num: int | None) -> list[Metric]:
    names = [name for name in given.split(",") if name.strip()] if isinstance(given, str) else given
    default = _default_network(trained)
    if names:
        own = {metric.name: metric for metric in trained.recipe.metrics if metric.kind not in METRICS}
        chosen = [
            (own.get(name.strip()) or metric_named(name, default)) if isinstance(name, str) else name for name in names
        ]
    else:
        chosen = _own_metrics(trained, default)
    if not chosen:
        fitting = ",".join(f"{kind}[{default or 'inception'}]" for kind in SUGGESTED)
        if isinstance(trained.recipe.data, StackedMNIST):
            fitting = StackedModes().name
        raise Refused(f"the recipe has no metrics: name some, as in --metrics {fitting}")
    if num is not None and num < 1:
        raise Refused(f"--num {num}: give at least 1")
    return chosen if num is None else [replace(one, fakes=num) for one in chosen]


def _own_metrics(trained: TrainedRun, network: str | None) -> list[Metric]:
    """The metrics without --metrics: see `evaluate`."""
    recipe, classes = trained.recipe, trained.classes
    if isinstance(recipe.data, Mixture | Points):
        return [*(recipe.metrics or (ModeCoverage(),))]
    chosen = applicable(recipe, recipe.metrics, classes)
    return chosen + (
        metrics_of_labels(chosen, classes, network or ANY_PICTURES) if recipe.conditional and classes else []
    )


def _default_network(trained: TrainedRun) -> str | None:
    """Our feature network for pictures of this size and number of channels; None where there is none."""
    shape = trained.model.data_spec.sample_shape
    if len(shape) != 3:
        return None
    fitting = [name for name, network in NETWORKS.items() if (network.channels, network.size, network.size) == shape]
    return fitting[0] if fitting else None
