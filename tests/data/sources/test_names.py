from pathlib import PurePosixPath

import pytest

from honmono.data.sources.names import base, parts_of, stem_and_suffix


@pytest.mark.parametrize(
    "name", ["a/b/c.png", "/a//b/./c", "a", ".", "a/.hidden.png", "..", "../x.tar.gz", "a/b/", "a.b/.png", "...a.png"]
)
def test_names_come_apart_as_paths_do(name: str) -> None:
    path = PurePosixPath(name)

    assert parts_of(name) == path.parts
    assert base(name) == path.name
    assert stem_and_suffix(base(name)) == (path.stem, path.suffix)
