"""A study as a value: an article's experiment, as recipes that are trained and compared.

Nothing here imports torch, so that listing the studies is quick.
"""

import importlib
import math
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from honmono.errors import Refused, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of a study's table: a recipe with some fields changed, trained under each of its seeds.

    changes: dotted fields and their new values, or these as texts, as `--set` takes them.
    settings: by column of the table, what this case has there.
    published: what the article reports of it; "" where the article has no such case.
    """

    label: str
    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    settings: Mapping[str, str] = field(default_factory=dict)
    published: str = ""

    @property
    def directory(self) -> str:
        """The label as the first part of a run directory's name."""
        return re.sub(r"[^a-z0-9.]+", "-", self.label.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A pair of numbers that the article gives at some epochs, to be compared with ours.

    of: "contours", the minimum and maximum of the discriminator's scores, or "losses", (discriminator, generator).
    published: by epoch, counted from 0, the article's pair.
    cases: the labels of the cases to show; (): all.
    """

    title: str
    of: Literal["contours", "losses"]
    published: Mapping[int, tuple[float, float]]
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Moments:
    """When the runs of a study are measured, so that they can be compared at equal cost.

    Each run is trained until all moments have passed, but not beyond its `training.steps`, which `images` alone
    replace. Its metrics are measured afterwards: at each moment, and at the end.

    images: numbers of images seen.
    cpu_seconds: seconds that the processor has spent on the training steps, over all threads.
    """

    images: tuple[int, ...] = ()
    cpu_seconds: tuple[float, ...] = ()

    @property
    def names(self) -> list[str]:
        """The name of each moment, as tables show it."""
        return self.passed(math.inf, math.inf)

    @property
    def last_images(self) -> int | None:
        """The images to train for; None where something else ends the training."""
        return max(self.images) if self.images and not self.cpu_seconds else None

    def passed(self, images: float, cpu_seconds: float) -> list[str]:
        """The names of the moments that a run has passed which has seen so many images in this time."""
        by_images = [f"{moment:,} images" for moment in self.images if images >= moment]
        return by_images + [f"{moment:,.6g} CPU seconds" for moment in self.cpu_seconds if cpu_seconds >= moment]

    def scaled(self, scale: float) -> "Moments":
        """The moments of a study that is shortened to `scale` of its steps."""
        images = tuple(max(1, round(scale * moment)) for moment in self.images)
        return Moments(images=images, cpu_seconds=tuple(scale * moment for moment in self.cpu_seconds))


@dataclass(frozen=True, kw_only=True)
class Study:
    """An article's experiment.

    article: author, title and place of publication.
    asks: its question, in one line.
    facts: what the article says, in our words.
    inferred: what the article does not say and we chose.
    changes: fields of every case and their new values.
    frames: when samples are shown, as shares of a case's training.
    epoch: images in one pass through the data, as the article counts them.
    moments: when its runs are measured; None: while they train, as their recipes say.
    sampler_steps: numbers of steps in which a trained run is measured too, where its sampler takes steps.
    """

    name: str
    article: str
    asks: str
    facts: tuple[str, ...]
    cases: tuple[Case, ...]
    inferred: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    frames: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    epoch: int | None = None
    traces: tuple[Trace, ...] = ()
    moments: Moments | None = None
    sampler_steps: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        names = [case.directory for case in self.cases]
        assert self.cases and len(set(names)) == len(names), f"labels of {self.name} give equal directories: {names}"
        assert len({tuple(case.settings) for case in self.cases}) == 1, f"cases of {self.name} have different settings"
        unknown = {label for trace in self.traces for label in trace.cases} - {case.label for case in self.cases}
        assert not unknown, f"traces of {self.name} name unknown cases: {unknown}"


@cache
def studies() -> dict[str, Study]:
    """Every study that comes with honmono, by name, in alphabetical order."""
    package = importlib.import_module("honmono.studies.articles")
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    found: list[Study] = [importlib.import_module(f"honmono.studies.articles.{name}").STUDY for name in names]
    return {study.name: study for study in sorted(found, key=lambda study: study.name)}


def find_study(name: str) -> Study:
    """The study of that name."""
    if name not in studies():
        raise Refused(f"there is no study '{name}'{did_you_mean(name, studies())} (honmono study lists all)")
    return studies()[name]


def list_studies() -> list[dict[str, str]]:
    """Name, article, question and number of runs of every study."""
    return [
        {
            "name": study.name,
            "runs": str(sum(len(case.seeds) for case in study.cases)),
            "article": study.article,
            "asks": study.asks,
        }
        for study in studies().values()
    ]
