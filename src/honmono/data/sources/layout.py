"""How file names tell classes and splits: one rule for folders and archives."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from honmono.data.sources.base import Item, Listing
from honmono.errors import Refused
from honmono.files import readable


SPLITS = ("train", "test", "val", "valid", "validation")
_TOOK = "took the split"  # begins the note of which one it was, and of which
_SUFFIXES = frozenset(
    ".avif .bmp .dib .gif .ico .j2k .jfif .jp2 .jpe .jpeg .jpg .mpo".split()
    + ".pbm .pgm .png .pnm .ppm .qoi .tga .tif .tiff .webp".split()
)
_JUNK = frozenset(("__MACOSX", "Thumbs.db", "desktop.ini"))


@dataclass(frozen=True)
class Layout:
    """A listing, and where each of its items stands among the names that it was made from."""

    listing: Listing
    positions: tuple[int, ...]


def hidden(name: str) -> bool:
    """Whether a path is one that file managers keep to themselves (`.DS_Store`, `__MACOSX/...`)."""
    return any(part.startswith(".") or part in _JUNK for part in PurePosixPath(name).parts)


def names_a_picture(name: str) -> bool:
    """Whether a name ends as those of pictures do."""
    return PurePosixPath(name).suffix.lower() in _SUFFIXES


def splits_named(notes: Iterable[str]) -> tuple[str, ...]:
    """All splits of a source, by the note of them that `lay_out` left in its listing; () where it has none."""
    note = next((note for note in notes if note.startswith(_TOOK)), "")
    return tuple(note.rpartition("' of ")[2].split(", ")) if note else ()


def lay_out(source: str, names: Sequence[str], split: str | None) -> Layout:
    """Finds the pictures, the split and the classes among the `/`-separated names of a folder's or archive's files.

    Folders that hold everything are looked through. Where the top folders are exactly splits, `split` (else "train")
    is taken. Then the top folders are the classes, sorted by name; pictures beside them mean that there are none.
    """
    seen = [(position, PurePosixPath(name).parts) for position, name in enumerate(names) if not hidden(name)]
    strays = tuple((names[at], f"not a known picture format ({_suffix(parts)})") for at, parts in seen if _stray(parts))
    pictures = _look_through([(at, parts) for at, parts in seen if not _stray(parts)])
    tops = {parts[0] for _, parts in pictures if len(parts) > 1}
    rooted = any(len(parts) == 1 for _, parts in pictures)
    notes: list[str] = []
    if tops and not rooted and all(top.lower() in SPLITS for top in tops):
        chosen = _choose(source, sorted(tops), split)
        notes.append(f"{_TOOK} {chosen!r} of {', '.join(sorted(tops))}")
        pictures = _look_through([(at, parts[1:]) for at, parts in pictures if parts[0] == chosen])
        tops = {parts[0] for _, parts in pictures if len(parts) > 1}
        rooted = any(len(parts) == 1 for _, parts in pictures)
    elif split is not None:
        raise Refused(f"{source} has no splits to take {split!r} from: leave out '@{split}'")
    if tops and rooted:
        notes.append("no classes: pictures lie beside the subfolders as well as in them")
    classes = () if rooted else tuple(sorted(tops))
    index = {name: label for label, name in enumerate(classes)}
    labels = {at: index.get(parts[0]) for at, parts in pictures}
    positions = _taking_turns(sorted(labels, key=lambda at: names[at]), labels)
    items = tuple(Item(names[at], labels[at]) for at in positions)
    return Layout(Listing(items, tuple(map(readable, classes)), strays, tuple(notes)), positions)


def _suffix(parts: tuple[str, ...]) -> str:
    return PurePosixPath(parts[-1]).suffix.lower()


def _stray(parts: tuple[str, ...]) -> bool:
    # A name without a suffix may well be a picture: the decoder looks at its first bytes.
    return _suffix(parts) not in _SUFFIXES and _suffix(parts) != ""


def _look_through(pictures: list[tuple[int, tuple[str, ...]]]) -> list[tuple[int, tuple[str, ...]]]:
    """Drops the leading folders that all pictures share, up to one that is named like a split."""
    while pictures:
        top = pictures[0][1][0]
        if top.lower() in SPLITS or any(len(parts) == 1 or parts[0] != top for _, parts in pictures):
            break
        pictures = [(at, parts[1:]) for at, parts in pictures]
    return pictures


def _choose(source: str, tops: list[str], split: str | None) -> str:
    wanted = split or ("train" if len(tops) > 1 else tops[0])
    for top in tops:
        if top.lower() == wanted.lower():
            return top
    choices = ", ".join(f"'{source}@{top}'" for top in tops)
    raise Refused(f"{source} has no split {wanted!r}: ask for {choices}")


def _taking_turns(positions: list[int], labels: dict[int, int | None]) -> tuple[int, ...]:
    """The first of every class, then the second of every class, and so on."""
    seen: Counter[int | None] = Counter()
    turns = []
    for at in positions:
        turns.append((seen[labels[at]], labels[at] or 0, at))
        seen[labels[at]] += 1
    return tuple(at for *_, at in sorted(turns, key=lambda turn: turn[:2]))
