"""Settings of a recipe to try against a problem that was detected, with values."""

from collections.abc import Iterator
from typing import Any

from honmono.objectives.base import PlayerName
from honmono.objectives.logit import LogitObjective
from honmono.objectives.penalties import R1
from honmono.recipe.value import Recipe


SLOWER = 2.0  # divisor of a learning rate
STRONGER = 10.0  # factor on a penalty's gamma, which is usually tuned by orders of magnitude


def against_collapse(recipe: Recipe, whole: bool, pictures: bool) -> list[str]:
    """whole: whether the whole generator has collapsed, rather than some of its classes."""
    tries = []
    if not whole:
        tries += ["--set fake_labels=real"] if recipe.discriminator and recipe.fake_labels == "uniform" else []
        tries += ["--set data.oversample=1"] if recipe.data.oversample < 1 else []
        tries.append("more pictures of the class")
    elif not recipe.conditional and isinstance(recipe.objective, LogitObjective) and recipe.objective.pack == 1:
        tries.append("--set objective.pack=2")
    return [*tries, *_penalty(recipe), *(_augment(recipe) if pictures else ()), *_rate(recipe, "generator")]


def against_winning(recipe: Recipe, winner: PlayerName, pictures: bool) -> list[str]:
    """winner: the player whose loss is so low that the other one learns nothing."""
    if winner == "generator":
        return [*_rate(recipe, winner)]
    return [*_rate(recipe, winner), *_penalty(recipe), *(_augment(recipe) if pictures else ())]


def against_memorising(recipe: Recipe) -> list[str]:
    return [*_augment(recipe), *_penalty(recipe), "fewer steps", "more pictures"]


def _augment(recipe: Recipe) -> Iterator[str]:
    objective: Any = recipe.objective
    if getattr(objective, "augment", None) is not None:
        if not objective.augment.active:
            yield "--set objective.augment.probability=1"
    elif isinstance(objective, LogitObjective):
        yield '--set "objective.augment=DiffAugment()"'


def _penalty(recipe: Recipe) -> Iterator[str]:
    for place, penalty in enumerate(getattr(recipe.objective, "penalties", ())):
        if isinstance(penalty, R1) and penalty.gamma > 0:
            yield f"--set objective.penalties.{place}.gamma={penalty.gamma * STRONGER:g}"


def _rate(recipe: Recipe, player: PlayerName) -> Iterator[str]:
    rate = recipe.optimizers.of(player).keywords.get("lr")
    if isinstance(rate, float | int) and rate > 0:
        yield f"--set optimizers.{player}.lr={rate / SLOWER:g}"
