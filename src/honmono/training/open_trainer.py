"""A trainer on its data and its device, rehearsed where the run is new."""

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


class OpenTrainer(NamedTuple):
    """A trainer, its engine, and the fingerprint of its data."""

    engine: Engine
    trainer: Trainer
    fingerprint: str


def open_trainer(recipe: Recipe, choices: Choices, run: RunDirectory | None = None) -> OpenTrainer:
    """A recipe's trainer under these choices; its data is packed where needed, and refused if not the run's."""
    engine = Engine(choices)
    dataset = None
    for turn in (True, False):  # the writer packs, the others find the packed data in the cache
        if engine.writes == turn:
            dataset = recipe.data.open()
        engine.wait()
    assert dataset is not None
    if run:
        record.refuse_other_data(run, dataset.fingerprint, getattr(recipe.data, "source", None))
    return OpenTrainer(engine, Trainer(recipe, dataset, engine), dataset.fingerprint)


def open_rehearsed(recipe: Recipe, choices: Choices, automatic: bool) -> tuple[OpenTrainer, list[str]]:
    """`opened`, once both players' gradients can be taken, and lines to tell.

    automatic: whether nobody chose the precision. Then float32 takes the place of bfloat16 where a player can be
    trained in float32 alone; else that is refused, naming the mend.
    """
    made, reason = open_trainer(recipe, choices), ""
    try:
        made.trainer.rehearse()
    except Untrainable as refusal:
        if choices.precision != "bf16":
            raise
        reason = str(refusal)
    if not made.engine.anyone(bool(reason)):  # every process goes the same way
        return made, []
    del made  # the next one needs its memory
    made = open_trainer(recipe, replace(choices, precision="fp32"))
    made.trainer.rehearse()  # what fails in float32 too is refused for what it is there
    if not automatic:
        raise Refused(f"{reason}; or train in float32: --precision fp32")
    return made, [f"warning: float32 in place of bfloat16, in which this recipe cannot be trained: {reason}"]
