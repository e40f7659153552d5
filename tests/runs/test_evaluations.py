"""metrics.jsonl: lines that are whole or absent, cut back, and the best checkpoint that follows from them."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import Line, append, best, comparable, is_detail, line, of_training, read, truncate


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "gan-grid")


def protocol(metric: str = "fid[mnist]", *, device: str = "cpu", **conditions: Any) -> dict[str, Any]:
    """Of one metric, whose number has its name."""
    record = {"better": {metric: "lower"}, "conditions": conditions, "context": {"device": device}}
    return {metric: record}


def measured(run: RunDirectory, step: int, value: float, **other: Any) -> Line:
    given: dict[str, Any] = {"best_by": {"fid[mnist]": "lower"}, "protocol": protocol(fakes=9)}
    metrics = other.pop("metrics", {"fid[mnist]": value})
    return line(run, step, 64 * step, seconds=1.23456, intervals={}, metrics=metrics, **(given | other))


def saved(run: RunDirectory, *steps: int) -> None:
    for step in steps:
        run.checkpoint(step).mkdir()
        (run.checkpoint(step) / "state.json").touch()


def test_a_line_is_read_as_it_was_appended(run: RunDirectory) -> None:
    assert read(run) == []
    ours = line(
        run,
        500,
        32_000,
        seconds=1.23456,
        metrics={"fid[mnist]": 4.25, "modes": 25, "kid[mnist]": math.nan},
        intervals={"fid[mnist]": (4.0, 4.5)},
        protocol=protocol(fakes=9, source="ü\udcff"),
    )
    append(run, ours)
    append(run, measured(run, 600, 3.0))
    assert read(run)[0] == ours | {"intervals": {"fid[mnist]": [4.0, 4.5]}}
    assert ours["metrics"] == {"fid[mnist]": 4.25, "modes": 25, "kid[mnist]": None}
    assert (ours["run"], ours["checkpoint"], ours["step"], ours["images"]) == (run.path.name, 500, 500, 32_000)
    assert ours["seconds"] == 1.235 and ours["time"].endswith("+00:00") and ours["during_training"] is False
    assert [one["during_training"] for one in read(run)] == [False, True]
    assert "intervals" not in read(run)[1] and "best_by" not in ours
    assert [json.loads(text)["step"] for text in run.metrics_jsonl.read_text().splitlines()] == [500, 600]


def test_what_json_cannot_hold_is_never_written(run: RunDirectory) -> None:
    append(run, measured(run, 1, 3.0))
    with pytest.raises(ValueError, match="JSON compliant"):
        append(run, measured(run, 2, 3.0) | {"seconds": math.inf})
    assert [one["step"] for one in read(run)] == [1]


@pytest.mark.parametrize(
    "torn", [b'{"checkpoint": 7, "metr', b"\0\0\0", b'{"checkpoint": 7, "metrics": {}, "protocol": {}}']
)
def test_a_torn_last_line_is_dropped(run: RunDirectory, torn: bytes) -> None:
    append(run, measured(run, 1, 3.0))
    whole = run.metrics_jsonl.read_bytes()
    run.metrics_jsonl.write_bytes(whole + torn)
    assert [one["step"] for one in read(run)] == [1]
    append(run, measured(run, 2, 3.0))
    assert [one["step"] for one in read(run)] == [1, 2]
    assert run.metrics_jsonl.read_bytes().startswith(whole) and torn not in run.metrics_jsonl.read_bytes()


def test_lines_of_something_else_are_passed_over(run: RunDirectory) -> None:
    texts = ["3", "[]", "{}", "", '{"checkpoint": "x", "metrics": {}, "protocol": {}}']
    texts += ['{"checkpoint": 1, "metrics": {}, "protocol": ' + part + "}" for part in ("3", '{"metrics": 3}', "null")]
    run.metrics_jsonl.write_text("\n".join(texts) + "\n")
    append(run, measured(run, 1, 3.0))
    saved(run, 1)
    assert [one["step"] for one in read(run)] == [1] and best(run) == 1


def test_cutting_back_keeps_what_was_measured_of_earlier_checkpoints_whenever_it_was(run: RunDirectory) -> None:
    truncate(run, 0)
    assert not run.metrics_jsonl.exists()
    for step in (1, 2, 3):
        append(run, measured(run, step, 3.0))
    append(run, measured(run, 2, 3.0, best_by=None))  # evaluated later
    before = run.metrics_jsonl.stat().st_mtime_ns
    truncate(run, 3)
    assert run.metrics_jsonl.stat().st_mtime_ns == before
    truncate(run, 2)
    assert [(one["step"], one["during_training"]) for one in read(run)] == [(1, True), (2, True), (2, False)]
    truncate(run, 0)
    assert read(run) == []


APPENDER = """
import sys
from pathlib import Path
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import append, line
run = RunDirectory(Path(sys.argv[1]))
for step in range(int(sys.argv[2]), 100, 2):
    record = {"better": {"modes": "higher"}, "conditions": {"long": "x" * 5000}, "context": {}}
    append(run, line(run, step, step, seconds=0, metrics={"modes": 1}, intervals={}, protocol={"modes": record}))
"""


def test_two_processes_append_at_once(run: RunDirectory) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    commands = [[sys.executable, "-c", APPENDER, str(run.path), str(first)] for first in (0, 1)]
    both = [subprocess.Popen(command, env=environment) for command in commands]
    assert [process.wait(60) for process in both] == [0, 0]
    assert sorted(one["step"] for one in read(run)) == list(range(100))


@pytest.mark.parametrize(
    ("better", "values", "expected"),
    [
        ("lower", [3.0, 1.0, 2.0], 2),
        ("higher", [3.0, 1.0, 2.0], 1),
        ("lower", [3.0, math.nan, 2.0], 3),
        ("lower", [math.nan, math.inf, math.nan], None),
        ("lower", [2.0, 2.0, 2.0], 3),  # of equals the one that was trained longer
        ("higher", [0.0, -1.0, -2.0], 1),
    ],
)
def test_the_best_is_the_best_that_was_measured(
    run: RunDirectory, better: str, values: list[float], expected: int | None
) -> None:
    assert best(run) is None
    for step, value in enumerate(values, start=1):
        append(run, measured(run, step, value, best_by={"fid[mnist]": better}))
    assert best(run) is None  # no checkpoint is there
    saved(run, 1, 2, 3)
    assert best(run) == expected


def test_the_best_is_a_checkpoint_that_is_there(run: RunDirectory) -> None:
    for step, value in enumerate([1.0, 2.0, 3.0], start=1):
        append(run, measured(run, step, value))
    saved(run, 2, 3)
    assert best(run) == 2 and best(run, among=[1, 2]) == 1 and best(run, among=[]) is None


def test_other_keys_break_ties(run: RunDirectory) -> None:
    by = {"modes": "higher", "high_quality": "higher", "reverse_kl": "lower"}
    rows = [(25, 0.9, 0.1), (25, 0.95, 0.3), (25, 0.95, 0.2), (24, 1.0, 0.0), (25, math.nan, 0.0)]
    for step, row in enumerate(rows, start=1):
        append(run, measured(run, step, 0.0, metrics=dict(zip(by, row, strict=True)), best_by=by))
    assert best(run, among=range(9)) == 3


def test_only_what_was_measured_in_training_under_one_protocol_is_compared(run: RunDirectory) -> None:
    append(run, measured(run, 1, 0.5, protocol=protocol(fakes=5)))
    append(run, measured(run, 2, 2.0, protocol=protocol(fakes=9)))
    append(run, measured(run, 3, 3.0, protocol=protocol("kid[mnist]", fakes=7) | protocol(fakes=9, device="cuda")))
    append(run, measured(run, 4, 0.1, protocol=protocol(fakes=9), best_by=None))
    lines = of_training(run)
    assert [one["step"] for one in lines] == [1, 2, 3]
    assert [one["step"] for one in comparable(lines, "fid[mnist]")] == [2, 3] and comparable(lines, "modes") == []
    assert best(run, among=range(9)) == 2
    append(run, measured(run, 5, 9.0, protocol=protocol(fakes=9, content="changed")))
    assert best(run, among=range(9)) == 5


def test_the_newest_line_says_what_is_best(run: RunDirectory) -> None:
    both = {"fid[mnist]": 1.0, "label_fidelity[mnist]": 0.8}
    append(run, measured(run, 1, 0, metrics=both))
    append(run, measured(run, 2, 0, metrics={"fid[mnist]": 2.0, "label_fidelity[mnist]": 0.9}))
    assert best(run, among=range(9)) == 1
    by = {"label_fidelity[mnist]": "higher"}
    append(run, measured(run, 3, 0, metrics={"fid[mnist]": 3.0, "label_fidelity[mnist]": 0.1}, best_by=by))
    assert best(run, among=range(9)) == 2


def test_parts_of_a_number_are_known_by_their_key() -> None:
    keys = ("modes", "reverse_kl", "fid[mnist]", "label_fidelity[mnist]", "label_fidelity[mnist].7")
    assert [is_detail(key) for key in keys] == [False, False, False, False, True]


LIMIT = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, -1))
"""


def test_a_full_disk_leaves_whole_lines(run: RunDirectory) -> None:
    """A file that may not grow: the write fails for real, in a process of its own."""
    append(run, measured(run, 1, 3.0))
    size = run.metrics_jsonl.stat().st_size
    limited = LIMIT.format(bytes=size + 50) + APPENDER
    environment = os.environ | {"PYTHONPATH": str(Path(evaluations.__file__).parents[2])}
    command = [sys.executable, "-c", limited, str(run.path), "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "Failed: cannot write" in done.stderr
    assert [one["step"] for one in read(run)] == [1]
    append(run, measured(run, 2, 3.0))
    assert [one["step"] for one in read(run)] == [1, 2]
