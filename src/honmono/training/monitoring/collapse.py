"""Noticing a generator that draws nearly one picture, of a class or at all, by how variously its fakes look.

Every generator begins so, and ordinary recipes are past it soon, at 3,200 (dcgan-digits), 6,400 (dcgan-mnist) or 51,200
images (wgan-grid-article): a class that was never various counts only after `GRACE`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from honmono.training.monitoring.remedies import against_collapse
from honmono.training.monitoring.variety import WHOLE, Look, Variety
from honmono.training.trainer import Trainer


LOW, HIGH = 0.3, 0.4  # shares of the reals' spread: below the one is collapse, above the other it is over
LOOKS = 2  # in a row
GRACE = (1_000, 50_000)  # steps, and images seen
MOST_NAMED = 8  # classes in a line
ALL = ""  # in place of a class's name: the generator as a whole


class Found(NamedTuple):
    """The classes that have collapsed and those that are over it, by name; of the former what to say and to try."""

    new: list[str]
    over: list[str]
    text: str = ""
    tries: Sequence[str] = ()


class Collapse:
    """Looks at a trainer's sampler when asked to. standing: the names that were warned of before."""

    def __init__(self, trainer: Trainer, standing: Collection[str]) -> None:
        self._trainer, self._variety, self._fallen = trainer, Variety(trainer), set(standing)
        self._various: set[str] = set()
        self._low: Counter[str] = Counter()  # looks in a row

    def look(self, number: int) -> Found:
        """What look number so many finds. Where classes take turns, each has `LOOKS` looks in a row."""
        look = self._variety.look(number // LOOKS)
        ratios = {self._name(label): ratio for label, ratio in look.ratios.items()}
        self._various |= {name for name, ratio in ratios.items() if ratio > HIGH}
        clock = self._trainer.clock
        late = clock.step >= GRACE[0] and clock.images >= GRACE[1]
        for name, ratio in ratios.items():
            counts = ratio < LOW and (late or name in self._various)
            self._low[name] = self._low[name] + 1 if counts else 0
        new = [name for name in ratios if self._low[name] >= LOOKS and name not in self._fallen]
        over = [name for name, ratio in ratios.items() if ratio > HIGH and name in self._fallen]
        self._fallen = (self._fallen | set(new)) - set(over)
        if not new:
            return Found(new, over)
        whole = new == [ALL] or len(new) == len(ratios) > 1
        tries = against_collapse(self._trainer.recipe, whole, not self._points)
        if not self._various & set(new):
            tries = ["more steps", *tries]  # it may not have begun yet
        return Found(new, over, self._explained(new, look), tries)

    def _name(self, label: int) -> str:
        return ALL if label == WHOLE else self._trainer.data_spec.classes[label]

    @property
    def _points(self) -> bool:
        return len(self._trainer.data_spec.sample_shape) == 1

    def _explained(self, names: Sequence[str], look: Look) -> str:
        ratios = {self._name(label): ratio for label, ratio in look.ratios.items()}
        shown = ", ".join(f"{name} ({ratios[name]:.2f})".lstrip() for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        of = "" if names == [ALL] else " of class" if len(names) == 1 else " each of classes"
        each = "" if names == [ALL] else " of a class"
        one, measured = ("point", "coordinates") if self._points else ("picture", "pixels")
        return (
            f"the generator draws nearly one {one}{of} {shown}{more}: in brackets the spread of its fakes as a share of"
            f" that of the reals; computed from {look.fakes} fakes{each} against {look.reals} reals, in {measured},"
            f" {'averaged' if self._trainer.average else 'raw'} weights"
        )
