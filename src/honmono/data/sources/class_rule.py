"""Which classes the pictures of a folder or archive have, and what says so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from honmono.data.sources.base import Classes
from honmono.data.sources.companions import names_pictures
from honmono.data.sources.descent import Descent
from honmono.data.sources.items import Positions
from honmono.data.sources.own_labels import MAPPING, OwnLabels, Texts, class_names, named, read_own_labels
from honmono.data.sources.shelves import why_shelves
from honmono.errors import Refused


_NAMED = 3  # folders in a line


@dataclass(frozen=True)
class Labelled:
    """The classes' names, the positions of the pictures of each, where they come from, and notes.

    held: in rising order. unlabelled: the positions of the pictures of no class, where there are classes.
    plain: whether the classes are the top folders or there are no folders. files: the positions of files that say so.
    """

    classes: tuple[str, ...]
    held: Sequence[Positions] = ()
    unlabelled: Sequence[int] = ()
    where: str = ""
    notes: tuple[str, ...] = ()
    plain: bool = True
    files: Sequence[int] = ()


def labelled(
    source: str, names: Sequence[str], others: Sequence[int], way: Descent, classes: Classes, texts: Texts
) -> Labelled:
    """The data set's own labels; failing these its folders, where they are classes; failing these none.

    others: the positions of the names that are no pictures'.
    classes: "folders", "labels" or "none" takes only that one; raises `Refused` where the data set does not have it.
    """
    folders = way.folders(names)
    if classes == "folders":
        return _of_folders(names, others, way, folders, texts) if folders else _refuse_folders(source)
    if classes == "none":
        return Labelled((), plain=len(folders) < 2)
    own, notes = read_own_labels(names, others, way.taken(), texts)
    if own and own.of:
        more = " (--classes folders takes the folders)" if len(folders) > 1 else ""
        more_notes = [f"classes are the labels in {own.where}{more}"] if more else []
        return _of_labels(own, way.taken(), [*notes, *more_notes])
    if classes == "labels":
        said = f" ({notes[0]})" if notes else ""
        raise Refused(
            f"{source} has no labels of its own{said}: known are dataset.json, metadata.csv or .jsonl with a column"
            " 'label', and .cls or .json files beside the pictures; --classes folders takes its folders"
        )
    if way.rooted():
        if folders:
            notes.append("no classes: pictures lie beside the subfolders as well as in them")
        return Labelled((), notes=tuple(notes))
    if len(folders) < 2:
        return Labelled((), notes=tuple(notes))
    called = _called(names, others, folders, texts)
    if not called and (why := _why_not(own, folders)):
        which = ", ".join([*folders][:_NAMED]) + (
            f" and {len(folders) - _NAMED:,} more" if len(folders) > _NAMED else ""
        )
        notes.append(f"no classes: {why} ({which}); --classes folders takes each folder as a class")
        return Labelled((), notes=tuple(notes), plain=False, files=own.files if own else ())
    return _of_folders(names, others, way, folders, texts, notes)


def _refuse_folders(source: str) -> Labelled:
    raise Refused(f"{source} has no folders to take as classes: leave out --classes folders")


def _why_not(own: OwnLabels | None, folders: Mapping[str, Collection[tuple[str, ...]]]) -> str | None:
    if own is not None:
        return f"{own.where} says that there are no labels"
    if all(map(names_pictures, folders)):
        return "the names of its folders say no more than that there are pictures in them"
    why = why_shelves(folders)
    return why and f"its folders look like parts of one set, since {why}"


def _called(names: Sequence[str], others: Sequence[int], folders: Iterable[str], texts: Texts) -> dict[str, str]:
    """Names for the folders, where the data set has one for each; else {}."""
    called = class_names(names, others, texts)
    return called if called.keys() >= {*folders} else {}


def _of_folders(
    names: Sequence[str],
    others: Sequence[int],
    way: Descent,
    held: Iterable[str],
    texts: Texts,
    notes: Sequence[str] = (),
) -> Labelled:
    folders = sorted(held)
    below = defaultdict[str, list[Positions]](list)
    for folder, at in way.pictures.items():
        if folder:
            below[folder[0]].append(at)
    called = _called(names, others, folders, texts)
    where = f"subfolders, named by {MAPPING}" if called else "subfolders"
    files = named(names, others, MAPPING)[:1] if called else ()
    return Labelled(
        tuple(called.get(name, name) for name in folders),
        [Positions.together(below[name]) for name in folders],
        Positions.together([way.pictures.get((), Positions())]),
        where,
        tuple(notes),
        not called,
        files,
    )


def _of_labels(own: OwnLabels, taken: Positions, notes: Sequence[str]) -> Labelled:
    assert own.of is not None
    known = {label for label in own.of if label is not None}
    values = sorted(known, key=lambda label: (isinstance(label, str), label))
    held = {label: Positions() for label in (*values, None)}
    for at, label in zip(taken, own.of, strict=True):
        held[label].append(at)
    unlabelled = held.pop(None)
    classes = tuple(map(str, values))
    return Labelled(classes, [*held.values()], unlabelled, own.where, tuple(notes), plain=False, files=own.files)
