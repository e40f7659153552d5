"""A run's warnings as it keeps them."""

from pathlib import Path

import pytest

from honmono.errors import Failed
from honmono.runs import recorded_warnings
from honmono.runs.directory import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    run = RunDirectory(tmp_path)
    recorded_warnings.append(run, 100, 6400, "collapse", ["3", "ü"], "few")
    recorded_warnings.append(run, 150, 9600, "discriminator_won", [], "sure")
    recorded_warnings.append(run, 200, 12800, "collapse", ["3"], None)
    return run


def test_lines_come_back_as_written(run: RunDirectory) -> None:
    assert recorded_warnings.read(run) == [
        {"step": 100, "images": 6400, "warning": "collapse", "classes": ["3", "ü"], "text": "few"},
        {"step": 150, "images": 9600, "warning": "discriminator_won", "classes": [], "text": "sure"},
        {"step": 200, "images": 12800, "warning": "collapse", "classes": ["3"], "over": True},
    ]


def test_what_is_over_no_longer_holds(run: RunDirectory) -> None:
    assert recorded_warnings.active(run) == {"collapse": ["ü"], "discriminator_won": []}
    recorded_warnings.append(run, 250, 16000, "discriminator_won", [], None)
    recorded_warnings.append(run, 250, 16000, "collapse", ["ü"], None)
    assert recorded_warnings.active(run) == {}


def test_what_will_be_made_again_is_taken_away(run: RunDirectory) -> None:
    recorded_warnings.truncate(run, 150)
    assert [line["step"] for line in recorded_warnings.read(run)] == [100, 150]
    assert recorded_warnings.active(run) == {"collapse": ["3", "ü"], "discriminator_won": []}


def test_a_run_without_warnings_has_no_file(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    recorded_warnings.truncate(run, 0)
    assert recorded_warnings.read(run) == [] and recorded_warnings.active(run) == {} and not run.warnings_jsonl.exists()


def test_what_is_no_warning_is_passed_over(run: RunDirectory) -> None:
    with open(run.warnings_jsonl, "ab") as file:
        file.write(b'{"step": 1}\n{"to')
    assert len(recorded_warnings.read(run)) == 3


def test_a_full_disk_is_a_failure(run: RunDirectory) -> None:
    gone = RunDirectory(run.path / "gone")
    with pytest.raises(Failed, match="warnings.jsonl"):
        recorded_warnings.append(gone, 1, 1, "collapse", [], "few")
