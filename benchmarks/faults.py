"""What is wrong with a run's pictures, in plain sentences: derived by rules from the numbers that were kept of it."""

from collections.abc import Mapping
from typing import Any

from honmono.data.mixtures import Mixture
from honmono.metrics.variety import COLLAPSED
from honmono.recipe.value import Recipe


BEGINNING = 0.5  # of the recipe's steps: no more than that is a beginning
NONE_OF_IT, LITTLE, FAR = 0.1, 0.5, 5  # recall and coverage; how many times the least FID on the same data
MISREAD, UNREAL, ASTRAY, UNEVEN = 0.97, 0.7, 0.9, 0.1  # label fidelity, precision, high quality, reverse KL


def faults(name: str, recipe: Recipe, kept: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Of the run of a recipe among those of the page; [] where the numbers say nothing wrong."""
    run = kept[name]
    numbers = {key.partition("[")[0]: value for key, value in run["metrics"].items()}
    share = run["step"] / recipe.training.steps
    percent = f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"
    found = [f"This is a beginning: {percent} of the recipe's steps."] if share <= BEGINNING else []
    if isinstance(recipe.data, Mixture):
        return found + _of_points(numbers, len(recipe.data.means()))
    return found + _of_variety(numbers, recipe.conditional is True) + _of_looks(numbers) + _of_distance(name, kept)


def _of_points(numbers: Mapping[str, float], modes: int) -> list[str]:
    found = []
    if missing := modes - int(numbers.get("modes", modes)):
        found.append(f"{missing} of {modes} modes {'is' if missing == 1 else 'are'} never drawn.")
    if (near := numbers.get("high_quality", 1.0)) < ASTRAY:
        found.append(f"{1 - near:.0%} of the points lie farther than three sigma from every mode; 1% would be right.")
    if (uneven := numbers.get("reverse_kl", 0.0)) > UNEVEN:
        found.append(f"Some modes are drawn much more often than others: reverse KL {uneven:g}.")
    return found


def _of_variety(numbers: Mapping[str, float], conditional: bool) -> list[str]:
    """Whether it draws few different pictures, or only some of what there is."""
    reach = {key: numbers[key] for key in ("recall", "coverage") if key in numbers}
    spread = {key: numbers[key] for key in ("variety", "variety_pixels") if numbers.get(key, 1.0) < COLLAPSED}
    figures = ", ".join(f"{key} {value:g}" for key, value in {**reach, **spread}.items())
    # Noise reaches as little of the data; its precision shows it.
    if reach and max(reach.values()) < NONE_OF_IT and numbers.get("precision", 0.0) > LITTLE:
        return [f"{'Each class is' if conditional else 'It draws'} nearly one picture: {figures}."]
    if spread:
        return [f"{'At least one class is' if conditional else 'It draws'} nearly one picture: {figures}."]
    if reach and min(reach.values()) < LITTLE:
        return [f"Much of the data is never generated: {figures}."]
    known = reach or {"variety", "fid", "modes"} & numbers.keys()
    return [] if known else ["Unknown: its variety was not measured."]


def _of_looks(numbers: Mapping[str, float]) -> list[str]:
    found = []
    if (real := numbers.get("precision", 1.0)) < UNREAL:
        found.append(f"{1 - real:.0%} of the pictures do not look like the data: precision {real:g}.")
    if (right := numbers.get("label_fidelity", 1.0)) < MISREAD:
        found.append(f"{1 - right:.1%} of the pictures are classified as another class than their label.")
    return found


def _of_distance(name: str, kept: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """How far its features lie from the data's, against the nearest run on the same data."""
    run = kept[name]
    for key, value in run["metrics"].items():
        same = {
            other: one["metrics"][key]
            for other, one in kept.items()
            if key.startswith("fid[") and key in one["metrics"] and one["data"] == run["data"]
        }
        if same and value > FAR * min(same.values()):
            nearest = min(same, key=lambda other: same[other])
            return [f"As a whole the pictures are far from the data: {key} {value:g}, {same[nearest]:g} in {nearest}."]
    return []
