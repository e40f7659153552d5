"""The way from the top of a data set down to its classes: through folders that hold everything, and into one split."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from honmono.data.sources.companions import Placed
from honmono.data.sources.splits import Role, choose_split, splits_among
from honmono.errors import Refused


_FEW = 0.05  # of the pictures: so many beside folders have strayed there


@dataclass
class Descent:
    """Where the way ends.

    pictures: those of the split taken, with their paths from the end of the way on, those in `beside` among them.
    beside: the positions of the few that lie beside the folders that were looked through, or beside the last folders.
    split: the name of the one taken. splits: the positions of the pictures of each. outside: those in no split.
    """

    pictures: list[Placed]
    beside: set[int] = field(default_factory=set)
    split: str | None = None
    splits: dict[str, list[int]] = field(default_factory=dict)
    outside: list[int] = field(default_factory=list)

    def folders(self) -> dict[str, list[tuple[str, ...]]]:
        """The folders at the end of the way, each with the paths of its pictures below it."""
        return {name: [parts[1:] for _, parts in held] for name, held in _folders(self.pictures).items()}

    def rooted(self) -> list[int]:
        """The pictures in none of these folders, but for the few that strayed there."""
        return [at for at, parts in self.pictures if len(parts) == 1 and at not in self.beside]


def descend(source: str, pictures: Sequence[Placed], split: str | None) -> Descent:
    """Looks through folders and takes a split; raises `Refused` where that is not there."""
    way = Descent(list(pictures))
    while True:
        folders = _folders(way.pictures)
        splits = splits_among(folders) if way.split is None else {}
        if splits and (len(splits) > 1 or not _rooted(way.pictures)):
            _take(way, source, split, splits, depth=0)
        elif way.split is None and (splits := _splits_below(folders)) and not _rooted(way.pictures):
            _take(way, source, split, splits, depth=1)
            break
        elif len(folders) == 1 and _may_stray(way, folders):
            way.beside |= set(_rooted(way.pictures))
            way.pictures = [Placed(at, parts[1:] if len(parts) > 1 else parts) for at, parts in way.pictures]
        else:
            break
    if split is not None and way.split is None:
        raise Refused(f"{source} has no splits to take {split!r} from: leave out '@{split}'")
    folders = _folders(way.pictures)
    if len(folders) > 1 and _may_stray(way, folders):
        way.beside |= set(_rooted(way.pictures))
    return way


def _take(way: Descent, source: str, split: str | None, splits: dict[str, Role], depth: int) -> None:
    """Goes on with the pictures of one of the splits, whose names are at this place of the paths."""
    way.split = choose_split(source, splits, split)
    inside: defaultdict[str, list[Placed]] = defaultdict(list)
    for at, parts in way.pictures:
        if len(parts) > depth + 1:
            inside[parts[depth]].append(Placed(at, parts[:depth] + parts[depth + 1 :]))
        else:
            way.outside.append(at)
    way.splits = {name: [at for at, _ in held] for name, held in sorted(inside.items())}
    way.pictures, way.beside = inside[way.split], set()


def _folders(pictures: Sequence[Placed]) -> dict[str, list[Placed]]:
    found: defaultdict[str, list[Placed]] = defaultdict(list)
    for picture in pictures:
        if len(picture.parts) > 1:
            found[picture.parts[0]].append(picture)
    return dict(sorted(found.items()))


def _rooted(pictures: Sequence[Placed]) -> list[int]:
    return [at for at, parts in pictures if len(parts) == 1]


def _may_stray(way: Descent, folders: dict[str, list[Placed]]) -> bool:
    """Whether the pictures beside folders are so few that they say nothing of how the data set is laid out."""
    number = len([at for at in _rooted(way.pictures) if at not in way.beside])
    inside = sum(map(len, folders.values()))
    return number <= _FEW * inside or (number == 1 and len(folders) > 1)


def _splits_below(folders: dict[str, list[Placed]]) -> dict[str, Role]:
    """The splits in each of several folders: `cat/train`, `cat/test`, `dog/train`, `dog/test`."""
    below = [{parts[1] if len(parts) > 2 else "" for _, parts in held} for held in folders.values()]
    if len(below) < 2 or any("" in names for names in below):
        return {}
    splits = splits_among(set().union(*below))
    whole = all("train" in {splits[name] for name in names} for names in below) if splits else False
    return splits if whole and len({*splits.values()}) > 1 else {}
