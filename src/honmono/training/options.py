"""The options of `train`, and the recipe with these options applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from honmono.data.choose import found_anywhere, with_classes, with_size, with_source
from honmono.data.packing.sizes import Size
from honmono.recipe.override import override
from honmono.recipe.registry import Entry, find
from honmono.recipe.value import Recipe


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """The options of `train`, as on the command line; None and "auto" are replaced by defaults.

    changes: new values of recipe fields by dotted name, or their texts as for `--set`.
    root: where numbered run directories are created.
    tune: whether what `honmono tune` found for the recipe replaces "auto".
    run: the directory of a new run, or of a run to resume.
    resume: a run to resume with its recorded recipe.
    from_run: a run, or one of its checkpoints, whose weights initialise a new run.
    """

    recipe: str | Recipe | None = None
    data: str | None = None
    size: Size | None = None
    classes: str | None = None
    steps: int | None = None
    images: int | None = None
    epochs: float | None = None
    batch_size: int | None = None
    seed: int | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: str = "auto"
    layout: str = "auto"
    tune: bool = True
    run: Path | None = None
    resume: Path | None = None
    from_run: Path | None = None
    changes: Mapping[str, object] | None = None
    track: Sequence[str] = ()
    trust_code: bool = False
    root: Path = Path("runs")


def entry_of(recipe: str | Recipe) -> Entry:
    """The registry entry of a recipe given by name, by file and function, or as a value."""
    if isinstance(recipe, str):
        return find(recipe)
    return Entry("custom", "a value", "", "", make=lambda: recipe, file=None)


def recipe_for(entry: Entry, options: TrainOptions) -> Recipe:
    """The entry's recipe with the options applied."""
    return apply_options(entry.make(), options, entry.name)


def apply_options(recipe: Recipe, options: TrainOptions, name: str) -> Recipe:
    """The recipe with the options applied, `changes` last.

    name: the recipe's, for error messages.
    """
    data = recipe.data
    if options.data is not None:
        data = with_source(data, options.data, name)
    if options.size is not None:
        data = with_size(data, options.size)
    if options.classes is not None:
        data = with_classes(data, options.classes)
    if data is not recipe.data:
        recipe = replace(recipe, data=data)
    given = {"batch_size": options.batch_size, "seed": options.seed, "steps": options.steps}
    if chosen := {name: value for name, value in given.items() if value is not None}:
        recipe = replace(recipe, training=replace(recipe.training, **chosen))
    changes = options.changes or {}
    recipe = override(recipe, changes)
    return replace(recipe, data=found_anywhere(recipe.data)) if "data.source" in changes else recipe
