"""Open a recipe's data and make its trainer; for a new run, check first that gradients can be computed."""

from dataclasses import replace
from typing import NamedTuple

from honmono.devices import Choices
from honmono.errors import Refused
from honmono.recipe import record
from honmono.recipe.value import Recipe
from honmono.runs.directory import RunDirectory
from honmono.training.engine import Engine
from honmono.training.rehearsal import Untrainable
from honmono.training.trainer import Trainer
from honmono.training.whole_steps.uncapturable import Uncapturable


class OpenTrainer(NamedTuple):
    """A trainer, its engine, the fingerprint of its data, and lines for the user.

    step_seconds: what a step took in the rehearsal; 0 where there was none.
    """

    engine: Engine
    trainer: Trainer
    fingerprint: str
    lines: list[str]
    step_seconds: float = 0.0


def open_trainer(recipe: Recipe, choices: Choices, run: RunDirectory | None = None) -> OpenTrainer:
    """Opens a recipe's data, which is packed if needed, and makes its trainer.

    run: the run that is resumed. Raises `Refused` where its data has changed.
    """
    engine = Engine(choices)
    dataset = None
    for turn in (True, False):  # one process packs the data, the others find it in the cache
        if engine.writes == turn:
            dataset = recipe.data.open()
        engine.wait()
    assert dataset is not None
    if run:
        record.refuse_other_data(run, dataset.fingerprint, getattr(recipe.data, "source", None))
    made = OpenTrainer(engine, Trainer(recipe, dataset, engine), dataset.fingerprint, [])
    return _captured(made) if run else made


def open_rehearsed(recipe: Recipe, choices: Choices, automatic: bool) -> OpenTrainer:
    """`open_trainer` with a check that the gradients of both players can be computed.

    automatic: whether the precision was chosen automatically. Then a recipe that cannot be trained in bfloat16 is
        trained in float32, with a warning; otherwise it is refused.
    """
    made, reason = open_trainer(recipe, choices), ""
    try:
        made.trainer.rehearse()
    except Untrainable as refusal:
        if choices.precision != "bf16":
            raise
        reason = str(refusal)
    if not made.engine.anyone(bool(reason)):  # all processes make the same decision
        return _captured(_timed(made))
    del made  # the next trainer needs its memory
    made = open_trainer(recipe, replace(choices, precision="fp32"))
    made.trainer.rehearse()  # a recipe that fails in float32 too is refused with that error
    if not automatic:
        raise Refused(f"{reason}; or use --precision fp32")
    warning = f"warning: training in float32, since this recipe cannot be trained in bfloat16: {reason}"
    made = _captured(_timed(made))
    return made._replace(lines=[warning, *made.lines])


def _timed(made: OpenTrainer) -> OpenTrainer:
    """The same with the duration of a step, after a rehearsal that loaded and prepared what only a first one needs."""
    return made._replace(step_seconds=made.trainer.rehearse())


def _captured(made: OpenTrainer) -> OpenTrainer:
    """The same with compiled losses where whole steps should be compiled and cannot be."""
    try:
        made.trainer.capture()
    except Uncapturable as refusal:
        engine = Engine(replace(made.engine.choices, compile="losses"))
        trainer = Trainer(made.trainer.recipe, made.trainer.dataset, engine)
        line = f"warning: only losses are compiled, since the step cannot be one function: {refusal.reason}"
        return made._replace(engine=engine, trainer=trainer, lines=[*made.lines, line])
    return made
