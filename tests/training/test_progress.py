"""What a training says of itself: plain lines, and the live line at any width."""

import io
import re
import sys

import pytest

from honmono.training.progress import TrainingProgress


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TrainingProgress(steps=20, done=0)
    for step in (1, 2, 20):
        progress.update(step, {"discriminator.real": 0.51234, "generator.fake": 0.7}, 1234.5)
    progress.close()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and len(lines) == 2  # the first and the last; between them ten seconds have not passed
    assert re.fullmatch(r"step 1/20  0:00:\d\d left  1,234 images/s  D.real 0.512  G.fake 0.700", lines[0])
    assert lines[1].startswith("step 20/20  0:00:00 left  ")


def test_lines_are_told_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TrainingProgress(steps=20, done=0)
    line = "run /a/very/long/path/" + "x" * 200 + " [bold]not markup[/bold]"
    progress.say(line)
    assert capsys.readouterr().err == line + "\n"


def test_a_process_that_does_not_write_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    progress = TrainingProgress(steps=20, done=5, silent=True)
    progress.say("warning: something")
    progress.update(20, {"generator.fake": 0.7}, 10.0)
    progress.close()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("done", "step"), [(0, 5), (5, 5), (5, 6)])
def test_time_left_counts_from_where_the_run_went_on(done: int, step: int, capsys: pytest.CaptureFixture[str]) -> None:
    TrainingProgress(steps=20, done=done).update(step, {}, 0.0)
    assert " left" in capsys.readouterr().err


class Terminal(io.TextIOWrapper):
    """Keeps what a terminal is sent."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        self.seek(0)
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.read()))


def live_line(patch: pytest.MonkeyPatch, width: int | None, encoding: str = "utf-8", term: str = "xterm") -> str:
    """The last line of a training at step 1234 of 3000 with four losses; width None: nobody knows it."""
    terminal = Terminal(encoding)
    patch.setattr(sys, "stderr", terminal)
    patch.setenv("TERM", term)
    patch.delenv("COLUMNS", raising=False)
    if width is not None:
        patch.setenv("COLUMNS", str(width))
    losses = {
        "discriminator.real": 0.51234,
        "discriminator.fake": 0.61234,
        "discriminator.r1": 0.1,
        "generator.fake": 1,
    }
    progress = TrainingProgress(steps=3000, done=1000)
    progress.update(1234, losses, 1234.5)
    progress.close()
    return [line for line in terminal.lines() if line.startswith("step 1234")][-1].rstrip()


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (200, r"  ━+·+  1,234 images/s  D.real 0.512  D.fake 0.612  D.r1 0.100  G.fake 1.000"),
        (80, r"  ━+·+  1,234 images/s  D.real 0.512"),
        (None, r"  ━+·+  1,234 images/s  D.real 0.512"),
        (60, r"  ━+·+  1,234 images/s"),
        (50, r"  ━+·+"),
        (40, ""),
        (30, ""),
    ],
)
def test_step_and_time_left_are_there_at_any_width(monkeypatch: pytest.MonkeyPatch, width: int, told: str) -> None:
    line = live_line(monkeypatch, width)
    assert re.fullmatch(r"step 1234/3000  [-\d]:[-\d]{2}:[-\d]{2} left" + told, line)
    assert len(line) < (width or 80)


def test_the_bar_is_ascii_where_the_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "  #####.......  1,234 images/s" in live_line(monkeypatch, 80, encoding="ascii")


def test_a_terminal_that_cannot_go_back_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert live_line(monkeypatch, 40, term="dumb").endswith("D.r1 0.100  G.fake 1.000")
