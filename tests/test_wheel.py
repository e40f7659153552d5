"""The wheel that an index would hand out: small, complete, and able to do its main job without a network.

It is installed without its dependencies, which are those of this environment; `make test-wheel` installs them too.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest


ROOT = Path(__file__).parents[1]
MOST_BYTES = 3_000_000
# Runs the command in a process in which any connection raises.
OFFLINE = """
import runpy, sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"{event} {arguments[1:]}")

sys.addaudithook(refuse)
runpy.run_module("honmono", run_name="__main__")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source archive, as `python -m build` does."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    assert [path.name for path in folder.glob("*.tar.gz")] == ["honmono-0.1.0.tar.gz"]
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_is_small_and_holds_every_file_of_the_package(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES
    source = ROOT / "src" / "honmono"
    files = {f"honmono/{path.relative_to(source).as_posix()}" for path in source.rglob("*") if path.is_file()}
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in files if "__pycache__" not in name} <= names
    assert not any(name.startswith(("tests/", "docs/", "benchmarks/")) for name in names)


@pytest.mark.slow
def test_an_installed_wheel_trains_samples_and_measures_offline(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True)
    environment = os.environ | {"PYTHONPATH": str(site), "HONMONO_CACHE": str(tmp_path / "cache")}

    def honmono(*words: str) -> str:
        command = [sys.executable, "-c", OFFLINE, *words]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout

    where = "import honmono; print(honmono.__file__)"
    found = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert found.stdout.startswith(str(site))
    assert honmono("--version") == "0.1.0\n"
    honmono("train", "--steps", "30", "--run", "demo")
    honmono("sample", "demo", "--raw", "--num", "8", "--out", "digits.npy")
    assert np.load(tmp_path / "digits.npy").shape == (8, 1, 8, 8)
    assert "precision[digits]" in honmono("evaluate", "demo", "--metrics", "prdc,labels", "--num", "500")
    honmono("compare", "demo", "--out", "page.html")
    assert "</html>" in (tmp_path / "page.html").read_text(encoding="utf-8")
