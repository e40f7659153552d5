"""What was understood of a source: its split, its classes and what was left out, in lines for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from honmono.data.packing.decode import SEVERAL_FRAMES
from honmono.data.packing.fates import files_of, number_of
from honmono.data.packing.one_picture import Request
from honmono.data.packing.sizes import spelled
from honmono.data.packing.survey import Survey
from honmono.data.sources.layout import split_note


_MOST_NAMED = 20
_DARK = 32  # of 255


def understood(record: Mapping[str, Any]) -> list[str]:
    """Lines on split, classes and what was left out, of a record that packing wrote."""
    shared = [entry["name"] for entry in record.get("in_other_splits", ())]
    number = record.get("in_other_splits_files", len(shared))
    doubled = (
        [f"warning: {number:,} pictures are in another split too, byte by byte: {some(shared, 5, number)}"]
        if shared
        else []
    )
    doubled += [*_cropping(record), *_frames(record), *_faint(record)]
    notes = [note for note in record["notes"] if not (record.get("splits") and split_note(note))]
    return [*_splits(record), f"classes {classes_of(record)}", *notes, *doubled]


def _cropping(record: Mapping[str, Any]) -> list[str]:
    """A line on what is cut off from pictures of the commonest size."""
    said = Survey.from_json(record["holds"]).cropping(record["size"], record["fit"], Request.max_size)
    return [said] if said else []


def _frames(record: Mapping[str, Any]) -> list[str]:
    """A line on files of which the first frame alone is taken."""
    number = number_of(record, "repaired", "what", SEVERAL_FRAMES)
    return (
        [f"{number:,} files hold several frames, of which the first is taken (data.frames=all takes each)"]
        if number
        else []
    )


def _faint(record: Mapping[str, Any]) -> list[str]:
    """Warnings of pictures that are nearly one colour, or black, after conversion."""
    count, blank = record["count"], record.get("blank", 0)
    lines = []
    if 2 * blank > count:
        lines.append(f"warning: {blank:,} of {count:,} pictures have nearly one colour after conversion")
    if record.get("lightest", 255) <= _DARK:
        lines.append(f"warning: all pictures are nearly black: their largest value is {record['lightest']} of 255")
    return lines


def summary(record: Mapping[str, Any]) -> list[str]:
    """The first lines of a training: its pictures, their size, and what was understood."""
    skipped = files_of(record, "skipped")
    left = f"; {skipped:,} files left out (`honmono data check` names them)" if skipped else ""
    shape = f"{record['channels']}x{spelled(record['size'])} (fit: {record['fit']})"
    return [f"data    {record['count']:,} pictures of {sizes_of(record, 3)}, as {shape}{left}", *understood(record)]


def sizes_of(record: Mapping[str, Any], most: int = 10) -> str:
    """The commonest sizes of the pictures as they are stored, with their numbers."""
    holds = record["holds"]
    commonest = holds["sizes"][:most]
    more = holds["distinct"] - len(commonest)
    sizes = ", ".join(f"{width}x{height} ({number:,})" for width, height, number in commonest)
    return f"{sizes}{f', and {more:,} other sizes' if more > 0 else ''}"


def classes_of(record: Mapping[str, Any]) -> str:
    """The number of classes, their names and pictures, and where they come from."""
    counts = record["class_counts"]
    if not counts:
        return "none"
    where = f"; from {record['classes_from']}" if record.get("classes_from") else ""
    return f"{len(counts):,}: {some([f'{name} ({number:,})' for name, number in counts.items()], _MOST_NAMED)}{where}"


def some(names: Sequence[str], most: int, number: int | None = None) -> str:
    """The first names, and how many more there are. number: of all, where not all are among the names."""
    number = len(names) if number is None else number
    more = f", and {number - most:,} more" if number > most else ""
    return ", ".join(names[:most]) + more


def _splits(record: Mapping[str, Any]) -> list[str]:
    splits, taken = record.get("splits"), record.get("split")
    if not splits:
        return []
    others = [f"{name} ({number:,})" for name, number in splits.items() if name != taken]
    left = f"; left out: {some(others, _MOST_NAMED)}, taken by @NAME at the end of the source" if others else ""
    return [f"split   {taken} ({splits[taken]:,} pictures){left}"]
