"""HDF5, as BigGAN's tools (`ILSVRC128.hdf5`) and Galaxy10 keep pictures; read by h5py, an extra."""

import io
from collections.abc import Mapping
from typing import Any, final

from honmono.data.sources.arrays import Stored
from honmono.data.sources.files import Fetched, Files
from honmono.data.sources.named_arrays import pair_of, parts_of_files, stored
from honmono.data.sources.names import base
from honmono.data.sources.reader import Part, Reader
from honmono.errors import Refused


_ENDINGS = (".h5", ".hdf5", ".hdf", ".he5")


@final
class Hdf5(Reader):
    """One file, or one for each split; the names of its top-level data sets say what they are, as in an `.npz`."""

    what = "HDF5"

    def parts(self, files: Files) -> Mapping[str, Part]:
        """By the names in it."""
        return parts_of_files(files, self.what, _ENDINGS, lambda held: _shapes(opened(held)))

    def load(self, fetched: Mapping[str, Fetched], part: Part, split: str) -> Stored:
        """The pair of the split; pictures are read a block at a time."""
        (name,) = part.pictures
        arrays = opened(fetched[name])
        return stored(base(name), arrays, pair_of(base(name), _shapes(arrays), split))


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
