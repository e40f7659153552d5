"""Lines that are whole or absent, and cut back to a step."""

import math
from pathlib import Path

import pytest

from honmono.errors import Failed
from honmono.runs.json_lines import JsonLines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lines.jsonl"


def test_lines_are_read_as_they_were_appended(path: Path) -> None:
    lines = JsonLines(path)
    lines.sync()
    lines.truncate(0)
    assert lines.read() == [] and not path.exists()
    lines.append([{"step": 1, "name": "ü"}, {"step": 2}])
    lines.append([{"step": 2, "again": True}])
    lines.sync()
    assert lines.read() == [{"step": 1, "name": "ü"}, {"step": 2}, {"step": 2, "again": True}]


@pytest.mark.parametrize("torn", [b'{"step": 3', b"\0\0", b'{"step": 3}'])
def test_an_incomplete_line_is_removed(path: Path, torn: bytes) -> None:
    JsonLines(path).append([{"step": 1}])
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert JsonLines(path).read() == [{"step": 1}]
    JsonLines(path).append([{"step": 2}])
    assert JsonLines(path).read() == [{"step": 1}, {"step": 2}] and path.read_bytes().startswith(whole)


def test_the_newest_line_is_read_from_the_end(path: Path) -> None:
    lines = JsonLines(path)
    assert lines.newest() is None
    lines.append([{"step": step, "name": "ü" * 999} for step in range(100)])
    path.write_bytes(path.read_bytes() + b'{"step": 3')
    assert lines.newest() == lines.read()[-1] and lines.read()[-1]["step"] == 99
    path.write_bytes(path.read_bytes() + b"\nnull\n")
    assert lines.newest() == lines.read()[-1]


def test_later_steps_are_removed_by_the_field_that_names_them(path: Path) -> None:
    lines = JsonLines(path, step="checkpoint")
    lines.append([{"checkpoint": step, "step": 0} for step in (1, 3, 2)] + [{"step": 9}])
    lines.truncate(2)
    assert [line["checkpoint"] for line in lines.read()] == [1, 2] and path.read_bytes().count(b"\n") == 2
    before = path.stat().st_mtime_ns
    lines.truncate()
    assert path.stat().st_mtime_ns == before


def test_what_cannot_be_written_leaves_the_lines(path: Path) -> None:
    lines = JsonLines(path)
    lines.append([{"step": 1}])
    with pytest.raises(ValueError):
        lines.append([{"step": 2, "value": math.nan}])
    assert lines.read() == [{"step": 1}]
    with pytest.raises(Failed):
        JsonLines(path / "none.jsonl").append([{"step": 1}])
