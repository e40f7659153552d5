"""The record of where a run ran."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy
import pytest
import torch

from honmono.runs.environment import environment


def test_it_names_versions_processors_and_command() -> None:
    record = environment(["honmono", "train", "--data", "my pictures"])
    assert record["command"] == "honmono train --data 'my pictures'"
    assert record["torch"] == torch.__version__ and record["numpy"] == numpy.__version__
    assert record["threads"] == torch.get_num_threads()
    assert 1 <= record["cores"] <= (os.cpu_count() or 1)
    assert record["cpu"]
    assert len(record["devices"]) == torch.accelerator.device_count()
    age = datetime.now(UTC) - datetime.fromisoformat(record["time"])
    assert abs(age.total_seconds()) < 60
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_commit_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment([])["git_commit"] is None

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout

    git("init", "--quiet")
    assert environment([])["git_commit"] is None
    Path("a.py").write_text("1")
    git("add", "a.py")
    git("commit", "--quiet", "-m", "first")
    git("tag", "v1")
    commit = git("rev-parse", "HEAD").strip()
    assert environment([])["git_commit"] == commit
    Path("a.py").write_text("2")
    assert environment([])["git_commit"] == f"{commit}-dirty"
