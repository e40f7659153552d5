"""Formats that are not read here: for each one line that says how to convert it."""

from collections.abc import Mapping

from honmono.data.sources.files import Files
from honmono.data.sources.names import base
from honmono.errors import Refused


# By the endings of names. {name} is the source as the user named it.
CONVERT: Mapping[str, tuple[tuple[str, ...], str]] = {
    "an LMDB data base": (
        (".mdb", ".lmdb"),
        "write its pictures as files, as LSUN's own `python data.py export {name} --out_dir PICTURES --flat` does, and "
        "give that folder",
    ),
    "TFRecords": (
        (".tfrecords", ".tfrecord"),
        "write its pictures as files, as `python dataset_tool.py unpack --tfrecord_dir={name} --output_dir=PICTURES` "
        "of StyleGAN2-ADA (TensorFlow) does, and give that folder",
    ),
    "HEIC": ((".heic", ".heif"), "convert them, as ImageMagick's `magick mogrify -format png *.heic` does"),
    "JPEG XL": ((".jxl",), "convert them, as libjxl's `djxl picture.jxl picture.png` does"),
    "DICOM": (
        (".dcm", ".dicom"),
        "convert them, as DCMTK's `dcmj2pnm --write-png +Wm image.dcm image.png` does (+Wm: the grey values in use)",
    ),
    "FITS": (
        (".fits", ".fit", ".fts", ".fits.gz"),
        "choose what is black and white and save one array (n, height, width): "
        "`numpy.save('pictures.npy', numpy.stack([astropy.io.fits.getdata(path)[::-1] for path in paths]))`",
    ),
    "a RAR or 7z archive": ((".rar", ".7z"), "unpack it, and give the folder"),
    "a NumPy or PyTorch pickle": (
        (".pkl", ".pkz", ".pickle", ".pt", ".pth"),
        "pickles may run code: where you trust it, load it and `numpy.savez('pictures.npz', images=..., labels=...)`",
    ),
}


def refuse_foreign(files: Files, name: str) -> None:
    """Raises `Refused` where the file that the user named, or all of a few files, are of one of these formats."""
    names = [files.only] if files.only is not None else list(files.names)
    for what, (endings, how) in CONVERT.items():
        if any(one.lower().endswith(endings) for one in names):
            raise Refused(f"{name} holds {what}, which honmono does not read: {how.format(name=name)}")
    kinds = {_kind(files.start(one)) for one in names[:3] if "." not in base(one)}
    if len(kinds) == 1 and (what := kinds.pop()):
        raise Refused(f"{name} holds {what}, which honmono does not read: {CONVERT[what][1].format(name=name)}")


def _kind(start: bytes) -> str | None:
    """The format of a file without an ending."""
    if start[128:132] == b"DICM":
        return "DICOM"
    return "FITS" if start.startswith(b"SIMPLE  =") else None
