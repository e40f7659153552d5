"""Which data the argument of `--data` means, and which recipe suits it."""

from dataclasses import replace

from honmono.data.base import Data
from honmono.data.mixtures import Grid, Mixture, Ring
from honmono.data.packing.sizes import Size, checked_size
from honmono.data.pictures import Pictures
from honmono.data.points import Points, holds_points
from honmono.data.sources.base import reading
from honmono.data.sources.idx import holds_idx
from honmono.data.sources.open import STACKED, digits_of, expanded
from honmono.data.sources.shards import shards_of
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused


MIXTURES: dict[str, type[Grid] | type[Ring]] = {"grid": Grid, "ring": Ring}


def suitable(source: str | None) -> tuple[str, str]:
    """The recipe that suits a source, and why."""
    if source is None or source == "digits":
        return "dcgan-digits", "it is made for the built-in digits"
    if source in MIXTURES:
        return "gan-grid", "it is made for points in the plane"
    if digits_of(source):
        return "dcgan-stacked-mnist", "it is made for digits stacked as colours"
    if _holds_points(source):
        return "gan-grid", "it is made for points in the plane"
    if _holds_idx(source):
        return "dcgan-mnist", "it is made for IDX files such as MNIST's"
    return "folder", "it fits any pictures: size, channels and classes come from the data"


def _holds_idx(source: str) -> bool:
    paths = (expanded(text) for text in (source, source.rpartition("@")[0]) if text)
    return any(path.is_dir() and holds_idx(path) for path in paths)


def _holds_points(source: str) -> bool:
    return holds_points(expanded(source))


def with_source(data: Data, source: str, recipe_name: str) -> Data:
    """A recipe's data, taken from another source."""
    if isinstance(data, Mixture | Points):
        if _holds_points(source):
            return Points(source=absolute(source), order=data.order, drop_last=data.drop_last, limit=data.limit)
        if source not in MIXTURES:
            raise Refused(
                f"{recipe_name} trains on points (grid, ring, or your own as an .npy (n, 2) or a .csv of two columns), "
                "not on pictures: train folder on them"
            )
        return data if isinstance(data, MIXTURES[source]) else MIXTURES[source]()
    if not isinstance(data, Pictures | StackedMNIST):
        raise Refused(
            f"the data of {recipe_name} is {type(data).__name__}, which takes no other source: leave --data out"
        )
    if source in MIXTURES or _holds_points(source):
        raise Refused(f"{recipe_name} trains on pictures, and {source} is points: train gan-grid on it")
    digits = digits_of(source)
    if isinstance(data, StackedMNIST):  # the digits' own place will do: what is made of them is clear
        return replace(data, source=absolute(digits or source))
    return _stacked(data, digits, recipe_name) if digits else replace(data, source=absolute(source))


def _stacked(data: Pictures, digits: str, recipe_name: str) -> StackedMNIST:
    """Stacked digits in place of a recipe's pictures."""
    if data.expects is not None:
        raise Refused(f"{recipe_name} was written for other pictures: train dcgan-stacked-mnist on {STACKED}:{digits}")
    kept = {name: getattr(data, name) for name in ("order", "drop_last", "limit", "range")}
    return StackedMNIST(source=absolute(digits), size=_side(data.size), **kept)


def with_size(data: Data, size: Size) -> Data:
    """A recipe's data at another size: asking for a size is asking to convert other pictures."""
    if not isinstance(data, Pictures | StackedMNIST):
        raise Refused("--size is for pictures; points have none: omit it")
    size = checked_size(size, "--size")
    if isinstance(data, Pictures):
        return replace(data, size=size, expects=None)
    return replace(data, size=_side(size))


def _side(size: Size | None) -> int | None:
    if isinstance(size, str):
        raise Refused(f"--size {size}: digits are stacked as squares: give one number")
    return size


def with_classes(data: Data, classes: str) -> Data:
    """A recipe's data with another reading of its classes."""
    if not isinstance(data, Pictures):
        raise Refused(f"--classes is for pictures that have them; {type(data).__name__} has none to read: omit it")
    return replace(data, classes=reading(classes))


def found_anywhere(data: Data) -> Data:
    """The data with a path as its source made absolute."""
    if not isinstance(data, Pictures | StackedMNIST | Points) or data.source is None:
        return data
    return replace(data, source=absolute(data.source))


def absolute(source: str) -> str:
    """A path as an absolute one, so that a run finds its data from anywhere; other sources as they are."""
    if shards_of(source):
        return str(expanded(source).absolute())
    path, at, split = source.rpartition("@") if "@" in source else (source, "", "")
    for text, tail in ((source, ""), (path, at + split)):
        if text and expanded(text).exists():
            return str(expanded(text).resolve()) + tail
    return source
