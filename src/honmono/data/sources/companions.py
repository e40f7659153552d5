"""Files that go with the pictures of a data set and are none of them: masks, drawn annotations, thumbnails."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from honmono.data.sources.names import stem_and_suffix
from honmono.data.sources.splits import splits_among, words_of


_COMPANIONS = frozenset(
    "mask masks trimap trimaps annotation annotations segmentation segmentations segmentationclass segmentationobject"
    " label labels gt groundtruth truth thumbnail thumbnails thumb thumbs preview previews matte mattes"
    " bbox edges landmarks".split()
)
_GLUED = ("segmentationclass", "segmentationobject", "groundtruth")  # of several words in capitals
_PICTURES = frozenset(
    "image images img imgs jpegimages jpegs jpg jpgs jpeg png pngs photo photos picture pictures pics input inputs"
    " original originals orig rgb color colour full raw frames data source src".split()
)
_BESIDE = re.compile(
    r"[_\-. ](masks?|seg|segmentation|gt|label|thumb|thumbnail|preview|annotation|matte)(_?\d+)?$", re.I
)


class Placed(NamedTuple):
    """A picture: its position among the names of a source, and the parts of its path from the current folder on."""

    at: int
    parts: tuple[str, ...]


def without_companions(pictures: Sequence[Placed]) -> tuple[list[Placed], list[str]]:
    """The pictures that are to be learned, and a line for each kind of companion that was left out.

    A folder named so goes with the pictures where these lie beside it, by themselves, in `images` or in splits.
    A file does where another has its name without `_mask` or the like.
    """
    folders = _folders(pictures)
    beside = _beside(pictures)
    kept: list[Placed] = []
    left: Counter[str] = Counter()
    for picture in pictures if folders or beside else ():
        why = next((folder for folder in _above(picture.parts) if folder in folders), None)
        if why is not None:
            left[f"folder {why[-1]!r}"] += 1
        elif picture.at in beside:
            left["files named like 'a_mask.png' beside 'a.png'"] += 1
        else:
            kept.append(picture)
    kept = kept if left else list(pictures)
    notes = [
        f"left out {number:,} pictures that are masks, labels or previews of others: {what}"
        for what, number in left.items()
    ]
    return kept, notes


def names_pictures(folder: str) -> bool:
    """Whether a folder's name says no more than that there are pictures in it."""
    return any(word in _PICTURES for word in [*words_of(folder), folder.lower()])


def _folders(pictures: Iterable[Placed]) -> set[tuple[str, ...]]:
    """The folders of companions, each by its whole path."""
    below: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    direct = Counter([parts[:-1] for _, parts in pictures])
    for folder, number in direct.items():
        for depth in range(len(folder)):
            below[folder[:depth]][folder[depth]] += number
    found: set[tuple[str, ...]] = set()
    for folder, children in below.items():
        companions = {name for name in children if _is_companion(name)}
        others = [name for name in children if name not in companions]
        beside = any(map(names_pictures, others)) or bool(splits_among(others))
        found |= {(*folder, name) for name in companions if beside or 2 * direct[folder] >= children[name]}
    return found


def _is_companion(name: str) -> bool:
    lowered = "".join(words_of(name))
    return any(word in _COMPANIONS for word in words_of(name)) or any(word in lowered for word in _GLUED)


def _above(parts: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (parts[:depth] for depth in range(1, len(parts)))


def _beside(pictures: Sequence[Placed]) -> set[int]:
    """The positions of files whose names say that they belong to another one, where that is there."""
    stems = [stem_and_suffix(parts[-1])[0] for _, parts in pictures]
    matches = [
        (at, parts, match.start())
        for (at, parts), stem in zip(pictures, stems, strict=True)
        if (match := _BESIDE.search(stem))
    ]
    if not matches:
        return set()
    names = {(*parts[:-1], stem) for (_, parts), stem in zip(pictures, stems, strict=True)}
    return {at for at, parts, end in matches if (*parts[:-1], parts[-1][:end]) in names}
