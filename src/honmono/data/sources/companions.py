"""Files that go with the pictures of a data set and are none of them: masks, drawn annotations, thumbnails."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from honmono.data.sources.items import Positions
from honmono.data.sources.names import parts_of, stem_and_suffix
from honmono.data.sources.splits import splits_among, words_of
from honmono.data.sources.table import Table


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


# The positions of pictures among the names of a source, by the folders that they are in.
Folders = dict[tuple[str, ...], Positions]


# A file whose name says that it belongs to another one: its position, its folder, and the stem of the other.
Suspect = tuple[int, tuple[str, ...], str]


def suspects(at: int, folder: tuple[str, ...], stem: str) -> list[Suspect]:
    """The picture of that stem, where its name says that it belongs to another one."""
    found = _BESIDE.search(stem)
    return [(at, folder, stem[: found.start()])] if found else []


def without_companions(
    pictures: Folders, suspected: Sequence[Suspect], names: Sequence[str]
) -> tuple[Folders, list[str]]:
    """The pictures that are to be learned, and a line for each kind of companion that was left out.

    A folder named so goes with the pictures where these lie beside it, by themselves, in `images` or in splits.
    A file does where another has its name without `_mask` or the like.
    """
    folders = _folders(pictures)
    beside = _beside(pictures, suspected, names)
    if not (folders or beside):
        return pictures, []
    kept: Folders = {}
    left = defaultdict[str, Positions](Positions)
    for folder, held in pictures.items():
        if why := next((above for above in _down_to(folder) if above in folders), None):
            left[f"folder {why[-1]!r}"].extend(held)
            continue
        if alone := held.without(beside):
            kept[folder] = alone
        left["files named like 'a_mask.png' beside 'a.png'"].extend(held.without(alone))
    found = sorted((min(places), len(places), what) for what, places in left.items() if places)
    return kept, [
        f"left out {number:,} pictures that are masks, labels or previews of others: {what}"
        for _, number, what in found
    ]


def names_pictures(folder: str) -> bool:
    """Whether a folder's name says no more than that there are pictures in it."""
    return any(word in _PICTURES for word in [*words_of(folder), folder.lower()])


def _folders(pictures: Folders) -> set[tuple[str, ...]]:
    """The folders of companions, each by its whole path."""
    below: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    direct = Counter({folder: len(held) for folder, held in pictures.items()})
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


def _down_to(folder: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (folder[:depth] for depth in range(1, len(folder) + 1))


def _beside(pictures: Folders, suspected: Sequence[Suspect], names: Sequence[str]) -> Positions:
    """The positions of the suspects beside which the other file is there."""
    wanted = Table((("/".join((*folder, other)), None) for _, folder, other in suspected), keep="first")
    stems = (
        "/".join((*folder, stem_and_suffix(parts_of(names[at])[-1])[0]))
        for folder in {folder for _, folder, _ in suspected}
        for at in pictures[folder]
    )
    there = Table(((stem, None) for stem in stems if stem in wanted), keep="first")
    return Positions(at for at, folder, other in suspected if "/".join((*folder, other)) in there)
