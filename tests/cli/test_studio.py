"""`honmono studio`, a process of its own: what it says, what it refuses, and how it ends."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest


pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

ROOT = Path(__file__).parents[2]


def test_it_says_its_address_and_ends_with_ctrl_c(here: Path) -> None:
    command = [sys.executable, "-m", "honmono", "studio", "--port", "0"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(
        command, env=environment, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    found = re.fullmatch(r"the studio of runs is at (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
    assert found
    with urllib.request.urlopen(f"{found[1]}/", timeout=60) as answer:
        assert "no run in runs yet" in answer.read().decode()
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert said == "stopped; trainings go on\n" and errors == "" and process.returncode in (0, 130)


def test_wrong_calls(refused: Callable[..., str], here: Path) -> None:
    (here / "file").write_bytes(b"")
    assert "--token" in refused("studio", "--token", "short")
    assert "--data" in refused("studio", "--data", "nowhere")
    assert "file" in refused("studio", "file/runs")
    assert "--port" in refused("studio", "--port", "70000")
