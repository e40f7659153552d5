"""Trainings as processes of their own: started, stopped as by Ctrl-C, resumed, and not harmed by the studio's end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from honmono.errors import Refused
from honmono.recipe.registry import find
from honmono.runs.directory import RunDirectory
from honmono.runs.lock import is_held
from honmono.studio.folders import Folders
from honmono.studio.form import WrongField
from honmono.studio.trainings import Trainings, holder


ROOT = Path(__file__).parents[2]
CHANGES = {
    **find("dcgan-digits").tiny,
    "training.log_every": "1",
    "training.sample_every": "1000",
    "training.checkpoint_every": "100000",
}
ENDLESS = ["dcgan-digits", "--steps", "400000", *(w for pair in CHANGES.items() for w in ("--set", "=".join(pair)))]
STUDIO = """
import sys
from pathlib import Path
from honmono.studio.folders import Folders
from honmono.studio.trainings import Trainings
print(Trainings(Folders(Path(sys.argv[1]), Path())).start("dcgan-digits", sys.argv[2:]), flush=True)
input()
"""


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 600  # on a busy machine a training may take minutes to begin
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def trainings(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trainings]:
    """Its starting trainings are waited for at the end, and `folders` stops those that train."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    made = Trainings(folders)
    yield made
    until(lambda: not any(made.starting().values()))


def test_a_training_is_started_stopped_and_resumed(folders: Folders, trainings: Trainings) -> None:
    name = trainings.start("dcgan-digits", ENDLESS)
    until(lambda: name not in trainings.starting())
    run = folders.run(name)
    assert name == "00004-dcgan-digits" and trainings.trains(run)
    with pytest.raises(Refused, match="stop it first"):
        trainings.resume(name, None)
    until(run.log_jsonl.exists)
    Trainings(folders).stop(name)  # as another studio does, which has not started it
    until(lambda: not trainings.trains(run))
    assert len(run.checkpoint_steps()) == 1, "it saved its state"
    assert "honmono train --resume" in trainings.said(name)
    trainings.resume(name, 400_001)
    until(lambda: is_held(run))
    assert json.loads(run.recipe_json.read_text())["recipe"]["training"]["steps"] in (400_000, 400_001)
    until(lambda: json.loads(run.environment_json.read_text())["resumed"])


def test_a_start_that_fails_leaves_its_reason_alone(folders: Folders, trainings: Trainings) -> None:
    before = sorted(folders.runs.glob("[0-9]*"))
    try:
        trainings.start("folder", ["folder", "--data", str(folders.data / "nothing")])
    except Refused as refused:
        assert "nothing" in str(refused)
    until(lambda: not any(trainings.starting().values()))
    assert "nothing" in trainings.said("00004-folder")
    assert sorted(folders.runs.glob("[0-9]*")) == before


def test_what_does_not_train_is_not_stopped(folders: Folders, trainings: Trainings) -> None:
    assert holder(folders.run("00001-dcgan-digits")) is None
    with pytest.raises(Refused, match="is not training"):
        trainings.stop("00001-dcgan-digits")


@pytest.mark.parametrize("steps", [None, 3, 4])
def test_a_complete_run_is_resumed_for_later_steps_alone(
    folders: Folders, trainings: Trainings, steps: int | None
) -> None:
    with pytest.raises(WrongField, match="up to step 4: give a later one") as refused:
        trainings.resume("00001-dcgan-digits", steps)
    assert refused.value.field == "steps" and not (folders.runs / ".studio").exists()


def test_the_studio_s_death_harms_no_training(folders: Folders, trainings: Trainings) -> None:
    """Neither SIGKILL nor Ctrl-C in its terminal, which reaches all processes of its group."""
    command = [sys.executable, "-c", STUDIO, str(folders.runs), *ENDLESS]
    studio = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert studio.stdout is not None and studio.stdin is not None
    run = RunDirectory(folders.runs / studio.stdout.readline().strip())
    os.killpg(studio.pid, signal.SIGINT)
    os.killpg(studio.pid, signal.SIGKILL)
    studio.communicate()
    until(lambda: re.search(r'"step": [2-9]\d', run.log_jsonl.read_text() if run.log_jsonl.exists() else ""))
    assert is_held(run) and holder(run) is not None
