"""`honmono.train`: the one way through a training, which the command takes too."""

from pathlib import Path
from typing import Any

from honmono.generation.load import TrainedRun, of_weights
from honmono.recipe.value import Recipe
from honmono.training.call import Call
from honmono.training.session import prepare


def train(recipe: str | Recipe | None = None, **call: Any) -> TrainedRun:
    """Trains a recipe (a name, `path/to/mine.py:function`, or a value) and returns the run, ready to sample from.

    Keywords are the fields of `Call`: data, size, classes, steps, images, epochs, batch_size, seed, device, precision,
    compile, run, resume, from_run (the command's --from), changes (dotted fields and their new values, or these as
    texts), track, trust_code, root.
    Raises `Refused` for a wrong call before anything is created, `Failed` when training diverges or the disk is full,
    and `Interrupted` after SIGINT or SIGTERM, when the run has been saved.
    """
    named = ("run", "resume", "from_run", "root")
    paths: dict[str, Any] = {name: Path(call[name]) for name in named if call.get(name) is not None}
    session = prepare(Call(recipe=recipe, **(call | paths)))
    with session.recorder() as recorder:
        for line in session.lines:
            recorder.say(line)
        session.trainer.fit(session.steps, recorder)
    trainer, weights = session.trainer, "average" if session.trainer.average else "raw"
    state, clock = trainer.sampler().state_dict(), trainer.clock
    return of_weights(session.record, session.run, state, trainer.engine.device, clock.step, clock.images, weights)
