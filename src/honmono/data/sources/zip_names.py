"""The names in a zip archive, which often does not say how they are encoded."""

import re
from collections.abc import Iterable
from typing import final
from zipfile import ZipInfo

from honmono.data.sources.spooled import Spooled


_UTF8_FLAG = 0x800
_MARKS = "!-~ \u3000-\u303f\uff01-\uff60"  # that go with any script: ASCII, Japanese punctuation, wide letters
_SCRIPT = "\u3041-\u30ff\u3400-\u9fff"  # kana and kanji; narrow katakana look the same as Chinese and Korean bytes do
_JAPANESE = re.compile(f"[{_MARKS}{_SCRIPT}]*[{_SCRIPT}][{_MARKS}{_SCRIPT}]*")
_INSIDE_A_WORD = re.compile(r"[A-Za-z][^\0-\x7f]|[^\0-\x7f][A-Za-z]")


@final
class ZipNames:
    """The names of the members of a zip archive.

    note: what was assumed of their encoding, None where nothing had to be.

    Names without the flag of UTF-8 are code page 437 by the format. Programs really write UTF-8 there (macOS) or the
    code page of their Windows, of which only the Japanese one can be distinguished from 437 by the names themselves.
    """

    def __init__(self, members: Iterable[ZipInfo]) -> None:
        foreign = Spooled[bytes]()
        slashes, backslashes = False, False
        for member in members:
            if (name := _unmarked(member)) is not None:
                foreign.append(name)
            else:
                slashes, backslashes = slashes or "/" in member.filename, backslashes or "\\" in member.filename
        self._encoding, called = _encoding(foreign) if foreign else ("", "")
        for name in foreign:
            text = name.decode(self._encoding)
            slashes, backslashes = slashes or "/" in text, backslashes or "\\" in text
        self._from_windows = backslashes and not slashes  # written there by what ignores the format
        self.note = f"names in this zip are not marked as UTF-8; they were read as {called}" if foreign else None

    def of(self, member: ZipInfo) -> str:
        """The name of one of the members."""
        unmarked = _unmarked(member)
        name = member.filename if unmarked is None else unmarked.decode(self._encoding)
        return name.replace("\\", "/") if self._from_windows else name


def _unmarked(member: ZipInfo) -> bytes | None:
    """The bytes of a name that is not marked as Unicode, neither by a flag nor by an extra field; None for ASCII."""
    if member.orig_filename.isascii():
        return None
    same = member.filename.replace("\\", "/") == member.orig_filename.replace("\\", "/")
    return member.orig_filename.encode("cp437") if not member.flag_bits & _UTF8_FLAG and same else None


def _encoding(names: Spooled[bytes]) -> tuple[str, str]:
    """The encoding of names that are not ASCII, for Python and for people."""
    if _all_decode(names, "utf-8"):
        return "utf-8", "UTF-8"
    if _all_decode(names, "cp932") and _look_japanese(name.decode("cp932") for name in names):
        return "cp932", "code page 932 (Japanese)"
    return "cp437", "code page 437 (Western)"


def _all_decode(names: Iterable[bytes], encoding: str) -> bool:
    try:
        for name in names:
            name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _look_japanese(names: Iterable[str]) -> bool:
    """Whether most of the distinct parts of names that are not ASCII are Japanese words.

    German or French read as code page 932 has kanji within its words ("Vögel" is "V波el"), and Chinese and Korean have
    narrow katakana.
    """
    parts = {part for name in names for part in name.split("/") if not part.isascii()}
    japanese = [part for part in parts if _JAPANESE.fullmatch(part) and not _INSIDE_A_WORD.search(part)]
    return 2 * len(japanese) > len(parts)
