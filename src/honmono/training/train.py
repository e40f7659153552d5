"""`honmono.train`, which the command `honmono train` calls too."""

from pathlib import Path
from typing import Any

from honmono.generation.load import TrainedRun, of_weights
from honmono.recipe.value import Recipe
from honmono.training.options import TrainOptions
from honmono.training.session import prepare


def train(recipe: str | Recipe | None = None, **options: Any) -> TrainedRun:
    """Trains a recipe (a name, `path/to/mine.py:function`, or a value) and returns the run, ready to sample from.

    options: the fields of `TrainOptions`: data, size, classes, steps, images, epochs, batch_size, seed, device,
        precision, compile, layout, tune, run, resume, from_run (--from), changes (--set), track, trust_code, root.
    Raises `Refused` for a wrong call before anything is created, `Failed` when training diverges or the disk is full,
    and `Interrupted` after SIGINT or SIGTERM, when the run has been saved.
    """
    named = ("run", "resume", "from_run", "root")
    paths: dict[str, Any] = {name: Path(options[name]) for name in named if options.get(name) is not None}
    session = prepare(TrainOptions(recipe=recipe, **(options | paths)))
    with session.recorder() as recorder:
        recorder.say(*session.lines)
        session.trainer.fit(session.steps, recorder)
    trainer, model = session.trainer, session.trainer.model()
    state, clock = model.generator.state_dict(), trainer.clock
    return of_weights(
        session.record, session.run, state, trainer.engine.device, clock.step, clock.images, model.weights
    )
