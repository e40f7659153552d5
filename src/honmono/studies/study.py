"""A study as a value: an article's experiment, as recipes that are trained to be compared.

Everything here is words and numbers, so that studies are listed without torch.
"""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from honmono.errors import Refused, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of a study's table: a recipe with some fields changed, trained under each of its seeds.

    changes: dotted fields and their texts, as `--set` takes them. settings: what the table's columns say of it.
    published: what the article saw of it; "" where it has no such case.
    """

    label: str
    recipe: str
    changes: Mapping[str, str] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    settings: Mapping[str, str] = field(default_factory=dict)
    published: str = ""

    @property
    def directory(self) -> str:
        """The label as the beginning of a directory's name."""
        return re.sub(r"[^a-z0-9.]+", "-", self.label.lower()).strip("-")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Two numbers that the article gives at some of its epochs, counted from 0, and ours beside them.

    of: the least and greatest of the discriminator's contours, or both players' losses (discriminator, generator).
    cases: the labels of those shown; (): all.
    """

    title: str
    of: Literal["contours", "losses"]
    published: Mapping[int, tuple[float, float]]
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Study:
    """An experiment. article: author, title and place. asks: the question, in a line.

    facts: what the article says of it, in our words. inferred: what it does not say and we chose.
    changes: fields of every case. frames: when pictures are shown, as shares of the images that a case sees.
    epoch: images in one pass through the data, as the article counts it.
    """

    name: str
    article: str
    asks: str
    facts: tuple[str, ...]
    cases: tuple[Case, ...]
    inferred: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    epoch: int | None = None
    traces: tuple[Trace, ...] = ()

    def __post_init__(self) -> None:
        names = [case.directory for case in self.cases]
        assert self.cases and len(set(names)) == len(names), f"labels of {self.name} are too alike: {names}"
        assert len({tuple(case.settings) for case in self.cases}) == 1, f"cases of {self.name} have unlike settings"
        shown = {label for trace in self.traces for label in trace.cases}
        assert shown <= {case.label for case in self.cases}, f"no cases of {self.name}: {shown}"


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
        raise Refused(f"no study is named '{name}'{did_you_mean(name, studies())} (honmono study lists them)")
    return studies()[name]


def list_studies() -> list[dict[str, str]]:
    """Name, article and question of every study, and how many trainings it is."""
    return [
        {
            "name": study.name,
            "runs": str(sum(len(case.seeds) for case in study.cases)),
            "article": study.article,
            "asks": study.asks,
        }
        for study in studies().values()
    ]
