"""Prepare a training: recipe, data, device, trainer and run directory, for a new run or a resumed one."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from filelock import FileLock

from honmono.data.base import Batch
from honmono.data.choose import suitable
from honmono.devices import Choices, choose, device_of, recorded
from honmono.errors import Failed, Refused
from honmono.metrics.base import Metric
from honmono.recipe import record
from honmono.recipe.build import couples
from honmono.recipe.hyperparameters import leaves, part_at
from honmono.recipe.override import override
from honmono.recipe.record import Record
from honmono.recipe.registry import Entry
from honmono.recipe.serialize import outside_classes, to_json
from honmono.recipe.value import Recipe, auto_fields
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory, unfinished
from honmono.runs.lock import hold, is_held
from honmono.runs.trackers import check_trackers, open_trackers
from honmono.training.choices import choices_for, plain_choices
from honmono.training.classes import class_lines, data_lines
from honmono.training.cost import cost
from honmono.training.open_trainer import open_rehearsed, open_trainer
from honmono.training.options import TrainOptions, apply_options, entry_of, recipe_for
from honmono.training.periodic_evaluation import measurable
from honmono.training.recorder import Recorder
from honmono.training.trainer import Trainer
from honmono.training.warm_start import Parent, read_parent, refuse_other_parent


@dataclass(frozen=True)
class Session:
    """A trainer and its run directory, ready to train."""

    trainer: Trainer
    run: RunDirectory
    record: Record  # the content of recipe.json
    steps: int
    seconds: float  # of training before this resume
    trackers: Sequence[str]
    lines: Sequence[str]  # for the user, before the training
    lock: FileLock | None  # on the run directory, in the process that writes
    metrics: Sequence[Metric]  # those of the recipe that can be measured on this machine

    def recorder(self) -> Recorder:
        """The context manager that writes the run directory during `Trainer.fit`."""
        writes = self.trainer.engine.writes
        trackers = open_trackers(self.trackers, self.run, self.trainer.clock.step) if writes else []
        return Recorder(self.trainer, self.run, self.steps, trackers, self.seconds, self.lock, self.metrics)


def prepare(options: TrainOptions) -> Session:
    """Prepares a new run or a resume. Every `Refused` is raised here, before a run directory is created."""
    existing = options.resume or (options.run if options.run and RunDirectory.is_run(options.run) else None)
    if sum(length is not None for length in (options.steps, options.images, options.epochs)) > 1:
        raise Refused("--steps, --images and --epochs exclude each other: give one of them")
    if options.run and options.resume:
        raise Refused("--run and --resume both name the run's directory: give one of them")
    if options.from_run and options.resume:
        raise Refused("--from starts a new run and --resume continues one: give one of them")
    if options.from_run and existing:
        refuse_other_parent(RunDirectory(existing), options.from_run)
    check_trackers(options.track)
    return _resume(options, RunDirectory.open(existing)) if existing else _start(options)


def _start(options: TrainOptions) -> Session:
    entry, parent, lines = _parent_and_entry(options)
    recipe = recipe_for(entry, options)
    if options.run:
        RunDirectory.refuse_taken(options.run)  # before the data is packed, which may take a while
    choices, tuned = choices_for(recipe, options)
    automatic = options.precision == "auto" == recipe.training.precision
    engine, trainer, fingerprint, other, step_seconds = open_rehearsed(recipe, choices, automatic)
    choices = engine.choices
    if parent:
        parent.check_processes(engine)
        lines.append(parent.initialise(trainer))
        before = record.read_choices(parent.run)
        lines += record.thread_note(parent.run.path, before, choices) if before else []
    metrics, unmeasured = _metrics(trainer)
    steps = _steps(options, trainer)
    new = Record(entry.name, record.with_steps(trainer.recipe, steps), trainer.data_spec)
    run = lock = None
    if engine.writes:
        lines += [] if parent else _unfinished(options, new)
        run = RunDirectory.create_at(options.run) if options.run else RunDirectory.create(options.root, entry.name)
        lock = hold(run)
        origin: dict[str, object] = {"left_to_data": auto_fields(leaves(recipe))}
        origin |= {"parent": parent.to_json()} if parent else {}
        record.create(run, new, entry, choices, fingerprint, sys.argv, origin)
        if parent:  # so that a resume does not need the parent
            state = {"images": 0, "seconds": 0.0}
            checkpoints.write(run.checkpoints, 0, trainer.tensors(), state, recipe.training.keep)
    run = engine.share(run)
    lines += [*data_lines(trainer), *tuned, *other, *_notes(trainer, choices, steps), *unmeasured]
    lines += [cost(trainer, steps, step_seconds), f"run {run.path}"]
    return Session(trainer, run, new, steps, 0.0, options.track, lines, lock, metrics)


def _parent_and_entry(options: TrainOptions) -> tuple[Entry, Parent | None, list[str]]:
    """A new run's recipe before the options are applied, the run whose weights it uses, and lines for the user."""
    named = entry_of(options.recipe) if options.recipe else None
    if options.from_run:
        trusted = outside_classes(named.make()) if named else {}
        parent = read_parent(options.from_run, options.trust_code, trusted)
        return parent.entry(named), parent, [*parent.lines]
    if named:
        return named, None, []
    name, reason = suitable(options.data)
    return entry_of(name), None, [f"recipe {name}: {reason}"]


def _unfinished(options: TrainOptions, new: Record) -> list[str]:
    """A line that names the newest unfinished run of the recipe, if there is one."""
    return [
        f"there is an unfinished run of this recipe; resume it with: honmono train --resume {other.path}"
        for other in unfinished(options.root, to_json(new.recipe), record.MAY_CHANGE)
        if not is_held(other)
    ][:1]


def _resume(options: TrainOptions, run: RunDirectory) -> Session:
    old, recipe, lines = _same_recipe(options, run)
    choices, other = _choices_again(options, run, recipe)
    engine, trainer, fingerprint, more, _ = open_trainer(recipe, choices, run)
    choices, other = engine.choices, [*other, *more]
    metrics, unmeasured = _metrics(trainer)
    lock = hold(run) if engine.writes else None
    lengths = (options.steps, options.images, options.epochs)
    length_given = any(length is not None for length in lengths)
    steps = _steps(options, trainer) if length_given else max(old.recipe.training.steps, recipe.training.steps)
    saved, damaged = checkpoints.read_newest(run.checkpoints)
    if damaged and saved is None:
        raise Failed(f"{damaged[0]}, and {run.path} has no other")
    if saved is None and (parent := record.read_parent(run)):
        raise Refused(
            f"{run.path} was stopped before the weights of {parent.get('run')} were copied: start a new run with --from"
        )
    seconds = 0.0
    if saved is not None:
        with record.checkpoint_errors(run, saved.path):
            trainer.restore(saved)
        seconds = saved.state["seconds"]
    step = trainer.clock.step
    new = Record(old.name, record.with_steps(recipe, steps), old.data_spec) if step < steps else old
    if engine.writes and step < steps:
        checkpoints.sweep(run.checkpoints, after=step)
        record.truncate(run, step)
        record.add_resume(run, new, choices, fingerprint, sys.argv)
    engine.wait()
    state = f"going on from step {step}" if step < steps else f"complete at step {step}; --steps N asks for more"
    lines += [
        *data_lines(trainer),
        *other,
        *(f"warning: {line}; it is skipped" for line in damaged),
        *_notes(trainer, choices, steps),
        *unmeasured,
        f"run {run.path}: {state}",
    ]
    return Session(trainer, run, new, steps, seconds, options.track, lines, lock, metrics)


def _same_recipe(options: TrainOptions, run: RunDirectory) -> tuple[Record, Recipe, list[str]]:
    """A run's record, its recipe with the options applied, and lines for the user.

    Raises `Refused` where the options name another recipe, or change what a resume must not.
    """
    entry = entry_of(options.recipe) if options.recipe else None
    named = outside_classes(entry.make()) if entry else {}  # code that the user names is trusted
    old = record.read_record(run, options.trust_code, named)
    recipe = old.recipe
    if entry and entry.name != old.name:
        raise Refused(f"{run.path} is a run of {old.name}, not of {entry.name}: give another --run directory")
    if entry and not record.read_parent(run):  # the recipe of a run from another one was changed
        recipe = entry.make()
        if options.data is None:  # the recorded data is used, which --data of the first command may have set
            recipe = replace(recipe, data=old.recipe.data)
    recipe = with_resolved_auto(apply_options(recipe, options, old.name), old.recipe)
    record.refuse_changes(run.path, old.recipe, recipe)
    if entry and entry.file and named and entry.file.read_bytes() != run.recipe_py.read_bytes():
        return (
            old,
            recipe,
            [f"warning: {entry.file} differs from the recipe.py that the run was started with; it is used from now on"],
        )
    return old, recipe, []


def with_resolved_auto(recipe: Recipe, before: Recipe) -> Recipe:
    """The recipe with its "auto" fields as they were resolved in `before`, the recipe of its run."""
    return override(recipe, {path: part_at(before, path, "auto") for path in auto_fields(leaves(recipe))})


def _metrics(trainer: Trainer) -> tuple[list[Metric], list[str]]:
    """The recipe's metrics that the writing process can measure, and a line for each other one."""
    engine, metrics = trainer.engine, trainer.recipe.metrics
    places, lines = engine.share(measurable(trainer.recipe, trainer.data_spec.classes) if engine.writes else None)
    return [metrics[place] for place in places], lines


def _steps(options: TrainOptions, trainer: Trainer) -> int:
    """The step to train to, from --steps, --images or --epochs, or from the recipe."""
    images = options.images
    if options.epochs is not None:
        if trainer.epoch_images is None:
            raise Refused("--epochs: this data is infinite and has no epochs: use --steps or --images")
        if not isfinite(options.epochs):
            raise Refused(f"--epochs {options.epochs}: give a number of passes through the data")
        images = round(options.epochs * trainer.epoch_images)
    steps = trainer.steps_for(images) if images is not None else trainer.recipe.training.steps
    if steps < 1:
        raise Refused("the number of steps is 0: give --steps, --images or --epochs above 0")
    return steps


def _choices_again(options: TrainOptions, run: RunDirectory, recipe: Recipe) -> tuple[Choices, list[str]]:
    """The recorded device, precision and compilation, with the options applied; those of a new run if none are
    recorded."""
    old = record.read_choices(run)
    if old is None:
        lost = (
            "warning: the run has no environment.json: using this machine's defaults, so results may not be identical"
        )
        return plain_choices(recipe, options), [f"{lost}; nor can it be checked whether its data has changed"]
    given = {name: getattr(options, name) for name in ("device", "precision", "compile", "layout")}
    overrides = {k: v for k, v in given.items() if v != "auto"}
    full = {"device": old.device, "precision": old.precision, "compile": old.compile, "layout": old.layout} | overrides
    try:
        device_of(full["device"])
    except Refused as refusal:
        if options.device != "auto":
            raise
        raise Refused(
            f"the run used {old.device}, which is not available on this machine: add --device cpu"
        ) from refusal
    chosen = choose(**full)
    choices = replace(chosen, threads=old.threads)
    lines = [f"{line}, so the resume uses {old.threads}" for line in record.thread_note(run.path, old, chosen)]
    changed = [k for k, v in recorded(choices).items() if v != recorded(old)[k]]
    if changed:
        lines.append(f"warning: {', '.join(changed)} changed: results will not be identical to those without a resume")
    return choices, lines


def _notes(trainer: Trainer, choices: Choices, steps: int) -> list[str]:
    """Lines for the user about the run before it starts."""
    compiled = {"off": "", "losses": ", compiled losses", "step": ", compiled steps"}[choices.compile]
    lines = [f"device {choices.device}, {choices.precision}{compiled}"]
    classes = trainer.data_spec.classes
    if classes and not trainer.recipe.conditional:
        lines.append(f"the data has {len(classes)} classes, which are not used: --set conditional=true uses them")
    lines += class_lines(trainer)
    lines += trainer.growth(steps)
    augment = getattr(trainer.recipe.objective, "augment", None)
    if augment is not None and augment.active:
        rare = augment.classes and f" of {', '.join(classes[label] for label in augment.classes[:8])}"
        more = ", ..." if augment.classes and len(augment.classes) > 8 else ""
        how = ", with a probability that adapts" if augment.adaptive else ""
        lines.append(
            f"the discriminator sees augmented pictures{rare or ''}{more}{how}:"
            " --set objective.augment.probability=0 turns this off"
        )
    if trainer.recipe.data.order == "stored" and _of_one_class(next(trainer.reals())):
        lines.append(
            "warning: the data is stored class by class and used in that order, so a batch holds one class:"
            " --set data.order=fixed shuffles it once"
        )
    if choices.processes > 1:
        coupled = couples(trainer.recipe, trainer.networks)
        lines[0] += f", {choices.processes} processes"
        if coupled:
            lines.append(
                "samples of a batch depend on each other in this recipe, but only those of the same process do"
            )
    return lines


def _of_one_class(batch: Batch) -> bool:
    return batch.label is not None and len(batch.label) > 1 and bool((batch.label == batch.label[0]).all())
