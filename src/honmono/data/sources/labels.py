"""What an array of labels says: the classes, and which of them each picture has."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from honmono.errors import Refused


class Labels(NamedTuple):
    """numbers: (n,) int64 places among `classes`, or None where the labels name no single class; notes say why."""

    numbers: np.ndarray | None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_labels(name: str, labels: Any, count: int, names: Sequence[str] | None = None) -> Labels:
    """Labels as people keep them: whole numbers in any type, one of them 1 in each row, or words.

    names: of the classes, where the set has them: of label 0, 1, 2, ..., or of 1, 2, 3, ... where no label is 0 and
        they are as many. Numbers without a picture are no classes. Raises `Refused` where they are not one for each
        picture.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.reshape(-1)
    if labels.ndim < 1 or len(labels) != count or labels.ndim > 2:
        raise Refused(f"{name}: labels must be {count:,}, one for each picture, and theirs is an array {labels.shape}")
    if labels.dtype.kind in "USTO":
        return _words(labels)
    if labels.dtype.kind not in "uifb" or not np.isfinite(labels).all() or (labels != np.rint(labels)).any():
        return Labels(None, notes=("no classes: the labels are neither whole numbers nor words",))
    if labels.ndim == 2:
        alone = np.isin(labels, (0, 1)).all() and (labels.sum(1) == 1).all()
        if not (alone and labels.any(0).all()):  # a column without a picture is one of several labels that are rare
            return Labels(None, notes=(f"no classes: each picture has {labels.shape[1]} labels of its own",))
        labels = labels.argmax(1)
    return _numbers(labels.astype(np.int64), names)


def _words(labels: np.ndarray) -> Labels:
    words = [label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label) for label in labels.tolist()]
    classes = tuple(sorted(set(words)))
    place = {word: number for number, word in enumerate(classes)}
    return Labels(np.array([place[word] for word in words], np.int64), classes)


def _numbers(labels: np.ndarray, names: Sequence[str] | None) -> Labels:
    present, numbers = np.unique(labels, return_inverse=True)
    if len(present) > max(1000, len(labels) // 2):
        return Labels(None, notes=(f"no classes: {len(present):,} different labels among {len(labels):,} pictures",))
    first = 1 if names and present[0] == 1 and present[-1] == len(names) else 0
    named = {first + place: name for place, name in enumerate(names or ())}
    classes = tuple(named.get(label, str(label)) for label in present.tolist())
    if len(set(classes)) < len(classes):
        classes = tuple(map(str, present.tolist()))
    return Labels(numbers.reshape(-1).astype(np.int64), classes)
