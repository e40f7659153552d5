"""IDX wherever MNIST's successors keep it: one folder down, under other names, in archives, and single files.

Source of the format: honmono.data.sources.idx. EMNIST's pictures are stored transposed (Cohen et al., 2017,
arXiv:1702.05373); QMNIST's labels are rows of eight numbers, the class first (Yadav and Bottou, 2019,
arXiv:1905.10498).
"""

import bz2
import gzip
import lzma
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import final

import numpy as np

from honmono.data.sources.arrays import Stored, numbered_classes
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.labels import Labels, read_labels
from honmono.data.sources.names import base, parts_of
from honmono.data.sources.reader import Part, Reader


_NAME = re.compile(
    r"(?P<set>.*?)[-_]?(?P<split>train|t10k|test|validation|)[-_.](?P<what>images|labels)"
    r"[-.]idx(?P<dimensions>[1-4])[-.](ubyte|int)(?P<ending>\.gz|\.xz|\.bz2|)",
    re.IGNORECASE,
)
_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_START = re.compile(rb"\0\0[\x08\x09\x0b-\x0e][\x02-\x04]")
_PACKED = {b"\x1f\x8b": gzip.decompress, b"\xfd7": lzma.decompress, b"BZ": bz2.decompress}


@final
class IdxSets(Reader):
    """Pairs of `[SET-]train-images-idx3-ubyte[.gz]` and `...-labels-idx1-ubyte`, anywhere below."""

    what = "IDX"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By the names of the files; where there are several sets, SET-SPLIT."""
        named = {name: match for name in files.names if (match := _NAME.fullmatch(base(name)))}
        apart = _several_folders(named)
        found: dict[tuple[str, str, str], dict[str, str]] = {}
        for name in sorted(named, key=lambda name: (name.endswith((".gz", ".xz", ".bz2")), name)):
            match = named[name]
            pair = found.setdefault((_folder(name) if apart else "", *_set_and_split(match)), {})
            what = match["what"].lower()
            pair[what] = name if name == files.only else pair.get(what, name)  # not the packed copy beside it
        found = {key: pair for key, pair in found.items() if "images" in pair}
        several = len({which for _, which, _ in found}) > 1
        parts = {
            "-".join(filter(None, (folder, which if several else "", split))): Part(
                (pair["images"],), tuple(pair[what] for what in ("labels",) if what in pair) + _mapping(files, which)
            )
            for (folder, which, split), pair in found.items()
        }
        if not parts and files.only and _START.match(files.start(files.only)):
            return {"": Part((files.only,))}
        return parts

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The pictures, EMNIST's turned upright, and the labels."""
        (name,) = part.pictures
        images = read_idx(fetched[name])
        match = _NAME.fullmatch(base(name))
        which = match["set"].lower() if match else ""
        emnist = "emnist" in which
        if images.ndim != 3:
            raise ValueError(f"an array of shape {images.shape}, and pictures are (n, height, width)")
        images = images.transpose(0, 2, 1) if emnist else images
        notes = ("EMNIST stores its pictures transposed: turned upright",) if emnist else ()
        if not part.beside or not _NAME.fullmatch(base(part.beside[0])):
            return Stored(images, notes=notes)
        labels = read_idx(fetched[part.beside[0]])
        labels = labels[:, 0] if labels.ndim == 2 else labels
        mapping = next((fetched[one] for one in part.beside if one.endswith(".txt")), None)
        plain = read_labels(base(name), labels, len(images))
        found = _named(plain, which, mapping)
        if found is plain and plain.numbers is not None and labels.min() >= 0:  # as of a folder of MNIST's files
            note = letters_in_place_of_digits(labels)
            found = Labels(labels.astype(np.int64), numbered_classes(labels), (note,) if note else ())
        return Stored(images, found.numbers, found.classes, notes=(*notes, *found.notes))


def _set_and_split(match: re.Match[str]) -> tuple[str, str]:
    return match["set"].lower(), match["split"].lower().replace("t10k", "test")


def _folder(name: str) -> str:
    """Where a file is, without torchvision's `raw` and the folders that Kaggle calls like files."""
    return "-".join(part for part in parts_of(name)[:-1] if part != "raw" and not _NAME.fullmatch(part)).lower()


def _several_folders(named: Mapping[str, re.Match[str]]) -> bool:
    """Whether the same split of the same set is in several folders: sets that share their names, as MNIST's kin."""
    images = [
        (_set_and_split(match), _folder(name)) for name, match in named.items() if match["what"].lower() == "images"
    ]
    return len({*images}) > len({which for which, _ in images})


def read_idx(held: Fetched) -> np.ndarray:
    """The array in an IDX file, packed or not, of whatever type; raises `ValueError` where it is none or cut short."""
    data = held.read_bytes() if isinstance(held, Path) else held
    unpack = _PACKED.get(data[:2])
    data = unpack(data) if unpack else data
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise ValueError("it does not begin as IDX does")
    shape = struct.unpack_from(f">{data[3]}I", data, 4)
    array = np.frombuffer(data, _TYPES[data[2]], offset=4 + 4 * data[3])
    if array.size != np.prod(shape, dtype=object) or not array.size:
        raise ValueError(f"it says {' x '.join(map(str, shape))} and holds {array.size:,} numbers: download it again")
    return array.reshape(shape)


def letters_in_place_of_digits(labels: np.ndarray) -> str | None:
    """A note where labels are 1 to 26: EMNIST's letters under MNIST's names, whose pictures lie on their side."""
    if int(labels.min()) == 1 and int(labels.max()) == 26:
        return (
            "labels are 1 to 26, as those of EMNIST's letters, whose pictures are stored transposed: give the files "
            "their own names (emnist-letters-train-images-idx3-ubyte) and they are turned upright"
        )
    return None


def _mapping(files: Files, which: str) -> tuple[str, ...]:
    return tuple(name for name in files.names if which and base(name).lower() == f"{which}-mapping.txt")


def _named(labels: Labels, which: str, mapping: Fetched | None) -> Labels:
    """With characters as names where EMNIST's own file says which, or its letters a to z."""
    if mapping is not None:
        text = (mapping.read_bytes() if isinstance(mapping, Path) else mapping).decode()
        codes = {number: characters for number, *characters in (line.split() for line in text.splitlines() if line)}
        names = ["".join(chr(int(code)) for code in codes.get(one, [])) or one for one in labels.classes]
    elif "letters" in which and all(one.isdecimal() and 1 <= int(one) <= 26 for one in labels.classes):
        names = [chr(ord("a") + int(one) - 1) for one in labels.classes]
    else:
        return labels
    return labels._replace(classes=tuple(names)) if len(set(names)) == len(names) else labels
