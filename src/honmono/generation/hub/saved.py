"""A model as a folder to publish: weights, configuration, card and pictures, under names that other libraries use."""

import re
from contextlib import suppress
from pathlib import Path

from honmono.errors import Refused
from honmono.files import as_utf8, atomic_directory, atomic_write_bytes, refuse_unwritable
from honmono.generation.exports.weights import write_files
from honmono.generation.exports.write import exported_of
from honmono.generation.hub.card import card
from honmono.generation.hub.facts import Facts, facts_of
from honmono.generation.hub.names import PREFIX, is_repository
from honmono.generation.load import TrainedRun, load
from honmono.generation.write import NUM, write_samples


CARD, PICTURE = "README.md", "samples.png"
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{1,63}")
_PIXELS = 2_048**2  # of the picture, at most, for samples of up to 1,024 by 1,024


def save_pretrained(trained: TrainedRun, folder: Path, *, license: str | None = None) -> Path:
    """Writes the files into a new folder, which is complete or absent, and returns it.

    license: of the model, for its card: an identifier of the hub such as "mit"; None: that of the data, if known.
    """
    if folder.exists():
        raise Refused(f"'{folder}' exists: give a new folder")
    refuse_unwritable(folder.parent, "give another folder")
    write_model(trained, folder, folder.name, facts_of(trained), license)
    return folder


def from_pretrained(name: str | Path, *, revision: str | None = None, device: str = "auto") -> TrainedRun:
    """The model in a folder, or, where there is no such folder, of that name on the Hugging Face hub.

    name: a folder that `save_pretrained` or `export` wrote, a run, or OWNER/NAME.
    revision: of a model on the hub: a branch, a tag or a commit; None: the newest.
    """
    text = str(name)
    if not Path(text).exists() and is_repository(text):
        text = PREFIX + text
    if revision is not None:
        if not text.startswith(PREFIX):
            raise Refused(f"revision='{revision}': the folder '{text}' has none: omit it")
        text = f"{text}@{revision}"
    return load(text, device=device)


def write_model(trained: TrainedRun, folder: Path, name: str, facts: Facts, license: str | None) -> None:
    """Writes the files into a new folder. name: of the model, for its card."""
    check_license(license)
    with atomic_directory(folder) as temporary:
        write_files(exported_of(trained), temporary)
        picture = _write_picture(trained, temporary)
        text = card(trained, facts, name, license, picture and picture.name)
        atomic_write_bytes(temporary / CARD, as_utf8(text))


def check_license(license: str | None) -> None:
    """Raises `Refused` for what cannot be an identifier of a license on the hub."""
    if license is not None and not _LICENSE.fullmatch(license):
        raise Refused(f"--license '{license}': give an identifier of the hub, as mit, cc-by-4.0, cc-by-nc-4.0 or other")


def _write_picture(trained: TrainedRun, folder: Path) -> Path | None:
    """Samples of seed 0; None for points whose data, which their picture shows too, are not here."""
    shape = trained.model.data_spec.sample_shape
    num = min(NUM, max(4, _PIXELS // (shape[-1] * shape[-2]))) if len(shape) == 3 else None
    with suppress(*((Refused, OSError) if num is None else ())):
        return write_samples(trained, num, folder / PICTURE)
    return None
