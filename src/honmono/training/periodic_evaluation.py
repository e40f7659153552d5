"""Measure a recipe's metrics during training, and choose the best checkpoint by them."""

import time
from collections.abc import Callable, Sequence

from honmono.errors import Failed, Refused, did_you_mean
from honmono.evaluation.availability import applicable, download_weights, unavailable_metrics
from honmono.evaluation.measure import Measured, measure
from honmono.metrics.base import Better, Metric
from honmono.metrics.variety import Variety
from honmono.recipe.value import Recipe
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import Line, is_detail
from honmono.runs.log import metric_column
from honmono.runs.protocol_text import describe_in_one_line
from honmono.training.trainer import Trainer


COLLAPSE = "collapse"  # the kind of warning that a low measured variety gives


class PeriodicEvaluation:
    """Evaluates a trainer's generator at intervals and appends to the run's metrics.jsonl, in the writing process.

    metrics: the recipe's metrics that can be measured on this machine.
    say: prints a line for the user.
    """

    def __init__(
        self, trainer: Trainer, run: RunDirectory, metrics: Sequence[Metric], say: Callable[[str], None]
    ) -> None:
        self._trainer, self._run, self._metrics, self._say = trainer, run, tuple(metrics), say
        key = trainer.recipe.training.best
        self._best_by = best_by(key if key and any(key in metric.keys() for metric in metrics) else None, metrics)
        self._seen = trainer.clock.images
        self._reported: set[str] = set()
        self.seconds = 0.0  # spent on evaluation in this process

    def due(self, ended: bool) -> bool:
        """Whether to measure after this step. It depends on images seen only, so that a resumed run measures at the
        same steps. Call it once after every step.
        """
        every, before, self._seen = self._trainer.recipe.training.measure_images, self._seen, self._trainer.clock.images
        crossed = every is not None and before // every < self._seen // every
        return bool(self._metrics) and (ended or crossed)

    def measure(self, warnings: Sequence[str] = ()) -> dict[str, float]:
        """Measures, records and prints the metrics; returns the columns for the log. An error is printed as a warning.

        warnings: the kinds of warnings that hold now ("collapse", ...), which exclude this checkpoint from the best.
        """
        begun = time.monotonic()
        try:
            line = self._line(warnings)
        except Exception as error:  # whatever a metric raises: it must not end a training of hours
            reason = str(error) if isinstance(error, Refused | Failed) else f"{type(error).__name__}: {error}"
            self._say_once(f"warning: step {self._trainer.clock.step} could not be measured: ", reason)
            return {}
        finally:
            self.seconds += time.monotonic() - begun
        evaluations.append(self._run, line)
        self._say(self._summary(line))
        self._say_once("measurement protocol: ", describe_in_one_line(line["protocol"].values()))
        return {
            metric_column(key): float("nan") if value is None else value
            for key, value in line["metrics"].items()
            if not is_detail(key)
        }

    def best(self) -> int | None:
        """The step of the best checkpoint, among those on disk and the one about to be written."""
        return evaluations.best(self._run, {*self._run.checkpoint_steps(), self._trainer.clock.step})

    def _line(self, warnings: Sequence[str]) -> Line:
        begun, clock = time.monotonic(), self._trainer.clock
        try:
            measured = self._measured(self._metrics)
        except Refused:
            fitting = [metric for metric in self._metrics if len(self._metrics) > 1 and self._fits(metric)]
            if not fitting:
                raise
            measured = self._measured(fitting)
        for note in measured.notes:
            self._say_once(f"warning: step {clock.step}: ", note)
        return evaluations.line(
            self._run,
            clock.step,
            clock.images,
            seconds=time.monotonic() - begun,
            metrics=measured.metrics,
            intervals=measured.intervals,
            protocol=measured.protocol,
            best_by=self._best_by,
            warnings=[*dict.fromkeys((*warnings, *self._warnings_of(measured)))],
        )

    def _warnings_of(self, measured: Measured) -> list[str]:
        """The kinds of warnings that follow from the numbers: a class, or the whole generator, has collapsed."""
        varieties = [metric for metric in self._metrics if isinstance(metric, Variety)]
        return [COLLAPSE] if any(metric.collapsed(measured.metrics) for metric in varieties) else []

    def _measured(self, metrics: Sequence[Metric]) -> Measured:
        return measure(self._trainer.model(), metrics)

    def _fits(self, metric: Metric) -> bool:
        """Whether the metric can be measured alone; if not, prints why, so that the others can still be measured."""
        try:
            self._measured([metric])
        except Refused as refusal:
            self._say_once(f"warning: step {self._trainer.clock.step}: without {metric.name}: ", str(refusal))
            return False
        return True

    def _summary(self, line: Line) -> str:
        firsts = {next(iter(metric.keys())) for metric in self._metrics} | {*[*self._best_by][:1]}
        values = ", ".join(f"{k} {v:.4g}" for k, v in line["metrics"].items() if k in firsts and v is not None)
        best, rank = self.best(), f"not the best: {', '.join(line['warnings'])}; " if line.get("warnings") else ""
        if best is not None:
            rank += f"best so far{'' if best == line['step'] else f': step {best}'}; "
        return f"step {line['step']}: {values} ({rank}{line['seconds']:.1f} s to measure)"

    def _say_once(self, prefix: str, text: str) -> None:
        if text not in self._reported:
            self._reported.add(text)
            self._say(prefix + text)


def best_by(key: str | None, metrics: Sequence[Metric]) -> dict[str, Better]:
    """The keys that checkpoints are compared by, and which values are better; later keys break ties of earlier ones.

    All are keys of one metric. {} where there is none.

    key: the first of them; None: the first key that measures both quality and variety or, if there is none, the first
        of all.
    Raises `Refused` for an unknown key, and for one where neither higher nor lower is better.
    """
    of_metrics = [(metric, metric.keys()) for metric in metrics]
    every = {name: keys for _, keys in of_metrics for name in keys}
    usable = [name for name, keys in every.items() if keys[name] != "neither"]
    if key is not None and key not in usable:
        reason = "of which neither higher nor lower values are better" if key in every else "which is not measured"
        near = "" if key in every else did_you_mean(key, usable)
        known = ", ".join(usable) or f"none: the recipe has no {'such ' if every else ''}metrics"
        raise Refused(f"training.best is {key}, {reason}{near} (keys: {known})")
    one_sided = {name for metric, keys in of_metrics for name in keys if name.partition("[")[0] in metric.one_sided}
    first = key or next(iter([name for name in usable if name not in one_sided] or usable), None)
    if first is None:
        return {}
    keys = every[first]
    rest = (name for name in keys if name != first and not is_detail(name) and keys[name] != "neither")
    return {name: keys[name] for name in (first, *rest)}


def measurable(recipe: Recipe, classes: Sequence[str]) -> tuple[list[int], list[str]]:
    """The indices of the recipe's metrics that can be measured on this machine, and a line for each that cannot.

    classes: those of the data. Raises `Refused` where `training.best` is not a key of any of them.
    """
    best_by(recipe.training.best, recipe.metrics)
    fitting = applicable(recipe, recipe.metrics, classes)
    obstacles = unavailable_metrics(recipe, fitting, classes)
    obstacles |= download_weights([metric for metric in fitting if metric.name not in obstacles])
    indices = [index for index, one in enumerate(recipe.metrics) if one in fitting and one.name not in obstacles]
    return indices, [f"not measured during training: {reason}" for reason in obstacles.values()]
