"""SIGKILL at any moment, also inside a save: nothing is lost but the steps since the last checkpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from honmono.runs.directory import RunDirectory
from honmono.runs.log import read
from honmono.training import checkpoint


SOURCE = Path(__file__).parents[2] / "src"
TIMED = {"seconds", "images_per_second"}

# Imports once, then forks a training for each kill; all of it in a process of its own. Saves are slowed down, so that
# most kills fall into one: a save makes twelve things durable, each of which now takes a few milliseconds.
DRIVER = """
import json, os, random, signal, sys, time
from pathlib import Path

import torch  # before the forks
from honmono import cli
from honmono.training import prepare

folder, kills, every, seed = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
run = folder / "killed"
first = ["gan-mnist-article", "--data", "digits", "--size", "8", "--steps", "24", "--batch-size", "16", "--run", str(run)]
first += ["--set", "data.limit=44", "--set", "training.average=Average(halflife=100)", "--precision", "fp32"]
first += ["--set", "generator.widths=(16, 16)", "--set", "discriminator.widths=(16, 16)", "--device", "cpu"]
first += ["--set", f"training.checkpoint_every={every}", "--set", "training.log_every=1"]
first += ["--set", "training.sample_every=7"]
random.seed(seed)


def start(words, slow):
    child = os.fork()
    if child:
        return child
    durable = os.fsync
    os.fsync = lambda descriptor: (time.sleep(slow), durable(descriptor))[1]
    sys.argv = ["honmono", "train", *words]
    sys.stderr = open(folder / "told", "a")
    code = 1
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stderr.flush()
        os._exit(code)


def finish(words):
    assert os.waitstatus_to_exitcode(os.waitpid(start(words, 0.0), 0)[1]) == 0, (folder / "told").read_text()


def newest():
    return max([int(path.name) for path in run.glob("checkpoints/" + "[0-9]" * 9)], default=0)


def wait_until(reached):
    begun = time.monotonic()
    while not reached() and time.monotonic() < begun + 60:
        time.sleep(0.001)


finish([word.replace(str(run), str(folder / "whole")) for word in first])
inside, reached = 0, []
for kill in range(kills):
    child = start(["--resume", str(run)] if run.exists() else first, 0.004)
    wait_until((run / "recipe.json").exists)
    if kill % 4:  # after so many saves, somewhere in the next step or save
        goal = newest() + random.randint(0, 2) * int(every)
        wait_until(lambda: newest() >= min(goal, 20) and any(run.glob("checkpoints/.writing-*")))
        time.sleep(random.uniform(0, 0.1))
    else:  # at any moment, also while it starts
        time.sleep(random.uniform(0, 1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    inside += any(run.glob("checkpoints/.writing-*"))
    reached.append(newest())
finish(["--resume", str(run)])
print(json.dumps({"inside": inside, "reached": reached}))
"""


def check_kills(folder: Path, kills: int, every: int, seed: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", DRIVER, str(folder), str(kills), str(every), str(seed)]
    driver = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert driver.returncode == 0, driver.stderr
    told = json.loads(driver.stdout.splitlines()[-1])
    assert told["inside"] > 0, "no kill fell into a save"
    assert told["reached"] == sorted(told["reached"])  # no checkpoint was ever lost
    whole, killed = RunDirectory(folder / "whole"), RunDirectory(folder / "killed")
    assert "damaged" not in (folder / "told").read_text()
    assert not [path for path in killed.path.rglob(".*")], "something half-written was left"
    assert killed.checkpoint_steps() == whole.checkpoint_steps()
    for step in whole.checkpoint_steps():
        one, other = (checkpoint.read(run.checkpoint(step)) for run in (whole, killed))
        assert one.state["images"] == other.state["images"]
        assert one.state["checksums"] == other.state["checksums"]
    one, other = read(whole), read(killed)
    assert list(one) == list(other) and one["step"] == list(range(1, 25))
    assert [name for name in one if name not in TIMED and one[name] != other[name]] == []
    jsonl = [[json.loads(line) for line in run.log_jsonl.read_text().splitlines()] for run in (whole, killed)]
    assert [[row[name] for name in row if name not in TIMED] for row in jsonl[0]] == [
        [row[name] for name in row if name not in TIMED] for row in jsonl[1]
    ]
    pictures = [{path.name: path.read_bytes() for path in run.samples.iterdir()} for run in (whole, killed)]
    assert pictures[0] == pictures[1]


def test_killed_at_random_moments(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=8, every=1, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_many_times(tmp_path: Path, every: int, seed: int) -> None:
    check_kills(tmp_path, kills=40, every=every, seed=seed)
