"""The names in a zip archive, which often does not say how they are encoded."""

import re
from collections.abc import Sequence
from zipfile import ZipInfo


_UTF8_FLAG = 0x800
_MARKS = "!-~ \u3000-\u303f\uff01-\uff60"  # that go with any script: ASCII, Japanese punctuation, wide letters
_SCRIPT = "\u3041-\u30ff\u3400-\u9fff"  # kana and kanji; narrow katakana look the same as Chinese and Korean bytes do
_JAPANESE = re.compile(f"[{_MARKS}{_SCRIPT}]*[{_SCRIPT}][{_MARKS}{_SCRIPT}]*")
_INSIDE_A_WORD = re.compile(r"[A-Za-z][^\0-\x7f]|[^\0-\x7f][A-Za-z]")


def names_of(members: Sequence[ZipInfo]) -> tuple[list[str], str | None]:
    """The members' names, and what was assumed of their encoding, None where nothing had to be.

    Names without the flag of UTF-8 are code page 437 by the format. Programs really write UTF-8 there (macOS) or the
    code page of their Windows, of which only the Japanese one can be distinguished from 437 by the names themselves.
    """
    names, note = _decoded(members)
    if any("/" in name for name in names) or not any("\\" in name for name in names):
        return names, note
    return [name.replace("\\", "/") for name in names], note  # written on Windows by what ignores the format


def _decoded(members: Sequence[ZipInfo]) -> tuple[list[str], str | None]:
    odd = ((place, member) for place, member in enumerate(members) if not member.orig_filename.isascii())
    foreign = {place: name for place, member in odd if (name := _unmarked(member)) is not None}
    names = [member.filename for member in members]
    if not foreign:
        return names, None
    encoding, called = _encoding([*foreign.values()])
    for place, name in foreign.items():
        names[place] = name.decode(encoding)
    return names, f"names in this zip are not marked as UTF-8; they were read as {called}"


def _unmarked(member: ZipInfo) -> bytes | None:
    """The bytes of a name that is not marked as Unicode, neither by a flag nor by an extra field."""
    same = member.filename.replace("\\", "/") == member.orig_filename.replace("\\", "/")
    return member.orig_filename.encode("cp437") if not member.flag_bits & _UTF8_FLAG and same else None


def _encoding(names: Sequence[bytes]) -> tuple[str, str]:
    """The encoding of names that are not ASCII, for Python and for people."""
    if _all_decode(names, "utf-8"):
        return "utf-8", "UTF-8"
    if _all_decode(names, "cp932") and _look_japanese([name.decode("cp932") for name in names]):
        return "cp932", "code page 932 (Japanese)"
    return "cp437", "code page 437 (Western)"


def _all_decode(names: Sequence[bytes], encoding: str) -> bool:
    try:
        return all([name.decode(encoding) for name in names])
    except UnicodeDecodeError:
        return False


def _look_japanese(names: Sequence[str]) -> bool:
    """Whether most of the distinct parts of names that are not ASCII are Japanese words.

    German or French read as code page 932 has kanji within its words ("Vögel" is "V波el"), and Chinese and Korean have
    narrow katakana.
    """
    parts = {part for name in names for part in name.split("/") if not part.isascii()}
    japanese = [part for part in parts if _JAPANESE.fullmatch(part) and not _INSIDE_A_WORD.search(part)]
    return 2 * len(japanese) > len(parts)
