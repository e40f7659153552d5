"""Several `.tar` archives that make one set together, as WebDataset's shards."""

import glob
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import final

from honmono.data.sources.archive import Archive, Held, Tar
from honmono.data.sources.base import Classes, Content
from honmono.data.sources.layout import hidden, names_a_picture, took
from honmono.data.sources.links import Link
from honmono.data.sources.members import Member, Members
from honmono.data.sources.overlap import other_splits
from honmono.data.sources.splits import choose_split, splits_among
from honmono.errors import Refused


_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
# Bytes in one shard at most; a member's place is the shard's number times this, plus its place there. Both fit 64 bits.
_PLACES = 1 << 44


@final
class Shards(Archive):
    """Shards read one after the other; their members are one set, whichever shard holds them.

    others: the shards of each split that was not taken.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        name: str,
        split: str | None,
        classes: Classes = "auto",
        note: str | None = None,
        others: Mapping[str, Sequence[Path]] = {},
    ) -> None:
        super().__init__(paths[0], name, split, classes)
        self._notes = (note,) if note else ()
        self._others = others
        self._shards = [Tar(path, str(path), None) for path in paths]
        self.stamped = {f"{number}/{path.name}": path for number, path in enumerate(paths)}

    def few(self, most: int) -> Sequence[Member]:
        """None: shards hold pictures."""
        return ()

    def look(self) -> Held:
        """What all shards hold."""
        files, links = Members(), list[Link]()
        others: list[tuple[str, str]] = []
        for number, shard in enumerate(self._shards):
            one = shard.look()
            files.extend(member._replace(at=number * _PLACES + member.at) for member in one.files)
            links += one.links
            others += one.others
        return Held(files, links, others, self._notes)

    def elsewhere(self) -> Mapping[str, Archive]:
        """The shards of other splits."""
        return {split: Shards(paths, split, None) for split, paths in self._others.items()}

    def read(self, wanted: Iterable[tuple[Member, int]]) -> Iterator[tuple[int, Content]]:
        """The members, shard by shard."""
        for number, group in groupby(wanted, key=lambda one: one[0].at // _PLACES):
            own = ((Member(member.name, member.at % _PLACES, member.size), index) for member, index in group)
            yield from self._shards[number].read(own)


def shards_in(folder: Path, name: str, split: str | None, classes: Classes) -> Shards | None:
    """The shards that are all a folder holds but for files about them; None where a folder is no set of shards.

    Their names differ in numbers alone; or in the split, too, and then those of one split are taken.
    """
    tars = _only_tars(folder) if folder.is_dir() else []
    if len(tars) < 2:
        return None
    sets: defaultdict[str, list[Path]] = defaultdict(list)
    for tar in tars:
        sets[re.sub(r"\d+", "", tar.stem).strip("-_.")].append(tar)
    if len(sets) == 1:
        return Shards(tars, name, split, classes)
    splits = splits_among(sets)
    if not splits:
        return None
    chosen = choose_split(name, splits, split)
    others = {one: sets[one] for one in other_splits(chosen, sets)}
    return Shards(sets[chosen], name, None, classes, note=took(chosen, splits), others=others)


def _only_tars(folder: Path) -> list[Path]:
    """The archives in a folder, sorted; [] where it holds folders or pictures, found out early."""
    tars: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if hidden(entry.name):
                continue
            path = folder / entry.name
            if names_a_picture(entry.name) or path.is_dir():
                return []
            tars += [path] if path.suffix == ".tar" else []
    return sorted(tars)


def shards_of(spec: str) -> tuple[Sequence[Path], str, str | None] | None:
    """The files, name and split of `NAME-{000..012}.tar` or `NAME-*.tar`; None for what names no shards.

    Raises `Refused` where one of them is missing.
    """
    body, at, split = spec.rpartition("@") if not spec.endswith(".tar") else (spec, "", "")
    body = body or split
    if not body.endswith(".tar") or Path(spec).exists():
        return None
    if found := _RANGE.search(body):
        first, last = found[1], found[2]
        numbers = [f"{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]
        paths = [Path(body[: found.start()] + number + body[found.end() :]).expanduser() for number in numbers]
        missing = [path for path in paths if not path.is_file()]
        if missing or not paths:
            raise Refused(f"{body}: there is no {missing[0] if missing else f'number from {first} to {last}'}")
    elif "*" in body or "?" in body:
        paths = [Path(path) for path in sorted(glob.glob(str(Path(body).expanduser())))]
        if not paths:
            raise Refused(f"{body}: there are no such files")
    else:
        return None
    return paths, body, split if at else None
