"""The log: columns, numbers that are not, torn lines, and resumed logs equal to uninterrupted ones."""

import json
import math
import resource
from pathlib import Path

import numpy as np
import pytest

from honmono.errors import Failed
from honmono.runs.directory import RunDirectory
from honmono.runs.log import Log, by_column, learning_rate_column, read


def row(step: int) -> dict[str, int | float]:
    """A row as a trainer writes it; a penalty is due at every third step."""
    made = {"step": step, "images": 64 * step, "seconds": 0.25 * step, "images_per_second": 256.0}
    made |= by_column("discriminator", {"real": 1 / step}, {}) | {learning_rate_column("generator"): 2e-4}
    return made | (by_column("discriminator", {"r1": 0.1 * step}, {}) if step % 3 == 0 else {})


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "gan-grid")


def written(run: RunDirectory) -> tuple[bytes, bytes]:
    return run.log_csv.read_bytes(), run.log_jsonl.read_bytes()


def test_both_files_hold_the_rows_at_once(run: RunDirectory) -> None:
    with Log(run) as log:
        log.append([row(1), row(2)])
        assert run.log_csv.read_text() == (
            "step,images,seconds,images_per_second,discriminator.real,learning_rate.generator\n"
            "1,64,0.25,256.0,1.0,0.0002\n"
            "2,128,0.5,256.0,0.5,0.0002\n"
        )
        assert [json.loads(line) for line in run.log_jsonl.read_text().splitlines()] == [row(1), row(2)]
        log.append([row(4)])
        log.sync()
    assert read(run)["discriminator.real"] == [1.0, 0.5, 0.25]
    assert read(run)["images"] == [64, 128, 256]


def test_a_name_that_appears_later_widens_the_table(run: RunDirectory) -> None:
    with Log(run) as log:
        log.append([row(1)])
        log.append([row(2), row(3)])
        log.append([row(4)])
    columns = read(run)
    assert list(columns)[-1] == "discriminator.r1"
    assert columns["discriminator.r1"] == [None, None, 0.1 * 3, None]
    assert "discriminator.r1" not in json.loads(run.log_jsonl.read_text().splitlines()[0])


def test_numbers_read_back_exactly_and_those_that_are_not_finite_are_named(run: RunDirectory) -> None:
    values = [0.1 + 0.2, 1e-300, -3.0, math.nan, math.inf, -math.inf, np.float32(0.1), np.int64(7)]
    with Log(run) as log:
        log.append([{"step": step, "generator.fake": value} for step, value in enumerate(values)])
    assert run.log_csv.read_text().splitlines()[4:7] == ["3,nan", "4,nan", "5,nan"]
    back = read(run)["generator.fake"]
    finite = [value if math.isfinite(value) else math.nan for value in values]
    np.testing.assert_array_equal(np.array(back, float), np.array(finite, float))

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    lines = [json.loads(line, parse_constant=refuse) for line in run.log_jsonl.read_text().splitlines()]
    assert [line["generator.fake"] for line in lines][3:6] == [None, None, None]


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 5, 8])
def test_a_resumed_log_equals_an_uninterrupted_one(tmp_path: Path, kept: int) -> None:
    whole, resumed = RunDirectory.create(tmp_path, "whole"), RunDirectory.create(tmp_path, "resumed")
    with Log(whole) as log:
        log.append([row(step) for step in range(1, 9)])
    with Log(resumed) as log:
        for step in range(1, 9):
            log.append([row(step)])
    with Log(resumed) as log:
        log.truncate(kept)
        log.append([row(step) for step in range(kept + 1, 9)])
    assert written(resumed) == written(whole)


def test_a_line_torn_anywhere_is_dropped_and_the_log_goes_on(run: RunDirectory) -> None:
    with Log(run) as log:
        log.append([row(3), row(4), row(6)])
    whole = written(run)
    _, content = whole
    for length in range(0, len(content), 5):
        run.log_jsonl.write_bytes(content[:length])
        lines = [line for line in content[:length].splitlines(keepends=True) if line.endswith(b"\n")]
        with Log(run) as log:
            assert run.log_jsonl.read_bytes() == b"".join(lines)
            assert run.log_csv.read_bytes().count(b"\n") == (len(lines) + 1 if lines else 0)
            log.truncate(3 if lines else 0)
            log.append([row(step) for step in (3, 4, 6)[1 if lines else 0 :]])
        assert written(run) == whole


def test_the_table_is_made_again_from_the_lines(run: RunDirectory) -> None:
    with Log(run) as log:
        log.append([row(3), row(4), row(6)])
    whole = written(run)
    for damaged in (b"", b"step,ima", whole[0][:-5]):
        run.log_csv.write_bytes(damaged)
        Log(run).close()
        assert written(run) == whole


def test_a_log_that_is_still_written_can_be_read(run: RunDirectory) -> None:
    assert read(run) == {}
    with Log(run) as log:
        assert read(run) == {}
        log.append([row(1), row(2)])
    run.log_jsonl.write_bytes(run.log_jsonl.read_bytes() + b'{"step": 3, "ima')
    assert read(run)["step"] == [1, 2]


def test_steps_ascend(run: RunDirectory) -> None:
    with Log(run) as log:
        log.append([row(5)])
    with Log(run) as log, pytest.raises(AssertionError, match="step 5 after step 5"):
        log.append([row(5)])


def test_a_full_disk_is_a_failure_that_says_what_is_safe(run: RunDirectory) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Log(run) as log:
        log.append([row(1)])
        whole = written(run)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole[1]) + 7, limits[1]))
        try:
            with pytest.raises(Failed, match=r"log.jsonl.* honmono train --resume"):
                log.append([row(2)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with Log(run):
        assert written(run) == whole
