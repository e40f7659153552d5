"""What a run says of its classes before it starts, and which of them its grids show."""

from collections.abc import Mapping, Sequence

from honmono.data.packing.packed import PackedPictures
from honmono.data.packing.understood import summary
from honmono.training.trainer import Trainer


MOST_NAMED = 8
FEW, SHARE = 50, 0.1  # pictures, and of the commonest class: below either a class is named. Chosen, not measured.
COLUMNS = 16  # classes in a grid at most: half of them the commonest, half the rarest


def counts(trainer: Trainer) -> dict[str, int]:
    """How many samples each class has; {} where the data does not know."""
    return trainer.dataset.class_counts if trainer.dataset.labels is not None else {}


def columns(trainer: Trainer) -> list[int]:
    """The classes that stand in the columns of a run's grids, ascending; [] where no labels are learned."""
    number = len(trainer.interface.classes) if trainer.recipe.conditional else 0
    if number <= COLUMNS:
        return [*range(number)]
    of_class = [*counts(trainer).values()] or [0] * number
    rarest_last = sorted(range(number), key=lambda label: -of_class[label])
    return sorted(rarest_last[: COLUMNS // 2] + rarest_last[-COLUMNS // 2 :])


def data_lines(trainer: Trainer) -> list[str]:
    """What was understood of the pictures: their number and sizes, split, classes, and what was left out."""
    return summary(trainer.dataset.record) if isinstance(trainer.dataset, PackedPictures) else []


def class_lines(trainer: Trainer) -> list[str]:
    """That classes are learned, and which of them have few pictures, in lines to tell."""
    of_class = counts(trainer) if trainer.recipe.conditional else {}
    if not of_class:
        return []
    lines = [f"learns {len(of_class):,} classes (--set conditional=false: all pictures as one)"]
    if len(of_class) > COLUMNS:
        lines.append(
            f"the columns of its grids are the {COLUMNS // 2} commonest classes and the {COLUMNS // 2} rarest:"
            " samples/classes.txt names them"
        )
    least = max(FEW, SHARE * max(of_class.values()))
    few = {name: number for name, number in sorted(of_class.items(), key=lambda one: one[1]) if number < least}
    if few:
        which = f"few pictures are of {_named(few)}" if len(few) < len(of_class) else "all classes have few pictures"
        mend = ": --set conditional=false learns all pictures as one class" if 2 * len(few) > len(of_class) else ""
        lines.append(
            f"warning: {which} (fewer than {FEW}, or a tenth of the commonest class), and so few are learned by heart,"
            f" drawn in few ways, or not at all{mend}"
        )
    return lines


def _named(of_class: Mapping[str, int]) -> str:
    numbers = {*of_class.values()}
    if len(numbers) == 1 and len(of_class) > 1:
        return f"{_some([*of_class])}, {_pictures(numbers.pop())} each"
    return _some([f"{name} ({number:,})" for name, number in of_class.items()])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _pictures(number: int) -> str:
    return f"{number:,} picture{'' if number == 1 else 's'}"
