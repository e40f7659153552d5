"""What became of files that are not simply pictures: named in a record, as far as they are not very many."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, final

from honmono.errors import first_of
from honmono.files import readable


Key = TypeVar("Key", int, str)

NAMED = 1000  # files of each fate


@final
class Fates:
    """Files with their fates.

    kind: "repaired" or "skipped". what: what a fate is called in the record.
    """

    def __init__(self, kind: str, what: str) -> None:
        self._kind, self._what = kind, what
        self._number = Counter[str]()
        self._named: list[dict[str, str]] = []
        self._files = 0

    def add(self, found: Iterable[tuple[Key, str]], name: Callable[[Key], str]) -> None:
        """Takes (file, fate); those of one file follow each other. name: that of a file."""
        before = None
        for file, fate in found:
            self._files += file != before
            before = file
            self._number[fate] += 1
            if self._number[fate] <= NAMED:
                self._named.append({"name": readable(name(file)), self._what: readable(fate)})

    def record(self) -> dict[str, Any]:
        """KIND: the first thousand files of each fate. KIND_files: how many there are in all. KIND_more: by their
        fates, how many are not named."""
        more = {readable(fate): number - NAMED for fate, number in self._number.items() if number > NAMED}
        return {self._kind: self._named, f"{self._kind}_files": self._files, f"{self._kind}_more": more}


def files_of(record: Mapping[str, Any], kind: str) -> int:
    """How many files a record, of whichever version, says were repaired or skipped."""
    return record.get(f"{kind}_files", len({entry["name"] for entry in record[kind]}))


def number_of(record: Mapping[str, Any], kind: str, what: str, start: str) -> int:
    """How often a fate begins so."""
    more = record.get(f"{kind}_more", {})
    return sum(entry[what].startswith(start) for entry in record[kind]) + sum(
        number for fate, number in more.items() if fate.startswith(start)
    )


def lines_of(record: Mapping[str, Any], kind: str, what: str, most: int) -> list[str]:
    """The number of files, and a line for each fate with the first names."""
    names: dict[str, list[str]] = {}
    for entry in record[kind]:
        names.setdefault(entry[what], []).append(entry["name"])
    more = record.get(f"{kind}_more", {})
    return [f"{kind}: {files_of(record, kind):,}"] + [
        f"  {fate}: {first_of(of_fate, most, unnamed=more.get(fate, 0))}" for fate, of_fate in names.items()
    ]
