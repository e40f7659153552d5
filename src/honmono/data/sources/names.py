"""The parts of `/`-separated names of files, as `PurePosixPath` gives them; of millions that would take minutes."""


def parts_of(name: str) -> tuple[str, ...]:
    """The folders and the file that a name leads through; a leading `/` is a part of its own."""
    parts = name.split("/")
    if "" not in parts and "." not in parts:  # as nearly all are
        return (*parts,)
    parts = [part for part in parts if part not in ("", ".")]
    return ("/", *parts) if name.startswith("/") else (*parts,)


def base(name: str) -> str:
    """The last part of a name."""
    last = name.rpartition("/")[2]
    return last if last not in ("", ".") else next(reversed(parts_of(name)), "")


def stem_and_suffix(file: str) -> tuple[str, str]:
    """`a.b` and `.png` for `a.b.png`; the suffix is "" where there is none, as in `.png` and `a.`."""
    stem, dot, ending = file.rpartition(".")
    return (stem, dot + ending) if ending and stem.strip(".") else (file, "")
