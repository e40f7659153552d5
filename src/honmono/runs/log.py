"""The log of a run: a row for each logged step, in log.csv for tables and in log.jsonl for programs.

Columns are `step`, `images` (seen), `seconds` (of training, without evaluations), `images_per_second` (the average over
the steps whose losses were transferred from the device together), one for each loss, `discriminator.real`, one for each
statistic of an adaptive objective, `statistic.real_sign`, one for each player's learning rate,
`learning_rate.discriminator`, and one for each measured number, `metric.fid[mnist]`. A step with an evaluation always
has a row. A number that is not finite is `nan`, `inf` or `-inf` in the CSV and null in the
JSONL. A number that a step does not have is an empty cell in the CSV and absent from the JSONL.
"""

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import Self

from honmono.errors import Failed
from honmono.files import atomic_write_bytes
from honmono.runs.directory import RunDirectory


Row = Mapping[str, int | float]
METRIC = "metric"  # prefix of the columns of measured numbers
STATISTIC = "statistic"  # prefix of the columns of an objective's statistics


def loss_column(player: str, name: str) -> str:
    """The column of a loss of a player."""
    return f"{player}.{name}"


def statistic_column(name: str) -> str:
    """The column of a statistic that an objective adapts to, or of what it adapts."""
    return f"{STATISTIC}.{name}"


def learning_rate_column(player: str) -> str:
    """The column of a player's learning rate."""
    return f"learning_rate.{player}"


def metric_column(key: str) -> str:
    """The column of a measured number."""
    return f"{METRIC}.{key}"


class Log:
    """Appends rows to a run's log.csv and log.jsonl; opening removes an incomplete line that a killed process left.

    The first row determines the order of columns. A name that first appears later (a penalty of every 16th step, a
    player that waits for the other's warm-up) adds a column to the CSV, with empty cells in earlier rows.
    """

    def __init__(self, run: RunDirectory):
        self._run = run
        # Unbuffered: the operating system has a row once append returns, and close cannot fail.
        self._csv = open(run.log_csv, "ab", buffering=0)
        self._jsonl = open(run.log_jsonl, "ab", buffering=0)
        self.truncate(None)

    def append(self, rows: Sequence[Row]) -> None:
        """Writes rows of ascending steps, with one write for each file."""
        for row in rows:
            assert row["step"] > self._last_step, f"step {row['step']} after step {self._last_step}"
            self._last_step = row["step"]
        if missing := [name for row in rows for name in row if name not in self._columns]:
            self._add_columns(list(dict.fromkeys(missing)))
        _write(
            self._csv,
            self._run.log_csv,
            _csv_lines([[_cell(row.get(name)) for name in self._columns] for row in rows]),
        )
        _write(self._jsonl, self._run.log_jsonl, b"".join(_json_line(row) for row in rows))

    def truncate(self, step: int | None) -> None:
        """Truncates both files to the complete rows up to and including `step`; None: all complete rows."""
        limit = math.inf if step is None else step
        self._columns, csv_end, csv_last = _scan_csv(self._run.log_csv, limit)
        jsonl_end, jsonl_last = _scan(self._run.log_jsonl, limit, _step_of_json)
        os.truncate(self._run.log_csv, csv_end)
        os.truncate(self._run.log_jsonl, jsonl_end)
        self._last_step = max(csv_last, jsonl_last)

    def sync(self) -> None:
        """Flushes the rows to disk. Call it before saving a checkpoint, so that the log is not behind it."""
        os.fsync(self._csv.fileno())
        os.fsync(self._jsonl.fileno())

    def close(self) -> None:
        self._csv.close()
        self._jsonl.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_columns(self, names: list[str]) -> None:
        old = _complete_rows(self._run.log_csv)[1:]
        self._columns = [*self._columns, *names]
        rows = [self._columns, *([*row, *[""] * len(names)] for row in old)]
        self._csv.close()
        with _write_errors(self._run.log_csv):
            atomic_write_bytes(self._run.log_csv, _csv_lines(rows))
        self._csv = open(self._run.log_csv, "ab", buffering=0)


def read(run: RunDirectory) -> dict[str, list[int | float | None]]:
    """The columns of log.csv, with None for empty cells; {} before the first row. The run may still be training."""
    rows = _complete_rows(run.log_csv) if run.log_csv.exists() else []
    if len(rows) < 2:
        return {}
    header, *body = rows
    return {name: [_number(row[place]) for row in body] for place, name in enumerate(header)}


def _cell(value: int | float | None) -> str:
    """The shortest text that is parsed as the same number."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, Integral) else repr(float(value))


def _number(cell: str) -> int | float | None:
    if not cell:
        return None
    return int(cell) if cell.lstrip("-").isdigit() else float(cell)


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _json_line(row: Row) -> bytes:
    strict = {name: _json_number(value) for name, value in row.items()}
    return (json.dumps(strict, allow_nan=False) + "\n").encode()


def _json_number(value: int | float) -> int | float | None:
    if isinstance(value, Integral):
        return int(value)
    return float(value) if math.isfinite(value) else None


def _complete_rows(path: Path) -> list[list[str]]:
    whole = path.read_bytes().rpartition(b"\n")[0].decode()
    rows = list(csv.reader(whole.split("\n")))
    return [row for row in rows if len(row) == len(rows[0])]


def _scan_csv(path: Path, limit: float) -> tuple[list[str], int, float]:
    """The columns, the length to truncate to, and the last remaining step; no columns where no row remains."""
    with open(path, "rb") as file:
        first = file.readline()
    if not first.endswith(b"\n"):
        return [], 0, -math.inf
    header = next(csv.reader([first.decode()]))
    place = header.index("step")

    def step_of(line: bytes) -> float:
        cells = next(csv.reader([line.decode()]))
        if len(cells) != len(header):
            raise ValueError("incomplete")
        return int(cells[place])

    end, last = _scan(path, limit, step_of, start=len(first))
    return (header, end, last) if end > len(first) else ([], 0, last)


def _step_of_json(line: bytes) -> float:
    return int(json.loads(line)["step"])


def _scan(path: Path, limit: float, step_of: Callable[[bytes], float], start: int = 0) -> tuple[int, float]:
    """The offset of the first line that is incomplete or later than `limit`, and the last step before it."""
    end, last = start, -math.inf
    with open(path, "rb") as file:
        file.seek(start)
        for line in file:
            try:
                step = step_of(line)
            except (ValueError, TypeError, KeyError, StopIteration, csv.Error):
                break
            if not line.endswith(b"\n") or step > limit:
                break
            end, last = end + len(line), step
    return end, last


def _write(file: io.FileIO, path: Path, data: bytes) -> None:
    with _write_errors(path):
        while data:
            data = data[file.write(data) :]


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        safe = "the last checkpoint is intact; resume from it with `honmono train --resume`"
        raise Failed(f"cannot write '{path}': {error.strerror}; {safe}") from error
