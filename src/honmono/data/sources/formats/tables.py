"""Tables of the `datasets` library by their path: `.parquet` files, and the folders that `save_to_disk` makes."""

from honmono.data.sources.files import Files, FilesOfFolder
from honmono.data.sources.hub import Hub
from honmono.data.sources.named_arrays import split_of, split_words
from honmono.data.sources.names import base
from honmono.errors import Refused


def open_tables(files: Files, name: str, split: str | None) -> Hub | None:
    """The tables of a file or folder; None where there are none. Raises `Refused` for those in an archive."""
    names = [files.only] if files.only is not None else list(files.names)
    tables = [one for one in names if one.lower().endswith(".parquet")]
    saved = files.only is None and {"dataset_info.json", "dataset_dict.json"} & set(files.names)
    if not tables and not saved:
        return None
    if not isinstance(files, FilesOfFolder):
        raise Refused(f"{name} holds tables of the datasets library in an archive: unpack it, and give the folder")
    if saved:
        return Hub(name, files.root, split)
    splits: dict[str, list[str]] = {}
    for one in tables:
        splits.setdefault(split_of(split_words(one if len(tables) > 1 else base(one))) or "train", []).append(one)
    return Hub(name, {known: [files.root / one for one in found] for known, found in splits.items()}, split)
