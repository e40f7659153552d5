"""SIGKILL at any moment, also inside a save: nothing is lost but the steps since the last checkpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from honmono.runs import checkpoints, evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.log import read


SOURCE = Path(__file__).parents[2] / "src"
TIMED = {"seconds", "images_per_second"}
RECIPES = {
    "pictures": [
        *("gan-mnist-article", "--data", "digits", "--size", "8", "--batch-size", "16", "--set", "data.limit=44"),
        *("--set", "generator.widths=(16, 16)", "--set", "discriminator.widths=(16, 16)", "--set", "metrics=()"),
        *("--set", "training.average=Average(halflife=100)"),
    ],
    # Measured in four of five steps: nearly every save follows a line, and a kill may fall between the two.
    "measured": [
        *("gan-grid", "--batch-size", "16", "--set", "data.samples=44", "--set", "training.measure_images=20"),
        *("--set", "generator.widths=(16, 16)", "--set", "discriminator.widths=(16, 16)", "--set", "training.keep=1"),
        *("--set", "metrics=(ModeCoverage(fakes=60),)"),
    ],
}

# Trains undisturbed first, which also imports everything, then forks a training for each kill. Saves are slowed down in
# them: each makes a dozen things durable, and that takes a few milliseconds more each time.
DRIVER = """
import json, os, random, signal, sys, time
from pathlib import Path

from honmono import cli

folder, kills, every, steps, seed = Path(sys.argv[1]), *map(int, sys.argv[2:6])
run = folder / "killed"
first = [*sys.argv[6:], "--device", "cpu", "--precision", "fp32", "--set", "training.log_every=1"]
first += ["--set", "training.sample_every=7", "--set", f"training.checkpoint_every={every}", "--steps", str(steps)]
random.seed(seed)


def train(*words):
    sys.argv = ["honmono", "train", *words]
    try:
        cli.main()
    except SystemExit as end:
        return end.code


def start(slow):
    child = os.fork()
    if child:
        return child
    durable = os.fsync
    os.fsync = lambda descriptor: (time.sleep(slow), durable(descriptor))[1]
    sys.stderr = open(folder / "told", "a")
    os._exit(train("--resume", str(run)) if (run / "recipe.json").exists() else train(*first, "--run", str(run)))


def newest():
    return max([int(path.name) for path in run.glob("checkpoints/" + "[0-9]" * 9)], default=0)


def wait_until(child, reached):
    while not reached() and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.001)


assert train(*first, "--run", str(folder / "whole")) == 0
inside, reached = 0, []
for kill in range(kills):
    goal = newest() + random.randint(0, 2) * every
    child = start(slow=0.004)
    wait_until(child, (run / "recipe.json").exists)
    if kill % 4:  # after so many saves, somewhere in the next save or after it
        wait_until(child, lambda: newest() >= goal and any(run.glob("checkpoints/.*.partial")))
        time.sleep(random.uniform(0, 0.1))
    else:  # at any moment, also while it starts
        time.sleep(random.uniform(0, 0.4))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    inside += any(run.glob("checkpoints/.*.partial"))
    reached.append(newest())
assert train("--resume", str(run)) == 0
print(json.dumps({"inside": inside, "reached": reached}))
"""


def check_kills(folder: Path, recipe: str, kills: int, every: int, steps: int, seed: int) -> None:
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", DRIVER, str(folder), *map(str, (kills, every, steps, seed)), *RECIPES[recipe]]
    driver = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert driver.returncode == 0, driver.stderr
    told = json.loads(driver.stdout.splitlines()[-1])
    assert told["inside"] > 0, "no kill fell into a save"
    assert told["reached"] == sorted(told["reached"])  # no checkpoint was ever lost
    whole, killed = RunDirectory(folder / "whole"), RunDirectory(folder / "killed")
    assert "damaged" not in (folder / "told").read_text()
    left = {path.name for path in killed.path.rglob("*")} - {path.name for path in whole.path.rglob("*")}
    assert left == set(), "something half-written was left"
    assert killed.checkpoint_steps() == whole.checkpoint_steps()
    for step in whole.checkpoint_steps():
        one, other = (checkpoints.read(run.checkpoint(step)) for run in (whole, killed))
        assert one.state["images"] == other.state["images"]
        assert one.state["checksums"] == other.state["checksums"]
    one, other = read(whole), read(killed)
    assert list(one) == list(other) and one["step"] == list(range(1, steps + 1))
    assert [name for name in one if name not in TIMED and one[name] != other[name]] == []
    jsonl = [[json.loads(line) for line in run.log_jsonl.read_text().splitlines()] for run in (whole, killed)]
    assert [[row[name] for name in row if name not in TIMED] for row in jsonl[0]] == [
        [row[name] for name in row if name not in TIMED] for row in jsonl[1]
    ]
    lines = [[untimed(line) for line in evaluations.read(run)] for run in (whole, killed)]
    assert lines[0] == lines[1] and len(lines[0]) == (0 if recipe == "pictures" else steps * 16 // 20)
    assert evaluations.best(whole) == evaluations.best(killed)
    assert (evaluations.best(whole) in whole.checkpoint_steps()) == bool(lines[0])
    pictures = [{path.name: path.read_bytes() for path in run.samples.iterdir()} for run in (whole, killed)]
    assert pictures[0] == pictures[1]


def untimed(line: evaluations.Line) -> evaluations.Line:
    return {name: part for name, part in line.items() if name not in ("run", "seconds", "time")}


@pytest.mark.parametrize("recipe", RECIPES)
def test_killed_at_random_moments(tmp_path: Path, recipe: str) -> None:
    check_kills(tmp_path, recipe, kills=9, every=1, steps=24, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("recipe", RECIPES)
def test_killed_many_times(tmp_path: Path, recipe: str, every: int) -> None:
    check_kills(tmp_path, recipe, kills=40, every=every, steps=40 * every, seed=1)
