"""Shortening a study: fewer steps, and every interval and schedule in proportion. Batch sizes stay the same."""

from collections.abc import Iterator
from typing import Any

from honmono.errors import Refused
from honmono.recipe.growth import Growth
from honmono.recipe.hyperparameters import children
from honmono.recipe.updates import WarmUp
from honmono.recipe.value import Recipe
from honmono.schedules import Inverse, InverseByUpdate, Ramp


LEAST_STEPS = 20  # enough for several sample grids and for numbers
STEPS = ("log_every", "sample_every", "checkpoint_every")  # of `training`


def scaled(recipe: Recipe, scale: float) -> dict[str, float]:
    """The changes that shorten a recipe to `scale` of its steps; {} for 1.

    Schedules keep their shape: ramps and growth take proportionally fewer images, and Keras's decay is proportionally
    larger. Half-lives of averages stay, because they are limited to a share of the images seen anyway.
    """
    if not 0 < scale <= 1:
        raise Refused(f"--scale {scale}: give a share of the study's steps, above 0 and at most 1")
    if scale == 1:
        return {}
    training = recipe.training
    steps = min(training.steps, max(LEAST_STEPS, round(training.steps * scale)))
    kept = steps / training.steps
    changes: dict[str, float] = {"training.steps": steps}
    changes |= {f"training.{name}": _at_least_1(getattr(training, name) * kept) for name in STEPS}
    if training.measure_images is not None:
        changes["training.measure_images"] = _at_least_1(training.measure_images * kept)
    return changes | dict(_schedules(recipe, "", kept))


def _schedules(value: Any, prefix: str, kept: float) -> Iterator[tuple[str, float]]:
    """Every schedule field of a recipe that is a number of steps or images, with its new value."""
    if isinstance(value, Ramp):
        yield f"{prefix}.begin", round(value.begin * kept)
        yield f"{prefix}.images", _at_least_1(value.images * kept)
    elif isinstance(value, Inverse | InverseByUpdate):
        yield f"{prefix}.decay", value.decay / kept
    elif isinstance(value, WarmUp):
        yield f"{prefix}.steps", round(value.steps * kept)
        yield f"{prefix}.every", _at_least_1(value.every * kept)
    elif isinstance(value, Growth):
        yield f"{prefix}.train", _at_least_1(value.train * kept)
        yield f"{prefix}.fade", _at_least_1(value.fade * kept)
    else:
        for name, part in children(value).items():
            yield from _schedules(part, f"{prefix}.{name}".lstrip("."), kept)


def _at_least_1(number: float) -> int:
    return max(1, round(number))
