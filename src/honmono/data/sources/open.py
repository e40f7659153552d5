"""From the word after `--data` to the place that it means."""

import os
from itertools import islice
from pathlib import Path

from honmono.data.sources.archive import Archive, Tar, Zip
from honmono.data.sources.base import Classes, Source
from honmono.data.sources.digits import Digits
from honmono.data.sources.files import FilesOfArchive, FilesOfFolder
from honmono.data.sources.folder import Folder
from honmono.data.sources.formats.registry import PICTURES_IN, read_arrays
from honmono.data.sources.hub import Hub
from honmono.data.sources.idx import Idx, holds_idx
from honmono.data.sources.layout import hidden, names_a_picture
from honmono.data.sources.nested import unpacked
from honmono.data.sources.shards import Shards, shards_in, shards_of
from honmono.errors import Refused, did_you_mean


STACKED = "stacked-mnist"
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_ARCHIVES = (".zip", *_TARS)


def open_source(spec: str, classes: Classes = "auto") -> Source:
    """The source that `spec` names: `digits`, `hf:NAME`, or a path; `@SPLIT` at its end chooses a split.

    classes: how classes are read from a folder or an archive; other sources have one reading.

    Raises `Refused` where there is none, naming the nearest existing path.
    """
    source = _opened(spec, classes)
    if classes == "folders" and not isinstance(source, Folder | Archive):
        raise Refused(f"{spec} has no folders to take as classes: leave out --classes folders")
    return source


def _opened(spec: str, classes: Classes) -> Source:
    if spec == "digits":
        return Digits()
    _refuse_address(spec)
    if digits := digits_of(spec):
        raise Refused(f"{spec} is made from {digits} during training and has no pictures of its own: give {digits}")
    if spec.startswith("hf:"):
        return Hub(spec)
    if found := shards_of(spec):
        return Shards(*found, classes)
    path, split = _path_and_split(spec)
    name = spec.removesuffix(f"@{split}") if split else spec
    path = _only_archive(path) or path
    if together := shards_in(path, name, split, classes):
        return together
    if path.is_dir() and holds_idx(path):
        return Idx(path, name, split)
    if not path.is_dir() and (archive := _archive(path, name, split, classes)):
        if found := read_arrays(FilesOfArchive(archive), name, split):
            return found
        inner = unpacked(archive, _ARCHIVES)
        return (_archive(inner, name, split, classes) if inner else None) or archive
    if found := read_arrays(FilesOfFolder(path), name, split):
        return found
    if path.is_dir():
        return Folder(path, name, split, classes)
    if names_a_picture(path.name):
        raise Refused(
            f"{spec} is a single file of a picture: give the folder that it is in (--set data.frames=all takes all"
            " frames of animations and stacks)"
        )
    raise Refused(f"{spec} is none of the files that hold pictures: {PICTURES_IN}")


def _archive(path: Path, name: str, split: str | None, classes: Classes) -> Zip | Tar | None:
    lowered = path.name.lower()
    if lowered.endswith(".zip"):
        return Zip(path, name, split, classes)
    return Tar(path, name, split, classes) if lowered.endswith(_TARS) else None


def _only_archive(path: Path) -> Path | None:
    """The archive that is all a folder holds: some data sets are distributed like this."""
    if not path.is_dir():
        return None
    with os.scandir(path) as entries:
        inside = [entry.name for entry in islice((entry for entry in entries if not hidden(entry.name)), 2)]
    alone = len(inside) == 1 and inside[0].lower().endswith(_ARCHIVES) and (path / inside[0]).is_file()
    return path / inside[0] if alone else None


def digits_of(spec: str) -> str | None:
    """DIR of `stacked-mnist:DIR`, which any source of grey squares may be; None for what is not stacked."""
    word, _, digits = spec.partition(":")
    if word != STACKED:
        return None
    if not digits:
        raise Refused(f"{spec}: say where the digits are, as in {STACKED}:DIR with a directory of MNIST's IDX files")
    return digits


def _refuse_address(spec: str) -> None:
    """Raises `Refused` for a web address: nothing is downloaded but data sets that have a name."""
    scheme, is_address, place = spec.partition("://")
    if not is_address or not scheme.isalnum() or Path(spec).exists():
        return
    if scheme == "file":
        raise Refused(f"{spec} is an address of a file: give its path, /{place.lstrip('/')}")
    _, on_the_hub, name = place.rpartition("datasets/")
    if on_the_hub and (scheme == "hf" or place.startswith("huggingface.co/")):
        raise Refused(f"{spec} is the address of a data set of Hugging Face: give hf:{'/'.join(name.split('/')[:2])}")
    raise Refused(f"{spec} is a web address: download it, and give the path of the file or folder (or hf:NAME)")


def expanded(text: str) -> Path:
    """A path with `~` as the home directory; as it is where there is no such home, as in a shell."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _path_and_split(spec: str) -> tuple[Path, str | None]:
    path = expanded(spec)
    if path.exists():
        return path, None
    before, at, split = spec.rpartition("@")
    if at and before and expanded(before).exists():
        return expanded(before), split
    path = expanded(before) if at and before else path
    siblings = [sibling.name for sibling in path.parent.iterdir()] if path.parent.is_dir() else []
    nearest = did_you_mean(path.name, [*siblings, *(["digits"] if path.parent == Path() else [])])
    mend = nearest or f": give 'digits', 'hf:NAME', {PICTURES_IN}"
    raise Refused(f"there is no {path}{mend}")
