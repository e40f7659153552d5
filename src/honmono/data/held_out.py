"""Pictures of a source that are not trained on: its test split, or one for validation."""

from dataclasses import replace

from honmono.data.base import Dataset
from honmono.data.packing.packed import PackedPictures
from honmono.data.packing.sizes import size_of
from honmono.data.pictures import Pictures
from honmono.data.sources.arrays import ArraySource
from honmono.data.sources.hub import Hub
from honmono.data.sources.layout import splits_named
from honmono.data.sources.open import expanded, open_source
from honmono.data.sources.splits import role_of
from honmono.errors import Refused


HELD_OUT = ("test", "val", "valid", "validation")


def held_out(pictures: Pictures, opened: Dataset, limit: int) -> PackedPictures | None:
    """Up to `limit` pictures of another split of the same source, packed as those that are trained on were.

    None where the data is no train split, where the source has no other, or where the other has other classes.
    opened: what `pictures` opened as.
    """
    if not isinstance(opened, PackedPictures) or pictures.source is None or pictures.source == "digits":
        return None
    source = open_source(pictures.source, pictures.classes)
    if role_of(source.split or "train") != "train":
        return None
    before, at, _ = pictures.source.rpartition("@")
    whole = before if at and not expanded(pictures.source).exists() else pictures.source
    channels, *sides = opened.sample_shape
    wanted = replace(
        pictures, size=size_of(*sides), channels=None if channels == 4 else channels, limit=limit, expects=None
    )
    for split in _others(opened, isinstance(source, ArraySource | Hub)):
        try:
            found = replace(wanted, source=f"{whole}@{split}").open()
        except Refused:
            continue
        return found if found.classes == opened.classes else None
    return None


def _others(opened: PackedPictures, by_trial: bool) -> list[str]:
    """Splits to try. by_trial: whether the source lists none in its record, and quickly refuses those that it lacks."""
    if by_trial:
        return [*HELD_OUT]
    named = splits_named(opened.record["notes"])
    return [name for role in ("test", "val") for name in named if role_of(name) == role]
