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
    assert lines[0].startswith("step 1/20  D.real 0.512  G.fake 0.700  1,234 images/s")
    assert lines[1].startswith("step 20/20") and lines[1].endswith("0:00:00 left")


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
