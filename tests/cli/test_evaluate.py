"""`honmono evaluate`: a table with its protocol, or one JSON document; wrong calls; interruptions."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honmono.recipe.registry import find


Command = Callable[..., Any]
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def own(run: Path, here: Path) -> Path:
    """The tiny run of digits, to be written into."""
    return Path(shutil.copytree(run, here / "mine"))


@pytest.fixture
def grid(call: Command, here: Path) -> Path:
    """A tiny run of points."""
    changes = [word for change in find("gan-grid").tiny.items() for word in ("--set", "=".join(change))]
    assert call("train", "gan-grid", "--steps", 2, "--run", "grid", *changes).code == 0
    return here / "grid"


def test_a_table_and_the_protocol_under_it(call: Command, own: Path) -> None:
    said = call("evaluate", own, "--metrics", "fid[mnist],prdc[mnist]", "--num", 200)
    assert said.code == 0 and all(line.startswith("packed digits: ") for line in said.err.splitlines())
    title, header, *rows, protocol = said.out.splitlines()
    assert title == f"{own}, step 2 (16 images seen)"
    assert header.split() == ["metric", "value", "better"]
    assert [row.split()[::2] for row in rows] == [
        ["fid[mnist]", "↓"],
        *([f"{name}[mnist]", "↑"] for name in ("precision", "recall", "density", "coverage")),
    ]
    assert all(float(row.split()[1]) >= 0 for row in rows)
    assert protocol.startswith("protocol: all: fakes 200, ") and "fakes.weights average" in protocol
    assert "reals.source digits" in protocol and "features.checksum " in protocol


def test_classes_have_a_table_of_their_own(call: Command, own: Path) -> None:
    said = call("evaluate", own, "--metrics", "labels[mnist],variety[mnist]", "--num", 200)
    lines = [line.split() for line in said.out.splitlines()]
    assert [line[0] for line in lines[2:5]] == ["label_fidelity[mnist]", "variety[mnist]", "variety_pixels[mnist]"]
    assert lines[5] == ["class", "label_fidelity[mnist]", "variety[mnist]", "variety_pixels[mnist]"]
    assert [line[0] for line in lines[6:16]] == [*"0123456789"] and all(len(line) == 4 for line in lines[6:16])


def test_seeds_give_intervals(call: Command, grid: Path) -> None:
    said = call("evaluate", grid, "--seeds", 3)
    assert said.code == 0 and said.err == ""
    header, first = said.out.splitlines()[1:3]
    assert header.split() == ["metric", "value", "95%", "interval", "better"]
    name, value, low, dots, high, arrow = first.split()
    assert (name, dots, arrow) == ("modes", "..", "↑") and float(low) <= float(value) <= float(high)
    assert "fakes.seeds 0 1 2" in said.out


def test_one_json_document(call: Command, grid: Path) -> None:
    said = call("evaluate", grid, "--json", "--num", 500)
    assert said.code == 0
    document = json.loads(said.out)
    assert list(document) == ["run", "checkpoint", "metrics", "protocol"]
    assert document["run"] == str(grid) and document["checkpoint"] == 2
    assert list(document["metrics"]) == ["modes", "high_quality", "reverse_kl"]
    conditions = document["protocol"]["modes"]["conditions"]
    assert (conditions["fakes"], conditions["radius"], conditions["data.sigma"]) == (500, 3.0, 0.05)
    assert "intervals" in json.loads(call("evaluate", grid, "--json", "--seeds", 2).out)


def test_the_picture_of_neighbours_is_named(call: Command, own: Path) -> None:
    said = call("evaluate", own, "--metrics", "neighbours[mnist]", "--num", 40)
    assert said.code == 0 and said.out.splitlines()[-1] == str(own / "neighbours.png")
    assert len(said.out.splitlines()[2].split()) == 2  # neither more nor less of it is better: no arrow
    assert (own / "neighbours.png").is_file()


def test_wrong_calls(refused: Callable[..., str], own: Path) -> None:
    assert "did you mean 'fid'" in refused("evaluate", own, "--metrics", "fdi[mnist]")
    assert "--checkpoint 1: " in refused("evaluate", own, "--checkpoint", 1, "--metrics", "fid[mnist]")
    assert "use fid, kid or prdc" in refused("evaluate", own, "--metrics", "modes")
    assert "there is no run directory" in refused("evaluate", "nowhere")


def obeying_interrupts() -> None:
    """Tests that run in a shell's background inherit that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_evaluation_leaves_no_line(own: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
    words = ("evaluate", str(own), "--metrics", "is[mnist]", "--num", "5000000")
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "honmono", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obeying_interrupts,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:  # torch is there once metrics are
            if "honmono.evaluation.evaluate_run" in line:
                break
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and out == ""
    assert err.splitlines()[-1] == "honmono: interrupted; nothing was recorded"
    assert not any(not json.loads(line)["during_training"] for line in _lines(own))


def _lines(run: Path) -> list[str]:
    path = run / "metrics.jsonl"
    return path.read_text().splitlines() if path.exists() else []
