"""Data sets of the Hugging Face hub, and local ones in its formats, through the `datasets` library."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from honmono.data.sources.base import Content, Listing, Source, Unreadable
from honmono.data.sources.fingerprint import fingerprint
from honmono.data.sources.items import Items
from honmono.data.sources.layout import took
from honmono.data.sources.overlap import other_splits, shared_contents
from honmono.data.sources.own_labels import LABELS
from honmono.data.sources.shelves import why_shelves
from honmono.errors import Refused
from honmono.files import readable


LOCAL = ("imagefolder", "parquet", "arrow", "webdataset")
_JSON = "json"  # a column of what lies in KEY.json beside KEY.png
_ROWS_AT_ONCE = 64


@final
class Hub(Source):
    """`hf:NAME[:CONFIG][@SPLIT]`, or `hf:imagefolder:DIR`, `hf:parquet:FILE`, ... for a local one.

    The pictures are its first column of pictures, the classes its column `label`, else its first column of classes.

    tables: the parquet files of each split, or the folder that `save_to_disk` made, where spec is a path; then `split`
        is taken, and no "@" of the path is read as one.
    """

    def __init__(
        self, spec: str, tables: Mapping[str, Sequence[Path]] | Path | None = None, split: str | None = None
    ) -> None:
        self._tables = tables
        self._taken, self._splits = "", dict[str, Any]()
        if tables is not None:
            self.name, self.split, self._path, self._config = spec, split, "", ""
            return
        body, at, named = spec.removeprefix("hf:").rpartition("@")
        self.name = spec.removesuffix(f"@{named}") if at else spec
        self.split = named if at else None
        self._path, _, self._config = (body if at else named).partition(":")
        if self._path in LOCAL and not Path(self._config).exists():
            raise Refused(f"{self.name}: there is no {self._config or 'path'}: write hf:{self._path}:PATH")

    def fingerprint(self) -> str:
        """The hash of the pictures, their labels and the classes' names."""
        dataset, column, _ = self._opened
        stamped = {file["filename"]: Path(file["filename"]) for file in dataset.cache_files}
        pictures = dataset.select_columns([column])
        first = next(_cells(pictures), None)
        if first and not first["bytes"]:  # a table of paths: the pictures are files of their own
            stamped |= {cell["path"]: Path(cell["path"]) for cell in _cells(pictures) if cell and cell["path"]}

        def contents() -> Iterator[tuple[str, Content]]:
            listing = self.listing()
            yield "classes", repr(listing.classes).encode()
            for index, content in self.contents(len(listing.items)):
                label = listing.items[index].label
                yield f"{index}/{label}", b"" if isinstance(content, Unreadable) else content

        return fingerprint(stamped, contents, len(dataset))

    def listing(self) -> Listing:
        """The pictures by number."""
        return self._listing

    def contents(self, count: int) -> Iterator[tuple[int, Content]]:
        """The pictures in order, encoded as the data set holds them."""
        dataset, column, _ = self._opened
        yield from enumerate(_pictures(dataset.select_columns([column]).select(range(count))))

    def in_other_splits(self) -> Sequence[tuple[str, str]]:
        """Compares the encoded pictures."""
        dataset, column, _ = self._opened
        elsewhere = (
            (f"{split}/{index}", content)
            for split in other_splits(self._taken, self._splits)
            for index, content in enumerate(_pictures(_encoded(self._splits[split], column).select_columns([column])))
        )
        return shared_contents(((str(index), content) for index, content in self.contents(len(dataset))), elsewhere)

    @cached_property
    def _listing(self) -> Listing:
        dataset, column, label = self._opened
        notes = (f"pictures are its column {column!r}, classes {label!r}" if label else f"pictures are {column!r}",)
        notes = (took(self._taken, self._splits), *notes) if len(self._splits) > 1 else notes
        numbers = map(str, range(len(dataset)))
        if label is None and self._path == "imagefolder" and (folders := _folders(dataset, column)):
            labels, classes = _by_word(folders)
            return Listing(Items.of(numbers, labels), classes, (), notes, "subfolders")
        if label is None:
            return Listing(Items.of(numbers, None), notes=notes)
        labels, classes = _classes(dataset, label)
        if not labels.size or labels.min() < 0:
            notes = (*notes, f"no classes: some pictures have no {label!r}")
            return Listing(Items.of(numbers, None), notes=notes)
        return Listing(Items.of(numbers, labels), classes, (), notes, f"its column {label!r}")

    @cached_property
    def _opened(self) -> tuple[Any, str, str | None]:
        """The data set with its pictures left encoded, and the names of the columns of pictures and labels."""
        try:
            import datasets
        except ImportError as error:
            raise Refused(f"{self.name} needs the datasets library: pip install 'honmono[hf]'") from error
        dataset = self._chosen(self._loaded(datasets))
        features = dataset.features
        encoded = [name for name, kind in features.items() if isinstance(kind, datasets.Image) or _holds_bytes(kind)]
        if not encoded:
            raise Refused(f"{self.name} has no column of pictures among {', '.join(features)}: take another data set")
        named = [name for name, kind in features.items() if isinstance(kind, datasets.ClassLabel)]
        choices = [name for name in LABELS if name in named] + named + _plain_labels(features)
        return _encoded(dataset, encoded[0]), encoded[0], choices[0] if choices else None

    def _loaded(self, datasets: Any) -> Any:
        path = self._config
        try:
            if isinstance(self._tables, Path):
                saved = datasets.load_from_disk(str(self._tables))
                return saved if isinstance(saved, dict) else {"train": saved}
            if self._tables is not None:
                files = {split: [str(path) for path in paths] for split, paths in self._tables.items()}
                return datasets.load_dataset("parquet", data_files=files)
            if self._path == "imagefolder":
                return datasets.load_dataset("imagefolder", data_dir=path)
            if self._path in LOCAL:
                return datasets.load_dataset(self._path, data_files=path)
            return datasets.load_dataset(self._path, path or None)
        except Exception as error:  # of a dozen kinds: no network, no such name, a config to choose, a damaged file
            reason = " ".join(str(error).split())[:300]
            raise Refused(f"{self.name} cannot be loaded: {reason}") from error

    def _chosen(self, splits: Any) -> Any:
        wanted = self.split or ("train" if "train" in splits else next(iter(splits)))
        if wanted not in splits:
            choices = ", ".join(f"'{self.name}@{split}'" for split in splits)
            raise Refused(f"{self.name} has no split {wanted!r}: give {choices}")
        self._taken, self._splits = wanted, dict(splits)
        return splits[wanted]


def _folders(dataset: Any, column: str) -> list[str]:
    """The folder of each picture, where these are classes: with metadata the library leaves them out. Else []."""
    cells = [cell["path"] if cell else None for cell in _cells(dataset.select_columns([column]))]
    paths = [Path(path) for path in cells if path]
    if len(paths) < len(cells):
        return []
    below: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for path in paths:
        below[path.parent.name].append((path.name,))
    return [path.parent.name for path in paths] if len(below) > 1 and not why_shelves(below) else []


def _plain_labels(features: Any) -> list[str]:
    """Columns of labels without a list of names: whole numbers, else words, also in a WebDataset's `json`."""
    flat = dict(features) | {f"{_JSON}.{name}": kind for name, kind in _fields(features.get(_JSON)).items()}
    names = [*LABELS, *(f"{_JSON}.{name}" for name in LABELS)]
    kinds = {name: str(getattr(flat[name], "dtype", "")) for name in names if name in flat}
    whole = [name for name, kind in kinds.items() if kind.startswith(("int", "uint"))]
    return whole + [name for name, kind in kinds.items() if kind in ("string", "large_string")]


def _fields(kind: Any) -> dict[str, Any]:
    return dict(kind) if isinstance(kind, dict) else {}


def _classes(dataset: Any, column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The class index of each row, -1 where it has none, and the classes' names."""
    outer, _, inner = column.partition(".") if column.startswith(f"{_JSON}.") else (column, "", "")
    values = [value.get(inner) if inner and value else value for value in dataset[outer]]
    if any(isinstance(value, str) for value in values):
        return _by_word(values)
    labels = np.array([-1 if value is None else value for value in values], dtype=np.int64)
    names = getattr(dataset.features.get(column), "names", None)
    return labels, tuple(names) if names else tuple(str(value) for value in range(int(labels.max(initial=-1)) + 1))


def _by_word(words: Sequence[str | None]) -> tuple[np.ndarray, tuple[str, ...]]:
    classes = sorted({word for word in words if word is not None})
    index = {word: place for place, word in enumerate(classes)}
    return np.array([index.get(word or "", -1) for word in words], dtype=np.int64), tuple(map(readable, classes))


def _holds_bytes(kind: Any) -> bool:
    """Whether a column holds encoded files without saying that they are pictures, as plain parquet does."""
    if isinstance(kind, dict):
        return set(kind) == {"bytes", "path"}
    return getattr(kind, "dtype", None) in ("binary", "large_binary")


def _encoded(dataset: Any, column: str) -> Any:
    """A split whose pictures are left as they are stored."""
    from datasets import Image

    return dataset.cast_column(column, Image(decode=False))


def _pictures(dataset: Any) -> Iterator[Content]:
    for cell in _cells(dataset):
        if cell and cell["bytes"]:
            yield cell["bytes"]
        else:
            yield cell["path"] if cell and cell["path"] else Unreadable("an empty cell")


def _cells(dataset: Any) -> Iterator[dict[str, Any] | None]:
    for batch in dataset.iter(batch_size=_ROWS_AT_ONCE):
        (cells,) = batch.values()
        yield from cells
