"""The way from the top of a data set down to its classes: through folders that hold everything, and into one split."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from honmono.data.sources.companions import Folders
from honmono.data.sources.items import Positions
from honmono.data.sources.names import parts_of
from honmono.data.sources.splits import Role, choose_split, splits_among
from honmono.errors import Refused


_FEW = 0.05  # of the pictures: so many beside folders have strayed there


@dataclass
class Descent:
    """Where the way ends.

    pictures: those of the split taken, by their folders from the end of the way on, those in `beside` among them.
    beside: the positions of the few that lie beside the folders that were looked through, or beside the last folders.
    split: the name of the one taken. splits: the positions of the pictures of each. outside: those in no split.
    """

    pictures: Folders
    beside: set[int] = field(default_factory=set)
    split: str | None = None
    splits: dict[str, Positions] = field(default_factory=dict)
    outside: Positions = field(default_factory=Positions)

    def taken(self) -> Positions:
        """The positions of the pictures, in rising order."""
        return Positions.together(self.pictures.values())

    def folders(self, names: Sequence[str]) -> Mapping[str, Collection[tuple[str, ...]]]:
        """The folders at the end of the way, each with the paths of its pictures below it."""
        return {name: _Below(held, names) for name, held in _folders(self.pictures).items()}

    def rooted(self) -> Positions:
        """The pictures in none of these folders, but for the few that strayed there."""
        return Positions(at for at in self.pictures.get((), ()) if at not in self.beside)


@final
class _Below(Collection[tuple[str, ...]]):
    """The paths of pictures below a folder, made when they are looked at."""

    def __init__(self, held: Folders, names: Sequence[str]) -> None:
        self._held, self._names = held, names

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        for folder, held in self._held.items():
            yield from ((*folder, parts_of(self._names[at])[-1]) for at in held)

    def __contains__(self, path: object) -> bool:
        return any(path == one for one in self)


def descend(source: str, pictures: Folders, split: str | None) -> Descent:
    """Looks through folders and takes a split; raises `Refused` where that is not there."""
    way = Descent(pictures)
    while True:
        folders = _folders(way.pictures)
        rooted = way.pictures.get((), ())
        splits = splits_among(folders) if way.split is None else {}
        if splits and (len(splits) > 1 or not rooted):
            _take(way, source, split, splits, depth=0)
        elif way.split is None and (splits := _splits_below(folders)) and not rooted:
            _take(way, source, split, splits, depth=1)
            break
        elif len(folders) == 1 and _may_stray(way, folders):
            way.beside |= {*rooted}
            way.pictures = _merged((folder[1:], held) for folder, held in way.pictures.items())
        else:
            break
    if split is not None and way.split is None:
        raise Refused(f"{source} has no splits to take {split!r} from: leave out '@{split}'")
    folders = _folders(way.pictures)
    if len(folders) > 1 and _may_stray(way, folders):
        way.beside |= {*way.pictures.get((), ())}
    return way


def _take(way: Descent, source: str, split: str | None, splits: dict[str, Role], depth: int) -> None:
    """Goes on with the pictures of one of the splits, whose names are at this place of the paths."""
    way.split = choose_split(source, splits, split)
    inside: defaultdict[str, Folders] = defaultdict(dict)
    outside: Folders = {}
    for folder, held in way.pictures.items():
        if len(folder) > depth:
            inside[folder[depth]][folder[:depth] + folder[depth + 1 :]] = held
        else:
            outside[folder] = held
    way.outside = Positions.together(outside.values())
    way.splits = {name: Positions.together(held.values()) for name, held in sorted(inside.items())}
    way.pictures, way.beside = inside[way.split], set()


def _folders(pictures: Folders) -> dict[str, Folders]:
    """The folders at the top, each with its pictures by the folders below it."""
    found: defaultdict[str, Folders] = defaultdict(dict)
    for folder, held in pictures.items():
        if folder:
            found[folder[0]][folder[1:]] = held
    return dict(sorted(found.items()))


def _merged(pairs: Iterable[tuple[tuple[str, ...], Positions]]) -> Folders:
    found = defaultdict[tuple[str, ...], Positions](Positions)
    for folder, held in pairs:
        found[folder].extend(held)
    return dict(found)


def _may_stray(way: Descent, folders: dict[str, Folders]) -> bool:
    """Whether the pictures beside folders are so few that they say nothing of how the data set is laid out."""
    number = len(way.rooted())
    inside = sum(len(held) for below in folders.values() for held in below.values())
    return number <= _FEW * inside or (number == 1 and len(folders) > 1)


def _splits_below(folders: dict[str, Folders]) -> dict[str, Role]:
    """The splits in each of several folders: `cat/train`, `cat/test`, `dog/train`, `dog/test`."""
    below = [{folder[0] if folder else "" for folder in held} for held in folders.values()]
    if len(below) < 2 or any("" in names for names in below):
        return {}
    splits = splits_among(set().union(*below))
    whole = all("train" in {splits[name] for name in names} for names in below) if splits else False
    return splits if whole and len({*splits.values()}) > 1 else {}
