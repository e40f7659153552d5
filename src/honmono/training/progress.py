"""Progress of training: a live bar on a terminal, plain lines elsewhere.

The step and the time left come first; what does not fit into a narrow terminal is dropped from the end.
"""

import sys
import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

from honmono.runs.log import STATISTIC


LINE_EVERY = 10.0  # seconds between plain lines
BAR = 12  # characters


class TrainingProgress:
    """Prints the progress of one run to standard error.

    silent: print nothing, in processes that do not write.
    """

    def __init__(self, steps: int, done: int, silent: bool = False) -> None:
        self._console = Console(stderr=True, quiet=silent, soft_wrap=True, highlight=False)
        self._steps, self._begun, self._first = steps, time.monotonic(), done
        self._last_line = -LINE_EVERY
        self._measured = ""
        live = sys.stderr.isatty() and not self._console.is_dumb_terminal and not silent
        self._bar = Progress(_Line(self._console), console=self._console, transient=True) if live else None
        if self._bar:
            self._task = self._bar.add_task("train", total=steps, completed=done, details=())
            self._bar.start()

    def update(self, step: int, losses: Mapping[str, float], images_per_second: float) -> None:
        """Shows the current step, losses and speed."""
        details = [
            *([self._measured] if self._measured else []),
            f"{images_per_second:,.0f} images/s",
            *(f"{_short(name)} {value:.3f}" for name, value in losses.items()),
        ]
        if self._bar:
            self._bar.update(self._task, completed=step, details=details)
        elif time.monotonic() - self._last_line >= LINE_EVERY or step >= self._steps:
            self._last_line = time.monotonic()
            self._console.print("  ".join([_place(step, self._steps, self._left(step)), *details]), markup=False)

    def measured(self, text: str) -> None:
        """Sets the last measurement, shown beside the losses from now on."""
        self._measured = text

    def say(self, *lines: str) -> None:
        """Prints lines above the bar."""
        for line in lines:
            self._console.print(line, markup=False)

    def close(self) -> None:
        if self._bar:
            self._bar.stop()

    def _left(self, step: int) -> float:
        return (time.monotonic() - self._begun) / max(step - self._first, 1) * (self._steps - step)


class _Line(ProgressColumn):
    """The live line, never wider than the terminal."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def render(self, task: Task) -> Text:
        step, steps = int(task.completed), int(task.total or 0)
        full, empty = ("━", "·") if self._console.encoding.startswith("utf") else ("#", ".")
        done = round(BAR * step / max(steps, 1))
        bar = full * done + empty * (BAR - done)
        place = _place(step, steps, task.time_remaining)
        # One column less: some terminals wrap after the last column.
        line = _fitting(place, [bar, *task.fields["details"]], self._console.width - 1)
        return Text(line, no_wrap=True, overflow="crop")


def _fitting(line: str, details: Sequence[str], width: int) -> str:
    """The line with as many of the details, from the first, as fit into a width."""
    for detail in details:
        if len(line) + 2 + len(detail) > width:
            break
        line += f"  {detail}"
    return line


def _place(step: int, steps: int, seconds: float | None) -> str:
    """The current step, and the time left if it is known."""
    if seconds is None:
        return f"step {step}/{steps}  -:--:-- left"
    return f"step {step}/{steps}  {int(seconds // 3600)}:{int(seconds // 60 % 60):02d}:{int(seconds % 60):02d} left"


def _short(name: str) -> str:
    player, _, loss = name.partition(".")
    return loss if player == STATISTIC else f"{player[0].upper()}.{loss}"
