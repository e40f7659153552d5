"""Data sets of the Hugging Face hub, and local ones in its formats, through the `datasets` library."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np

from honmono.data.sources.base import Content, Item, Listing, Source, Unreadable
from honmono.data.sources.fingerprint import fingerprint
from honmono.errors import Refused


_LOCAL = ("imagefolder", "parquet", "arrow", "webdataset")
_LABEL_NAMES = ("label", "labels", "class", "target", "y", "fine_label")
_ROWS_AT_ONCE = 64


@final
class Hub(Source):
    """`hf:NAME[:CONFIG][@SPLIT]`, or `hf:imagefolder:DIR`, `hf:parquet:FILE`, ... for a local one.

    The pictures are its first column of pictures, the classes its column `label`, else its first column of classes.

    tables: the parquet files of each split where spec is a path, or the one folder that `save_to_disk` made.
    """

    def __init__(self, spec: str, tables: Mapping[str, Sequence[Path]] | Path | None = None) -> None:
        self._tables = tables
        body, at, split = spec.removeprefix("hf:").rpartition("@")
        self.name = spec.removesuffix(f"@{split}") if at else spec
        self.split = split if at else None
        self._path, _, self._config = (body if at else split).partition(":")
        if self._path in _LOCAL and not Path(self._config).exists():
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
        for index, cell in enumerate(_cells(dataset.select_columns([column]).select(range(count)))):
            if cell and cell["bytes"]:
                yield index, cell["bytes"]
            else:
                yield index, Path(cell["path"]) if cell and cell["path"] else Unreadable("an empty cell")

    @cached_property
    def _listing(self) -> Listing:
        dataset, column, label = self._opened
        notes = (f"pictures are its column {column!r}, classes {label!r}" if label else f"pictures are {column!r}",)
        if label is None:
            return Listing(tuple(Item(str(index), None) for index in range(len(dataset))), notes=notes)
        labels = np.array([-1 if value is None else value for value in dataset[label]], dtype=np.int64)
        names = getattr(dataset.features[label], "names", None)
        if not labels.size or labels.min() < 0:
            notes = (*notes, f"no classes: some pictures have no {label!r}")
            return Listing(tuple(Item(str(index), None) for index in range(len(dataset))), notes=notes)
        classes = tuple(names) if names else tuple(str(value) for value in range(int(labels.max()) + 1))
        return Listing(
            tuple(Item(str(index), label) for index, label in enumerate(labels.tolist())), classes, (), notes
        )

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
        whole = [
            name for name in _LABEL_NAMES if str(getattr(features.get(name), "dtype", "")).startswith(("int", "uint"))
        ]
        choices = [name for name in _LABEL_NAMES if name in named] + named + whole
        pictures = dataset.cast_column(encoded[0], datasets.Image(decode=False))
        return pictures, encoded[0], choices[0] if choices else None

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
            if self._path in _LOCAL:
                return datasets.load_dataset(self._path, data_files=path)
            return datasets.load_dataset(self._path, path or None)
        except Exception as error:  # of a dozen kinds: no network, no such name, a config to choose, a damaged file
            reason = " ".join(str(error).split())[:300]
            raise Refused(f"{self.name} cannot be loaded: {reason}") from error

    def _chosen(self, splits: Any) -> Any:
        wanted = self.split or ("train" if "train" in splits else next(iter(splits)))
        if wanted not in splits:
            choices = ", ".join(f"'{self.name}@{split}'" for split in splits)
            raise Refused(f"{self.name} has no split {wanted!r}: ask for {choices}")
        return splits[wanted]


def _holds_bytes(kind: Any) -> bool:
    """Whether a column holds encoded files without saying that they are pictures, as plain parquet does."""
    if isinstance(kind, dict):
        return set(kind) == {"bytes", "path"}
    return getattr(kind, "dtype", None) in ("binary", "large_binary")


def _cells(dataset: Any) -> Iterator[dict[str, Any] | None]:
    for batch in dataset.iter(batch_size=_ROWS_AT_ONCE):
        (cells,) = batch.values()
        yield from cells
