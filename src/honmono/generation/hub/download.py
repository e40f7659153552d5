"""The two files of a model on the Hugging Face hub, of one commit, in the cache of its library."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from honmono.errors import Failed, Refused
from honmono.generation.exports.weights import CONFIG, WEIGHTS
from honmono.generation.hub.names import HubName


LONGEST_CONFIG = 2**24  # bytes; those of honmono's recipes have some thousands
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def hub_library() -> Any:
    """The package huggingface_hub. Raises `Refused` where it is not installed."""
    try:
        import huggingface_hub.constants  # parts that the package does not import by itself
        import huggingface_hub.utils
    except ImportError as error:
        raise Refused("the hub needs the package huggingface_hub: pip install 'honmono[hf]'") from error
    return huggingface_hub


def download(name: HubName) -> tuple[Path, HubName]:
    """The folder of the two files, and the name with the commit that they are from. Gets nothing else.

    What the cache has already is not fetched again. Raises `Refused` or `Failed` where they cannot be had.
    """
    config = _file(name, CONFIG)
    commit = config.parent.name
    if not _COMMIT.fullmatch(commit):
        raise Failed(f"{name}: the hub named no commit of these files, so they are not used")
    if (size := config.stat().st_size) > LONGEST_CONFIG:
        raise Refused(f"{name}: its {CONFIG} has {size:,} bytes, and honmono writes none of more than a few thousand")
    pinned = replace(name, revision=commit)
    weights = _file(pinned, WEIGHTS)  # of the same commit, even if the branch has moved since
    if weights.parent != config.parent:
        raise Failed(f"{name}: the hub sent files of two commits: try again")
    return config.parent, pinned


def _file(name: HubName, file: str) -> Path:
    library = hub_library()
    try:
        return Path(library.hf_hub_download(name.repository, file, revision=name.revision))
    except Exception as error:  # the library raises errors of several families, for each of its versions others
        raise _explained(name, file, error, library) from error


def _explained(name: HubName, file: str, error: Exception, library: Any) -> Exception:
    errors = library.utils
    if isinstance(error, errors.GatedRepoError):
        return Refused(f"{name}: its owner gives access on request: ask for it on its page, then run `hf auth login`")
    if isinstance(error, errors.RepositoryNotFoundError):
        return Refused(f"{name}: the hub has no such model, or it is private: run `hf auth login`, or set HF_TOKEN")
    if isinstance(error, errors.RevisionNotFoundError):
        return Refused(f"{name}: the model has no revision '{name.revision}': omit @{name.revision} for the newest")
    if isinstance(error, errors.LocalEntryNotFoundError) and library.constants.HF_HUB_OFFLINE:
        return Refused(
            f"{name}: HF_HUB_OFFLINE is set, and {file} is not in the cache: unset it once, to download the model"
        )
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return Refused(f"{name}: it has no {file}, so honmono did not write it: give a model that `honmono push` sent")
    return Failed(f"{name}: {file} cannot be downloaded ({reason(error)}): check the network and try again")


def reason(error: Exception) -> str:
    """An error of the library and its cause, in one line."""
    texts = dict.fromkeys(str(one) or type(one).__name__ for one in (error, error.__cause__) if one)
    return " ".join(" ".join(texts).split())[:300].rstrip(".: ")
