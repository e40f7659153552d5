"""Classes and splits by file names: one rule for folders and archives."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from honmono.data.sources.base import Classes, Item, Listing
from honmono.data.sources.class_rule import Labelled, labelled
from honmono.data.sources.companions import Placed, without_companions
from honmono.data.sources.descent import Descent, descend
from honmono.data.sources.names import base, parts_of, stem_and_suffix
from honmono.data.sources.own_labels import Texts
from honmono.files import readable


_TOOK = "took the split"  # begins the note of which one it was, and of which
_SUFFIXES = frozenset(
    ".avif .bmp .dib .gif .ico .j2k .jfif .jp2 .jpe .jpeg .jpg .mpo".split()
    + ".pbm .pgm .png .pnm .ppm .qoi .tga .tif .tiff .webp".split()
)
_SOURCES = frozenset(".zip .tar .tgz .tbz2 .txz .npz .npy .mat .h5 .hdf5 .parquet".split())
_JUNK = frozenset(("__MACOSX", "Thumbs.db", "desktop.ini"))
_TEXTS = frozenset(
    "license licence copying readme notice authors contributors citation changelog version makefile todo install"
    " manifest checksums md5sums sha256sums".split()
)


@dataclass(frozen=True)
class Layout:
    """A listing, and the position of each of its items among the names that it was made from.

    plain: whether the classes are the top folders or there are none, as in all versions of honmono.
    left: the positions of the pictures of the splits that were not taken.
    """

    listing: Listing
    positions: tuple[int, ...]
    plain: bool
    left: tuple[int, ...]


def hidden(name: str) -> bool:
    """Whether a path is one that file managers keep to themselves (`.DS_Store`, `__MACOSX/...`)."""
    return _hidden(parts_of(name))


def _hidden(parts: tuple[str, ...]) -> bool:
    return "." in [part[0] for part in parts] or not _JUNK.isdisjoint(parts)


def split_note(note: str) -> bool:
    """Whether a listing's note says which split was taken."""
    return note.startswith(_TOOK)


def names_a_picture(name: str) -> bool:
    """Whether a name ends as those of pictures do."""
    return stem_and_suffix(base(name))[1].lower() in _SUFFIXES


def took(split: str, splits: Iterable[str]) -> str:
    """The note that says which of the splits was taken."""
    return f"{_TOOK} {split!r} of {', '.join(sorted(splits))}"


def splits_named(notes: Iterable[str]) -> tuple[str, ...]:
    """All splits of a source, by the note of them that `lay_out` left in its listing; () where it has none."""
    note = next(filter(split_note, notes), "")
    return tuple(note.rpartition("' of ")[2].split(", ")) if note else ()


def lay_out(
    source: str,
    names: Sequence[str],
    split: str | None,
    classes: Classes = "auto",
    texts: Texts = lambda places: {},
) -> Layout:
    """Finds the pictures, the split and the classes among the `/`-separated names of a folder's or archive's files.

    Masks and previews of pictures are left out. Folders that hold everything are looked through. Where the folders are
    splits, `split` (else the train split) is taken. Classes are the labels that the data set brings itself, else the
    folders that are left, sorted by name, unless these only keep directories short (`class_rule`).
    classes: "folders", "labels" or "none" takes only that reading. texts: gives what label files hold.
    """
    pictures, strays = _sorted_out(names)
    pictures, notes = without_companions(pictures)
    way = descend(source, pictures, split)
    found = labelled(source, names, way, classes, texts)
    kept = {at: found.labels.get(at) for at, _ in way.pictures if at in found.labels or not found.classes}
    used = {names[at] for at in found.files}
    strays = [stray for stray in strays if stray[0] not in used] + _left_out(names, way, found)
    if way.split is not None:
        notes.insert(0, took(way.split, way.splits))
    positions = _taking_turns(sorted(kept, key=lambda at: names[at]), kept)
    listing = Listing(
        tuple(Item(names[at], kept[at]) for at in positions),
        tuple(map(readable, found.classes)),
        tuple(strays),
        tuple([*notes, *found.notes]),
        found.where,
        way.split,
        tuple((name, len(places)) for name, places in way.splits.items()),
    )
    left = tuple(at for name, places in way.splits.items() if name != way.split for at in places)
    return Layout(listing, positions, found.plain, left)


def _sorted_out(names: Sequence[str]) -> tuple[list[Placed], list[tuple[str, str]]]:
    """What may be pictures by their names, and (name, why) of the files that are none."""
    pictures: list[Placed] = []
    strays: list[tuple[str, str]] = []
    for at, name in enumerate(names):
        parts = parts_of(name)
        if _hidden(parts):
            continue
        suffix = stem_and_suffix(parts[-1])[1].lower()
        # A name without a suffix may well be a picture: the decoder looks at its first bytes.
        if suffix in _SOURCES:
            strays.append((name, f"read only if you give its own path ({suffix})"))
        elif suffix and suffix not in _SUFFIXES:
            strays.append((name, f"not a known picture format ({suffix})"))
        elif not suffix and parts[-1].lower() in _TEXTS:
            strays.append((name, "not a picture by its name"))
        else:
            pictures.append(Placed(at, parts))
    return pictures, strays


def _left_out(names: Sequence[str], way: Descent, found: Labelled) -> list[tuple[str, str]]:
    """(name, why) of the pictures that belong to no class or split."""
    unlabelled = [at for at, _ in way.pictures if found.classes and at not in found.labels]
    beside = [at for at in unlabelled if at in way.beside]
    return (
        [(names[at], "beside the splits") for at in way.outside]
        + [(names[at], "beside the folders of the classes") for at in beside]
        + [(names[at], f"without a label in {found.where}") for at in unlabelled if at not in way.beside]
    )


def _taking_turns(positions: list[int], labels: Mapping[int, int | None]) -> tuple[int, ...]:
    """The first of every class, then the second of every class, and so on."""
    seen: defaultdict[int, int] = defaultdict(int)
    classes = 1 + max(((label or 0) for label in labels.values()), default=0)
    turns: dict[int, int] = {}
    for at in positions:
        label = labels[at] or 0
        turns[at] = seen[label] * classes + label
        seen[label] += 1
    return tuple(sorted(positions, key=turns.__getitem__))
