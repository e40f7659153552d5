"""What a user asks of `train`, and the recipe that it makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from honmono.data.choose import found_anywhere, with_classes, with_size, with_source
from honmono.recipe.override import override
from honmono.recipe.registry import Entry, find
from honmono.recipe.value import Recipe


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a user asked of `train`; None and "auto" are for us to fill in.

    changes: dotted fields and their new values, or these as texts. root: where numbered runs are created.
    run: a directory to start in or to go on from. resume: a run to go on from by its own record.
    from_run: a run, or a checkpoint in one, whose weights a new run begins with.
    """

    recipe: str | Recipe | None = None
    data: str | None = None
    size: int | None = None
    classes: str | None = None
    steps: int | None = None
    images: int | None = None
    epochs: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: str = "auto"
    run: Path | None = None
    resume: Path | None = None
    from_run: Path | None = None
    changes: Mapping[str, object] | None = None
    track: Sequence[str] = ()
    trust_code: bool = False
    root: Path = Path("runs")


def entry_of(recipe: str | Recipe) -> Entry:
    """The registered recipe of that name, the one in a user's file, or the value itself."""
    if isinstance(recipe, str):
        return find(recipe)
    return Entry("custom", "a value", "", "", make=lambda: recipe, file=None)


def adapt(entry: Entry, call: Call) -> Recipe:
    """The entry's recipe with everything that the call says of it."""
    return ask(entry.make(), call, entry.name)


def ask(recipe: Recipe, call: Call, name: str) -> Recipe:
    """The recipe with what the call asks of it; `changes` have the last word."""
    data = recipe.data
    if call.data is not None:
        data = with_source(data, call.data, name)
    if call.size is not None:
        data = with_size(data, call.size)
    if call.classes is not None:
        data = with_classes(data, call.classes)
    asked = {"batch_size": call.batch_size, "seed": call.seed, "steps": call.steps}
    training = replace(recipe.training, **{k: v for k, v in asked.items() if v is not None})
    changes = call.changes or {}
    recipe = override(replace(recipe, data=data, training=training), changes)
    return replace(recipe, data=found_anywhere(recipe.data)) if "data.source" in changes else recipe
