"""Detects mode collapse, of the whole generator or of single classes, by the spread of its fakes.

An untrained generator has little spread; usual recipes gain it after 3,200 (dcgan-digits), 6,400 (dcgan-mnist) or
51,200 images (wgan-grid-article). A class that never had any counts as collapsed only after `GRACE`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from honmono.training.monitoring.remedies import against_collapse
from honmono.training.monitoring.variety import WHOLE, Spreads, Variety
from honmono.training.trainer import Trainer


LOW, HIGH = 0.3, 0.4  # of the real samples' spread: collapsed below LOW, recovered above HIGH
CHECKS = 2  # consecutive checks that must agree
GRACE = (1_000, 50_000)  # steps, and images seen
MOST_NAMED = 8  # classes that a line lists
ALL = ""  # stands for the whole generator in place of a class name


class Found(NamedTuple):
    """The names of newly collapsed and of recovered classes; for the former a text and settings to try."""

    collapsed: list[str]
    recovered: list[str]
    text: str = ""
    tries: Sequence[str] = ()


class Collapse:
    """Checks the samples of a trainer's generator.

    active: the names of classes whose collapse has been reported before.
    """

    def __init__(self, trainer: Trainer, active: Collection[str]) -> None:
        self._trainer, self._variety, self._collapsed = trainer, Variety(trainer), set(active)
        self._had_spread: set[str] = set()
        self._low: Counter[str] = Counter()  # consecutive checks

    def check(self, number: int) -> Found:
        """The result of check `number`. If classes take turns, each is checked `CHECKS` times in a row."""
        measured = self._variety.measure(number // CHECKS)
        ratios = {self._name(label): ratio for label, ratio in measured.ratios.items()}
        self._had_spread |= {name for name, ratio in ratios.items() if ratio > HIGH}
        clock = self._trainer.clock
        late = clock.step >= GRACE[0] and clock.images >= GRACE[1]
        for name, ratio in ratios.items():
            counts = ratio < LOW and (late or name in self._had_spread)
            self._low[name] = self._low[name] + 1 if counts else 0
        new = [name for name in ratios if self._low[name] >= CHECKS and name not in self._collapsed]
        recovered = [name for name, ratio in ratios.items() if ratio > HIGH and name in self._collapsed]
        self._collapsed = (self._collapsed | set(new)) - set(recovered)
        if not new:
            return Found(new, recovered)
        whole = new == [ALL] or len(new) == len(ratios) > 1
        tries = against_collapse(self._trainer.recipe, whole, not self._points)
        if not self._had_spread & set(new):
            tries = ["more steps", *tries]  # the classes may not have been learned yet
        return Found(new, recovered, self._explained(new, measured), tries)

    def _name(self, label: int) -> str:
        return ALL if label == WHOLE else self._trainer.data_spec.classes[label]

    @property
    def _points(self) -> bool:
        return len(self._trainer.data_spec.sample_shape) == 1

    def _explained(self, names: Sequence[str], measured: Spreads) -> str:
        ratios = {self._name(label): ratio for label, ratio in measured.ratios.items()}
        shown = ", ".join(f"{name} ({ratios[name]:.2f})".lstrip() for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        of = "" if names == [ALL] else " of class" if len(names) == 1 else " each of classes"
        each = "" if names == [ALL] else " of a class"
        one, space = ("point", "coordinates") if self._points else ("picture", "pixels")
        return (
            f"mode collapse: the generator makes nearly the same {one}{of} {shown}{more}; in brackets the spread of its"
            f" fakes relative to that of real samples, computed from {measured.fakes} fakes{each} against"
            f" {measured.reals} reals, in {space},"
            f" {'averaged' if self._trainer.average else 'raw'} weights"
        )
