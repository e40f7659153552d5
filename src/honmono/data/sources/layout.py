"""Classes and splits by file names: one rule for folders and archives."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from honmono.data.sources.base import Classes, Listing
from honmono.data.sources.class_rule import Labelled, labelled
from honmono.data.sources.companions import Folders, Suspect, suspects, without_companions
from honmono.data.sources.descent import Descent, descend
from honmono.data.sources.items import Items, Positions, Turns
from honmono.data.sources.names import base, parts_of, stem_and_suffix
from honmono.data.sources.own_labels import Texts
from honmono.data.sources.spooled import Spooled, sort_spooled
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
    """A listing, whose items' places are those among the names that it was made from.

    plain: whether the classes are the top folders or there are none, as in all versions of honmono.
    left: the positions of the pictures of the splits that were not taken.
    """

    listing: Listing
    plain: bool
    left: Positions


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
    texts: Texts = lambda places: iter(()),
) -> Layout:
    """Finds the pictures, the split and the classes among the `/`-separated names of a folder's or archive's files.

    Masks and previews of pictures are left out. Folders that hold everything are looked through. Where the folders are
    splits, `split` (else the train split) is taken. Classes are the labels that the data set brings itself, else the
    folders that are left, sorted by name, unless these only keep directories short (`class_rule`).
    classes: "folders", "labels" or "none" takes only that reading. texts: gives what label files hold.
    """
    names = names if isinstance(names, Spooled) else Spooled(names)
    sorted_out = _sort_out(names)
    pictures, notes = without_companions(sorted_out.pictures, sorted_out.suspects, names)
    way = descend(source, pictures, split)
    found = labelled(source, names, sorted_out.others, way, classes, texts)
    strays = Spooled((names[at], _why_none(names[at])) for at in sorted_out.strays.without(sort_spooled(found.files)))
    strays.extend(_left_out(names, way, found))
    if way.split is not None:
        notes.insert(0, took(way.split, way.splits))
    of_class = found.held if found.classes else [way.taken()]
    turns = Turns(of_class if names.rising() else [_by_name(names, held) for held in of_class])
    listing = Listing(
        Items(names, turns, turns.classes if found.classes else None),
        tuple(map(readable, found.classes)),
        strays,
        tuple([*notes, *found.notes]),
        found.where,
        way.split,
        tuple((name, len(places)) for name, places in way.splits.items()),
    )
    left = Positions()
    for name, places in way.splits.items():
        left.extend(places if name != way.split else ())
    return Layout(listing, found.plain, left)


@dataclass
class _SortedOut:
    """Names by what they say that the files are.

    pictures: those that may be pictures. suspects: those among them that may belong to others. strays: the positions
    of those that are none. others: those of all that are none, those among them that are hidden, too.
    """

    pictures: Folders = field(default_factory=dict)
    suspects: Spooled[Suspect] = field(default_factory=Spooled[Suspect])
    strays: Positions = field(default_factory=Positions)
    others: Positions = field(default_factory=Positions)


def _sort_out(names: Iterable[str]) -> _SortedOut:
    found, pictures = _SortedOut(), defaultdict[tuple[str, ...], Positions](Positions)
    folders: dict[str, tuple[str, ...] | None] = {}  # None: hidden
    for at, name in enumerate(names):
        above, file = _divided(name)
        if above not in folders:
            parts = parts_of(above)
            folders[above] = None if _hidden(parts) else parts
        folder = folders[above]
        stem, suffix = stem_and_suffix(file)
        suffix = suffix.lower()
        if folder is None or _hidden((file,)):
            found.others.append(at)
        # A name without a suffix may well be a picture: the decoder looks at its first bytes.
        elif suffix in _SUFFIXES or not (suffix or file.lower() in _TEXTS):
            pictures[folder].append(at)
            found.suspects.extend(suspects(at, folder, stem))
        else:
            found.others.append(at)
            found.strays.append(at)
    found.pictures = dict(pictures)
    return found


def _divided(name: str) -> tuple[str, str]:
    """What leads to the folder of a file, and its own name."""
    start = name.rfind("/") + 1
    if (file := name[start:]) not in ("", "."):
        return name[:start], file
    *above, file = parts_of(name)
    return "".join(f"{part}/" for part in above), file


def _why_none(name: str) -> str:
    suffix = stem_and_suffix(base(name))[1].lower()
    if suffix in _SOURCES:
        return f"read only if you give its own path ({suffix})"
    return f"not a known picture format ({suffix})" if suffix else "not a picture by its name"


def _left_out(names: Sequence[str], way: Descent, found: Labelled) -> Iterator[tuple[str, str]]:
    """(name, why) of the pictures that belong to no class or split."""
    yield from ((names[at], "beside the splits") for at in way.outside)
    yield from ((names[at], "beside the folders of the classes") for at in found.unlabelled if at in way.beside)
    without = f"without a label in {found.where}"
    yield from ((names[at], without) for at in found.unlabelled if at not in way.beside)


def _by_name(names: Spooled[str], held: Positions) -> Positions:
    """Positions in rising order sorted by name."""
    return Positions(at for _, at in sort_spooled((names[at], at) for at in held))
