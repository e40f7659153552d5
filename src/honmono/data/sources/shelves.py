"""Folders that only keep a directory from growing too long: shelves, and no classes."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise


_NUMBERED = re.compile(r"(?P<word>.*?)(?P<number>\d+)$")
_CLASS_WORDS = ("class", "label", "cat", "category", "digit", "type", "kind")
_HASH = re.compile(r"[0-9a-f]+")
_SYNSET = re.compile(r"n\d{8}$")  # WordNet's, the classes of ImageNet
_FEWEST_LONE = 8  # folders of one picture each that are too many to be classes


def why_shelves(folders: Mapping[str, Collection[tuple[str, ...]]]) -> str | None:
    """Why sibling folders are no classes, in a few words; None where they may well be.

    folders: for each of them the paths of its pictures, below it.
    """
    counts = [len(folders[name]) for name in sorted(folders)]
    if len(folders) >= _FEWEST_LONE and max(counts) == 1:
        return "each holds one picture"
    if _prefixes(folders):
        return "their names are the beginnings of their files' names"
    return _numbered(folders)


def _prefixes(folders: Mapping[str, Collection[tuple[str, ...]]]) -> bool:
    """Whether they are the beginnings of their files' names, hashes or identifiers: `ab/cd/abcdef0123.png`."""
    for name, pictures in folders.items():
        for *deeper, file in pictures:
            stem, path = (file.rpartition(".")[0] or file).lower(), "".join((name, *deeper)).lower()
            length = 8 if deeper or len(name) > 1 else 16  # one letter begins many a name
            if (
                max(map(len, (name, *deeper))) > 3
                or not stem.startswith(path)
                or len(stem) < max(length, len(path) + 3)
            ):
                return False
            if not _HASH.fullmatch(stem):
                return False
    return True


def _numbered(folders: Mapping[str, Collection[tuple[str, ...]]]) -> str | None:
    """Why folders whose names differ in a number alone are shelves."""
    matches = [match for name in folders if (match := _NUMBERED.match(name))]
    if len(matches) < len(folders) or len({match["word"] for match in matches}) > 1 or len(folders) < 2:
        return None
    word = matches[0]["word"]
    if word.lower().rstrip("_- ") in _CLASS_WORDS or all(map(_SYNSET.match, folders)):
        return None
    by_number = sorted((int(match["number"]), match.string) for match in matches)
    numbers = [number for number, _ in by_number]
    if not word and max(numbers) > 100 and all(number % 100 == 0 for number in numbers):
        return "their names are numbers in steps of hundreds"
    *full, last = [len(folders[name]) for _, name in by_number]
    equal = len({*full}) == 1 and (last == full[0] or (last < full[0] and len(full) > 1))
    padded = any(match["number"][0] == "0" and len(match["number"]) > 1 for match in matches)
    if (equal or padded) and _goes_on([folders[name] for _, name in by_number]):
        return "the numbers of their files continue from one folder to the next"
    if equal and (word or padded) and len({after - before for before, after in pairwise(numbers)}) == 1:
        return "they are numbered and hold equally many pictures"
    return None


def _goes_on(folders: Sequence[Collection[tuple[str, ...]]]) -> bool:
    """Whether the files are numbered throughout, each folder's after those of the one before."""
    ranges = []
    for pictures in folders:
        found = [re.findall(r"\d+", path[-1].rpartition(".")[0] or path[-1]) for path in pictures]
        if not all(found):
            return False
        numbers = [int(digits[-1]) for digits in found]
        ranges.append((min(numbers), max(numbers)))
    return all(before[1] < after[0] for before, after in pairwise(ranges)) and sum(map(len, folders)) > len(folders)
