"""Where a page's runtime is read from, and how it is fetched; the real package is fetched by the browser's tests."""

import os
from pathlib import Path

import pytest

from honmono.errors import Failed, Refused
from honmono.generation.exports.web_runtime import SCRIPT, WASM, fetch_runtime, read_runtime


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HONMONO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("inside", ["", "dist", "package/dist"])
def test_a_folder_may_be_the_package_or_its_files(tmp_path: Path, inside: str) -> None:
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    for name in (SCRIPT, WASM):
        (tmp_path / inside / name).write_text(name)
    assert read_runtime(tmp_path) == (SCRIPT.encode(), WASM.encode())


def test_what_is_missing_is_said_with_what_to_do(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--fetch-runtime.*--runtime") as refusal:
        read_runtime()
    assert "\n" not in str(refusal.value)
    with pytest.raises(Refused, match=f"--runtime {tmp_path}: it has no {SCRIPT}"):
        read_runtime(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="stands in for npm with a script of the shell")
def test_only_the_pinned_archive_is_taken(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="needs npm"):
        fetch_runtime()
    for script, error in (
        ('echo changed > "$PWD/onnxruntime-web-1.30.0.tgz"', "SHA-512"),
        ("echo no network >&2; exit 1", "no network"),
    ):
        (tmp_path / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "npm").chmod(0o755)
        with pytest.raises(Failed, match=error):
            fetch_runtime()
    assert not cache.exists()
