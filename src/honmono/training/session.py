"""From a call to a trainer ready to run: which recipe, which data, which device, which directory."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from filelock import FileLock

from honmono.data.base import Batch
from honmono.data.choose import suitable
from honmono.data.packing.packed import PackedPictures
from honmono.data.packing.survey import Survey
from honmono.devices import Choices, choose, device_of, recorded
from honmono.errors import Failed, Refused
from honmono.metrics.base import Metric
from honmono.recipe import record
from honmono.recipe.fields import leaves
from honmono.recipe.override import override
from honmono.recipe.record import Record
from honmono.recipe.registry import Entry
from honmono.recipe.serialize import outside_classes, to_json
from honmono.recipe.value import LEFT_TO_DATA, Recipe
from honmono.runs import checkpoints
from honmono.runs.directory import RunDirectory, unfinished
from honmono.runs.lock import hold, is_held
from honmono.runs.trackers import check_trackers, open_trackers
from honmono.training.call import Call, adapt, ask, entry_of
from honmono.training.classes import class_lines
from honmono.training.opening import opened, rehearsed
from honmono.training.periodic_evaluation import measurable
from honmono.training.recorder import Recorder
from honmono.training.trainer import Trainer
from honmono.training.warm_start import Parent, read_parent, refuse_other_parent


@dataclass(frozen=True)
class Session:
    """A trainer, its run directory and how far it is to go."""

    trainer: Trainer
    run: RunDirectory
    record: Record  # what recipe.json says
    steps: int
    seconds: float  # of training before a resume
    trackers: Sequence[str]
    lines: Sequence[str]  # to tell before the training
    lock: FileLock | None  # on the run, in the process that writes
    metrics: Sequence[Metric]  # of the recipe, those that can be measured here

    def recorder(self) -> Recorder:
        """Who keeps the run directory while the trainer works; enter it around `Trainer.fit`."""
        writes = self.trainer.engine.writes
        trackers = open_trackers(self.trackers, self.run, self.trainer.clock.step) if writes else []
        return Recorder(self.trainer, self.run, self.steps, trackers, self.seconds, self.lock, self.metrics)


def prepare(call: Call) -> Session:
    """Everything that can be refused is refused here, before a run directory is created."""
    going_on = call.resume or (call.run if call.run and RunDirectory.is_run(call.run) else None)
    if sum(length is not None for length in (call.steps, call.images, call.epochs)) > 1:
        raise Refused("--steps, --images and --epochs say the same thing: give one of them")
    if call.run and call.resume:
        raise Refused("--run and --resume both name the run's directory: give one of them")
    if call.from_run and call.resume:
        raise Refused("--from begins a new run, and --resume goes on with one: give one of them")
    if call.from_run and going_on:
        refuse_other_parent(RunDirectory(going_on), call.from_run)
    check_trackers(call.track)
    return _resume(call, RunDirectory.open(going_on)) if going_on else _start(call)


def _start(call: Call) -> Session:
    entry, parent, lines = _beginning(call)
    recipe = adapt(entry, call)
    if call.run:
        RunDirectory.refuse_taken(call.run)  # before the data is packed, which may take long
    choices = choose(call.device, call.precision, call.compile, recipe.training.precision)
    automatic = call.precision == "auto" == recipe.training.precision
    (engine, trainer, fingerprint), other = rehearsed(recipe, choices, automatic)
    choices = engine.choices
    if parent:
        parent.check_processes(engine)
        lines.append(parent.give(trainer))
        before = record.read_choices(parent.run)
        lines += record.other_threads(parent.run.path, before, choices) if before else []
    metrics, unmeasured = _metrics(trainer)
    steps = _steps(call, trainer)
    new = Record(entry.name, record.with_steps(trainer.recipe, steps), trainer.interface)
    run = lock = None
    if engine.writes:
        lines += [] if parent else _unfinished(call, new)
        run = RunDirectory.create_at(call.run) if call.run else RunDirectory.create(call.root, entry.name)
        lock = hold(run)
        fields = leaves(recipe)
        origin = {"left_to_data": [field for field in LEFT_TO_DATA if fields.get(field) == "auto"]}
        origin |= {"parent": parent.to_json()} if parent else {}
        record.begin(run, new, entry, choices, fingerprint, sys.argv, origin)
        if parent:  # a resume needs the parent no more
            state = {"images": 0, "seconds": 0.0}
            checkpoints.write(run.checkpoints, 0, trainer.tensors(), state, recipe.training.keep)
    run = engine.share(run)
    lines += [*other, *_notes(trainer, choices, steps), *unmeasured, f"run {run.path}"]
    return Session(trainer, run, new, steps, 0.0, call.track, lines, lock, metrics)


def _beginning(call: Call) -> tuple[Entry, Parent | None, list[str]]:
    """A new run's recipe as it is before the call's changes, the run that it begins from, and lines to tell."""
    named = entry_of(call.recipe) if call.recipe else None
    if call.from_run:
        trusted = outside_classes(named.make()) if named else {}
        parent = read_parent(call.from_run, call.trust_code, trusted)
        return parent.entry(named), parent, [*parent.lines]
    if named:
        return named, None, []
    name, reason = suitable(call.data)
    return entry_of(name), None, [f"recipe {name}: {reason}"]


def _unfinished(call: Call, new: Record) -> list[str]:
    """A line that names the newest unfinished run of the recipe, where there is one."""
    return [
        f"an unfinished run of this recipe exists; to go on with it: honmono train --resume {other.path}"
        for other in unfinished(call.root, to_json(new.recipe), record.FREE)
        if not is_held(other)
    ][:1]


def _resume(call: Call, run: RunDirectory) -> Session:
    old, recipe, lines = _same_recipe(call, run)
    choices, other = _choices_again(call, run, recipe)
    engine, trainer, fingerprint = opened(recipe, choices, run)
    metrics, unmeasured = _metrics(trainer)
    lock = hold(run) if engine.writes else None
    lengths = (call.steps, call.images, call.epochs)
    asked = any(length is not None for length in lengths)
    steps = _steps(call, trainer) if asked else max(old.recipe.training.steps, recipe.training.steps)
    saved, damaged = checkpoints.read_newest(run.checkpoints)
    if damaged and saved is None:
        raise Failed(f"{damaged[0]}, and {run.path} has no other")
    if saved is None and (parent := record.read_parent(run)):
        raise Refused(
            f"{run.path} was stopped before it had the weights of {parent.get('run')}: begin a new run --from it"
        )
    seconds = 0.0
    if saved is not None:
        with record.fits(run, saved.path):
            trainer.restore(saved)
        seconds = saved.state["seconds"]
    step = trainer.clock.step
    new = Record(old.name, record.with_steps(recipe, steps), old.interface) if step < steps else old
    if engine.writes and step < steps:
        checkpoints.sweep(run.checkpoints, after=step)
        record.cut_back(run, step)
        record.go_on(run, new, choices, fingerprint, sys.argv)
    engine.wait()
    state = f"going on from step {step}" if step < steps else f"complete at step {step}; --steps N asks for more"
    lines += [
        *other,
        *(f"warning: {line}; passed over" for line in damaged),
        *_notes(trainer, choices, steps),
        *unmeasured,
        f"run {run.path}: {state}",
    ]
    return Session(trainer, run, new, steps, seconds, call.track, lines, lock, metrics)


def _same_recipe(call: Call, run: RunDirectory) -> tuple[Record, Recipe, list[str]]:
    """A run's record, its recipe with what the call says of it, and lines to tell. Refuses another recipe."""
    entry = entry_of(call.recipe) if call.recipe else None
    named = outside_classes(entry.make()) if entry else {}  # code that the user names is trusted
    old = record.read_record(run, call.trust_code, named)
    recipe = old.recipe
    if entry and entry.name != old.name:
        raise Refused(f"{run.path} is a run of {old.name}, not of {entry.name}: start a new run")
    if entry and not record.read_parent(run):  # a run from another has what that one's recipe was changed to
        recipe = entry.make()
        if call.data is None:  # the recorded data holds: the run's own command may have named it
            recipe = replace(recipe, data=old.recipe.data)
        recipe = settled_as(recipe, old.recipe)
    recipe = ask(recipe, call, old.name)
    record.refuse_changes(run.path, old.recipe, recipe)
    if entry and entry.file and named and entry.file.read_bytes() != run.recipe_py.read_bytes():
        return old, recipe, [f"warning: {entry.file} is not the recipe.py that this run began with; going on by it"]
    return old, recipe, []


def settled_as(recipe: Recipe, before: Recipe) -> Recipe:
    """The recipe with what it leaves to the data as a run of it has it."""
    now, then = leaves(recipe), leaves(before)
    return override(recipe, {k: str(then[k]) for k in LEFT_TO_DATA if now.get(k) == "auto" and k in then})


def _metrics(trainer: Trainer) -> tuple[list[Metric], list[str]]:
    """The recipe's metrics that can be measured where the writer is, the same in every process, and lines on others."""
    engine, metrics = trainer.engine, trainer.recipe.metrics
    places, lines = engine.share(measurable(trainer.recipe, trainer.interface.classes) if engine.writes else None)
    return [metrics[place] for place in places], lines


def _steps(call: Call, trainer: Trainer) -> int:
    """How far to train, in steps, however it was asked for."""
    images = call.images
    if call.epochs is not None:
        if trainer.epoch_images is None:
            raise Refused("--epochs: this data is drawn without end and has none; use --steps or --images")
        if not isfinite(call.epochs):
            raise Refused(f"--epochs {call.epochs}: give a number of passes through the data")
        images = round(call.epochs * trainer.epoch_images)
    steps = trainer.steps_for(images) if images is not None else trainer.recipe.training.steps
    if steps < 1:
        raise Refused("asked to train for no steps at all: --steps, --images and --epochs must be above 0")
    return steps


def _choices_again(call: Call, run: RunDirectory, recipe: Recipe) -> tuple[Choices, list[str]]:
    """The recorded choices, but for what the call says otherwise; where none are recorded those of a new run."""
    old = record.read_choices(run)
    if old is None:
        lost = "warning: the run has no environment.json: going on with this machine's choices, perhaps not bit for bit"
        return choose(call.device, call.precision, call.compile, recipe.training.precision), [
            f"{lost}; whether its data is still the same cannot be checked"
        ]
    asked = {"device": call.device, "precision": call.precision, "compile": call.compile}
    wanted = {k: v for k, v in asked.items() if v != "auto"}
    full = {"device": old.device, "precision": old.precision, "compile": "on" if old.compile else "off"} | wanted
    try:
        device_of(full["device"])
    except Refused as refusal:
        if call.device != "auto":
            raise
        raise Refused(f"the run was started on {old.device}, which is not here: add --device cpu") from refusal
    chosen = choose(**full)
    choices = replace(chosen, threads=old.threads)
    lines = [f"{line}, so it goes on with {old.threads}" for line in record.other_threads(run.path, old, chosen)]
    changed = [k for k, v in recorded(choices).items() if v != recorded(old)[k]]
    if changed:
        lines.append(f"warning: other {', '.join(changed)} than before: the run goes on, but not bit for bit")
    return choices, lines


def _notes(trainer: Trainer, choices: Choices, steps: int) -> list[str]:
    """What to know of this run before it starts."""
    compiled = ", compiled" if choices.compile else ""
    lines = [f"device {choices.device}, {choices.precision}{compiled}"]
    classes = trainer.interface.classes
    if classes and not trainer.recipe.conditional:
        lines.append(f"the data has {len(classes)} classes, which are not used: --set conditional=true asks for them")
    lines += _resized(trainer)
    lines += class_lines(trainer)
    lines += trainer.growth(steps)
    augment = getattr(trainer.recipe.objective, "augment", None)
    if augment is not None and augment.active:
        rare = augment.classes and f" of {', '.join(classes[label] for label in augment.classes[:8])}"
        more = ", ..." if augment.classes and len(augment.classes) > 8 else ""
        lines.append(
            f"the discriminator sees augmented pictures{rare or ''}{more}:"
            " --set objective.augment.probability=0 leaves augmentation out"
        )
    if trainer.recipe.data.order == "stored" and _of_one_class(next(trainer.reals())):
        lines.append(
            "warning: the data is stored class by class and seen as it is stored, so a batch holds one class:"
            " --set data.order=fixed mixes them once for all epochs"
        )
    if choices.processes > 1:
        coupled = trainer.couples()
        lines[0] += f", {choices.processes} processes"
        if coupled:
            lines.append("samples of a batch depend on each other in this recipe: each process sees its own part only")
    return lines


def _resized(trainer: Trainer) -> list[str]:
    """That squares of one size become others, where nobody asked for a size."""
    dataset = trainer.dataset
    if not isinstance(dataset, PackedPictures) or getattr(trainer.recipe.data, "size", None) is not None:
        return []
    line = Survey.from_json(dataset.record["holds"]).resizing(dataset.sample_shape[-1])
    return [] if line is None else [line]


def _of_one_class(batch: Batch) -> bool:
    return batch.label is not None and len(batch.label) > 1 and bool((batch.label == batch.label[0]).all())
