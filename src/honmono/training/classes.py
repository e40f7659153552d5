"""The classes of a run: their sizes, warnings about small ones, and which of them sample grids show."""

from collections.abc import Mapping

from honmono.data.packing.packed import PackedPictures
from honmono.data.packing.understood import summary
from honmono.errors import first_of
from honmono.training.trainer import Trainer


MOST_NAMED = 8
FEW, FRACTION = 50, 0.1  # pictures, and of the largest class: smaller classes are warned of. Chosen, not measured.
COLUMNS = 16  # classes in a grid at most: half of them the largest, half the smallest


def counts(trainer: Trainer) -> dict[str, int]:
    """The number of samples in each class; {} where the data has no labels."""
    return trainer.dataset.class_counts if trainer.dataset.labels is not None else {}


def columns(trainer: Trainer) -> list[int]:
    """The classes (indices) shown in the columns of a run's grids, ascending; [] for an unconditional recipe."""
    number = len(trainer.data_spec.classes) if trainer.recipe.conditional else 0
    if number <= COLUMNS:
        return [*range(number)]
    of_class = [*counts(trainer).values()] or [0] * number
    rarest_last = sorted(range(number), key=lambda label: -of_class[label])
    return sorted(rarest_last[: COLUMNS // 2] + rarest_last[-COLUMNS // 2 :])


def data_lines(trainer: Trainer) -> list[str]:
    """What was understood of the pictures: their number and sizes, split, classes, and what was left out."""
    return summary(trainer.dataset.record) if isinstance(trainer.dataset, PackedPictures) else []


def class_lines(trainer: Trainer) -> list[str]:
    """Lines for the user: the classes that are learned, and a warning of those with few pictures."""
    of_class = counts(trainer) if trainer.recipe.conditional else {}
    if not of_class:
        return []
    lines = [f"learns {len(of_class):,} classes (--set conditional=false: all pictures as one)"]
    if len(of_class) > COLUMNS:
        lines.append(
            f"sample grids show the {COLUMNS // 2} largest and the {COLUMNS // 2} smallest classes, listed in"
            " samples/classes.txt"
        )
    least = max(FEW, FRACTION * max(of_class.values()))
    few = {name: number for name, number in sorted(of_class.items(), key=lambda one: one[1]) if number < least}
    if few:
        which = f"few pictures of {_named(few)}" if len(few) < len(of_class) else "all classes have few pictures"
        fix = ": --set conditional=false learns all pictures as one class" if 2 * len(few) > len(of_class) else ""
        lines.append(
            f"warning: {which} (fewer than {FEW}, or a tenth of the largest class): such classes may be memorised, lack"
            f" variety, or not be learned at all{fix}"
        )
    return lines


def _named(of_class: Mapping[str, int]) -> str:
    numbers = {*of_class.values()}
    if len(numbers) == 1 and len(of_class) > 1:
        return f"{first_of([*of_class], MOST_NAMED)}, {_pictures(numbers.pop())} each"
    return first_of([f"{name} ({number:,})" for name, number in of_class.items()], MOST_NAMED)


def _pictures(number: int) -> str:
    return f"{number:,} picture{'' if number == 1 else 's'}"
