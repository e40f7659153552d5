"""The readers of array formats, in the order in which they are tried."""

from honmono.data.sources.base import Source
from honmono.data.sources.files import Files
from honmono.data.sources.formats.cifar import CifarPickles, CifarRecords
from honmono.data.sources.formats.foreign import refuse_foreign
from honmono.data.sources.formats.hdf5 import Hdf5
from honmono.data.sources.formats.idx_sets import IdxSets
from honmono.data.sources.formats.matlab import Mat
from honmono.data.sources.formats.numpy_files import Npy, Npz
from honmono.data.sources.formats.pixel_tables import PixelTables
from honmono.data.sources.formats.pixel_texts import PixelTexts
from honmono.data.sources.formats.stl10 import Stl10
from honmono.data.sources.formats.tables import open_tables
from honmono.data.sources.reader import ReadArrays, Reader, recognised


READERS: tuple[Reader, ...] = (
    *(IdxSets(), CifarPickles(), CifarRecords(), Stl10(), Mat(), Hdf5(), Npz(), Npy(), PixelTexts(), PixelTables()),
)
PICTURES_IN = "a folder, .zip, .tar(.gz), .npy, .npz, .csv, .mat, .h5, .parquet or IDX file"


def read_arrays(files: Files, name: str, split: str | None) -> Source | None:
    """The source of the first reader that knows these files; None where none does.

    Raises `Refused` where they are of a format that is known and not read.
    """
    for reader in READERS:
        if parts := recognised(reader, files):
            return ReadArrays(reader, parts, files, name, split)
    if found := open_tables(files, name, split):
        return found
    refuse_foreign(files, name)
    return None
