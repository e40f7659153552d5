"""Names of models on the Hugging Face hub: hf:OWNER/NAME, or hf:OWNER/NAME@REVISION."""

import re
from dataclasses import dataclass
from pathlib import Path

from honmono.errors import Refused


PREFIX = "hf:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_NEVER = re.compile(r"\.\.|--|//|\.git$")  # names become parts of paths: nothing that a path reads as something else
_LONGEST = 96  # characters that the hub allows


@dataclass(frozen=True)
class HubName:
    """A model's repository, as OWNER/NAME, and its revision: a branch, tag or commit; None: the newest."""

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")

    @property
    def folder(self) -> str:
        """A folder's name for what is made from this revision: OWNER--NAME-0123abcd."""
        return self.repository.replace("/", "--") + (f"-{self.revision[:8]}" if self.revision else "")


def hub_name(text: str | Path) -> HubName | None:
    """What `hf:OWNER/NAME[@REVISION]` names; None for a text without "hf:", which names a path.

    Raises `Refused` for a name that the hub does not allow.
    """
    text = text.as_posix() if isinstance(text, Path) else text
    if not text.startswith(PREFIX):
        return None
    repository, at, revision = text.removeprefix(PREFIX).partition("@")
    if at and (not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision):
        raise Refused(f"{text}: after @ comes a branch, a tag or a commit, as in {PREFIX}OWNER/NAME@main")
    return HubName(checked_repository(repository), revision or None)


def checked_repository(text: str) -> str:
    """The text, if it is OWNER/NAME as the hub allows it; else raises `Refused`."""
    if not _NAME.fullmatch(text) or _NEVER.search(text) or len(text) > _LONGEST:
        raise Refused(
            f"'{text}' is no name of a model on the hub: write OWNER/NAME, in letters, digits, '-', '_' and '.',"
            f" {_LONGEST} characters at most"
        )
    return text


def is_repository(text: str) -> bool:
    """Whether a text looks like OWNER/NAME."""
    return bool(_NAME.fullmatch(text))
