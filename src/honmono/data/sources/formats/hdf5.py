"""HDF5, as BigGAN's tools (`ILSVRC128.hdf5`) and Galaxy10 keep pictures; read by h5py, an extra."""

import io
from collections.abc import Mapping
from typing import Any, final

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files, base
from honmono.data.sources.foreign_bytes import refusing
from honmono.data.sources.named_arrays import pairs, refuse_no_pictures, stored
from honmono.data.sources.reader import Part, Reader
from honmono.errors import Refused


_ENDINGS = (".h5", ".hdf5", ".hdf", ".he5")


@final
class Hdf5(Reader):
    """One file; the data sets at its top are told by their names, as in an `.npz`."""

    what = "HDF5"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By the names in it."""
        found = [name for name in files.names if name.lower().endswith(_ENDINGS) and name == (files.only or name)]
        if len(found) != 1:
            return {}
        with refusing(found[0], self.what):
            shapes = _shapes(opened(files.fetch(found)[found[0]]))
            splits = pairs(shapes)
        if not splits:
            raise refuse_no_pictures(found[0], shapes)
        return {split: Part((found[0],)) for split in splits}

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The pair of the split; pictures are read a block at a time."""
        (name,) = part.pictures
        arrays = opened(fetched[name])
        return stored(base(name), arrays, pairs(_shapes(arrays))[split])


def opened(held: Fetched) -> Mapping[str, Any]:
    """The data sets at the top of a file, which stays open as long as one of them is in use."""
    try:
        import h5py
    except ImportError as error:
        raise Refused("HDF5 is read by the library h5py: pip install 'honmono[hdf5]'") from error
    file = h5py.File(io.BytesIO(held) if isinstance(held, bytes) else held, "r")
    return {str(name): one for name, one in file.items() if isinstance(one, h5py.Dataset)}


def _shapes(arrays: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in arrays.items() if array.shape is not None}
