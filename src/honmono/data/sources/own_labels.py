"""Labels that a data set brings itself, in files beside its pictures."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Any, NamedTuple

from honmono.data.sources.items import Positions
from honmono.data.sources.names import base, parts_of
from honmono.data.sources.spooled import Spooled, sort_spooled
from honmono.data.sources.table import Table


# Gives the bytes of files with their positions among the names of a source; those that cannot be read are left out.
Texts = Callable[[Iterable[int]], Iterator[tuple[int, bytes]]]

LARGEST_TEXT = 1 << 28  # bytes of one file of labels
LABELS = ("label", "labels", "class", "class_name", "category", "cls", "target", "y", "fine_label")
_FILES = ("file_name", "filename", "file")
_TABLES = ("metadata.csv", "metadata.jsonl")
MAPPING = "LOC_synset_mapping.txt"


def small_file(path: Path) -> bytes | None:
    """What a file of labels holds; None where it cannot be read or is far too large."""
    try:
        return path.read_bytes() if path.stat().st_size <= LARGEST_TEXT else None
    except OSError:
        return None


class OwnLabels(NamedTuple):
    """Where labels come from, and the class of each picture, in the order of the pictures, None where it has none.

    of: None where the data set says that it has no labels. files: the positions of those that hold the labels.
    """

    where: str
    of: Sequence[int | str | None] | None
    files: Sequence[int] = ()


def read_own_labels(
    names: Sequence[str], others: Sequence[int], pictures: Sequence[int], texts: Texts
) -> tuple[OwnLabels | None, list[str]]:
    """The labels of the pictures at these positions, and notes of label files that are of no use.

    others: the positions of the names that are no pictures'.

    Known are `dataset.json` (of StyleGAN's tool), `metadata.csv` and `metadata.jsonl` (of the Hugging Face hub), and
    `KEY.cls` or `KEY.json` beside `KEY.png` (of WebDataset).
    """
    notes: list[str] = []
    readers = {"dataset.json": _of_stylegan, "the metadata": _of_tables, "files .cls or .json": _of_webdataset}
    for what, read in readers.items():
        try:
            found = read(names, others, pictures, texts)
        except (ValueError, KeyError, TypeError, csv.Error, RecursionError) as error:
            notes.append(f"labels are not used: {what} cannot be read ({error})")
            continue
        if isinstance(found, OwnLabels):
            return found, notes
        if found:
            notes.append(found)
    return None, notes


def class_names(names: Sequence[str], others: Sequence[int], texts: Texts) -> dict[str, str]:
    """What ImageNet's `LOC_synset_mapping.txt` calls its classes, by the names of their folders: the first synonym.

    Where two classes have the same one, the folder's name is added.
    """
    places = named(names, others, MAPPING)
    lines = [line for _, text in texts(places[:1]) for line in text.decode("utf-8", "replace").splitlines()]
    pairs = [line.partition(" ")[::2] for line in lines if " " in line]
    first = {folder: words.partition(",")[0].strip() for folder, words in pairs}
    common = [*first.values()]
    return {folder: name if common.count(name) == 1 else f"{name} ({folder})" for folder, name in first.items() if name}


def named(names: Sequence[str], others: Sequence[int], *wanted: str) -> list[int]:
    """Where files called so are among the names, at some of these positions."""
    return [at for at in others if base(names[at]) in wanted]


def _of_stylegan(
    names: Sequence[str], others: Sequence[int], pictures: Sequence[int], texts: Texts
) -> OwnLabels | str | None:
    places = named(names, others, "dataset.json")
    place = min(places, key=lambda at: names[at].count("/"), default=None)
    content = None if place is None else next((text for _, text in texts([place])), None)
    if place is None or content is None:
        return None
    value = json.loads(content)
    if not isinstance(value, dict) or "labels" not in value:
        return None
    if value["labels"] is None:
        return OwnLabels("dataset.json", None, [place])
    pairs = value["labels"].items() if isinstance(value["labels"], dict) else value["labels"]
    of_name = Table(((_join(names[place], name), _class_of(label)) for name, label in pairs), keep="last")
    if None in of_name.values():
        return "labels in dataset.json are no classes (neither numbers nor one-hot), and are not used"
    return _matched("dataset.json", [place], names, pictures, of_name)


def _class_of(label: Any) -> int | str | None:
    """A label, where it is one of several; None where it is anything else. One-hot vectors are their places."""
    if isinstance(label, list):
        ones = [place for place, number in enumerate(label) if number]
        return ones[0] if len(ones) == 1 and len(label) > 1 else None
    if isinstance(label, float):
        return int(label) if label.is_integer() else None
    if isinstance(label, bool):
        return int(label)
    return label if isinstance(label, int | str) else None


def _of_tables(
    names: Sequence[str], others: Sequence[int], pictures: Sequence[int], texts: Texts
) -> OwnLabels | str | None:
    places = named(names, others, *_TABLES)
    where, files = "", list[int]()

    def labelled() -> Iterator[tuple[str, int | str]]:
        nonlocal where
        for place, content in texts(places):
            rows = _rows(content, names[place].endswith(".csv"))
            first = next(rows, {})
            columns = [column for column in first if column]  # None: of values beyond the last column
            file = next((column for column in _FILES if column in columns), None)
            label = next((column for column in columns if column.lower() in LABELS), None)
            if file is None or label is None:
                continue
            where = f"{base(names[place])}, column {label!r}"
            files.append(place)
            for row in chain([first], rows):
                value = _class_of(row.get(label))
                if isinstance(row.get(file), str) and value is not None and value != "":
                    yield _join(names[place], row[file]), value

    of_name = Table(labelled(), keep="last")
    if not len(of_name):
        return None
    if len(of_name) > 10 and 2 * len({*of_name.values()}) > len(of_name):
        return f"labels are not used: {where} is another one for nearly every picture"
    return _matched(where, files, names, pictures, of_name)


def _rows(content: bytes, is_csv: bool) -> Iterator[dict[str, Any]]:
    lines = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    if is_csv:
        head = lines.readline()
        lines.seek(0)
        yield from csv.DictReader(lines, delimiter=max(",;\t", key=head.count))
    else:
        yield from (row for line in lines if line.strip() and isinstance(row := json.loads(line), dict))


def _of_webdataset(
    names: Sequence[str], others: Sequence[int], pictures: Sequence[int], texts: Texts
) -> OwnLabels | str | None:
    beside = defaultdict[str, Positions](Positions)
    for at in others:
        suffix = _keyed(names[at])[2]
        if suffix in ("cls", "json"):
            beside[suffix].append(at)
    for suffix, places in beside.items():
        of_key = Table(((_keyed(names[at])[0], at) for at in places), keep="last")
        beside_each = Spooled(of_key.get(_keyed(names[at])[0]) for at in pictures)
        wanted = sort_spooled(place for place in beside_each if place is not None)
        first = next((place for place in beside_each if place is not None), None)
        if first is None or any(_sidecar(text, suffix) is None for _, text in texts([first])):
            continue
        found = ((place, _sidecar(text, suffix)) for place, text in texts(place for place, _ in groupby(wanted)))
        labels = Table(found, keep="last")
        of = Spooled(None if place is None else labels.get(place) for place in beside_each)
        return _enough(f"files .{suffix} beside the pictures", places, of)
    return None


def _keyed(name: str) -> tuple[str, str, str]:
    folder, slash, file = name.rpartition("/")
    key, dot, suffix = file.partition(".")
    return f"{folder}{slash}{key}", dot, suffix.lower()


def _sidecar(content: bytes, suffix: str) -> int | str | None:
    text = content.decode("utf-8", "replace").strip()
    if suffix == "cls":
        return _as_number(text) if text else None
    value = json.loads(text)
    held = [value[name] for name in LABELS if name in value] if isinstance(value, dict) else []
    return _class_of(held[0]) if held else None


def _matched(
    where: str, files: Sequence[int], names: Sequence[str], pictures: Sequence[int], of_name: Table[str, Any]
) -> OwnLabels | str:
    return _enough(where, files, Spooled(of_name.get("/".join(parts_of(names[at]))) for at in pictures))


def _enough(where: str, files: Sequence[int], of: Sequence[int | str | None]) -> OwnLabels | str:
    """Labels of most pictures; a note where they are of few. Texts that are all numbers become numbers."""
    labelled = sum(label is not None for label in of)
    if 2 * labelled < len(of) or not labelled:
        return f"labels are not used: {where} has one for {labelled:,} of {len(of):,} pictures"
    named = {label: _as_number(label) for label in of if label is not None}
    whole = all(isinstance(number, int) for number in named.values())
    called = named if whole else {label: str(label) for label in named}
    return OwnLabels(where, Spooled(None if label is None else called[label] for label in of), files)


def _as_number(label: int | str) -> int | str:
    try:
        return int(label)
    except ValueError:
        return label


def _join(beside: str, name: str) -> str:
    """The path of a file whose name is relative to the folder of the file `beside`."""
    parts = parts_of(name.replace("\\", "/"))
    return "/".join(parts if parts[:1] == ("/",) else (*parts_of(beside)[:-1], *parts))
