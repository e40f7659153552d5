"""A page: what it carries, and which runs have none. What it draws: test_page_in_browser.py."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import honmono
from honmono.errors import Refused
from honmono.generation.exports.web_runtime import SCRIPT, WASM
from honmono.generation.load import TrainedRun


for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package)


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A folder with files of the runtime's names."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    for name in (SCRIPT, WASM):
        (folder / name).write_text(f"{name} </script>")
    return folder


def test_one_file_holds_everything_and_links_to_nothing(
    stirred: Callable[..., TrainedRun], runtime: Path, tmp_path: Path, read_html: Any
) -> None:
    run = stirred("dcgan-digits")
    file = honmono.export(run, "page", tmp_path / "new" / "digits.html", runtime=runtime)
    assert [path.name for path in file.parent.iterdir()] == ["digits.html"]
    page = read_html(file.read_text(encoding="utf-8"))
    assert page.sources == []
    carried = dict(zip((given.get("id") for tag, given in page.tags if tag == "script"), scripts(page), strict=True))
    unpacked = {name: gzip.decompress(base64.b64decode(carried[name])) for name in ("runtime", "wasm", "model")}
    assert unpacked["runtime"] == f"{SCRIPT} </script>".encode() and unpacked["wasm"] == f"{WASM} </script>".encode()
    assert b"largest_difference" in unpacked["model"]
    about = json.loads(carried["about"])
    assert about["classes"] == [*"0123456789"] and about["shape"] == [1, 8, 8] and about["latentShape"] == [64]
    assert file.read_bytes() == honmono.export(run, "page", tmp_path / "again.html", runtime=runtime).read_bytes()


def scripts(page: Any) -> list[str]:
    """The content of each script."""
    return [part.split(">", 1)[1].split("</script>")[0] for part in page.document.split("<script")[1:]]


def test_what_has_no_page(stirred: Callable[..., TrainedRun], runtime: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(Refused, match="generates points"):
        honmono.export(stirred("gan-grid"), "page", out, runtime=runtime)
    with pytest.raises(Refused, match="evaluates the network 200 times.*--sampler-steps"):
        honmono.export(stirred("flow-mnist").with_sampler(steps=50, solver="midpoint"), "page", out, runtime=runtime)
    with pytest.raises(Refused, match="--fetch-runtime"):
        honmono.export(stirred("dcgan-digits"), "page", out)
    with pytest.raises(Refused, match="give a .html file"):
        honmono.export(stirred("dcgan-digits"), "page", tmp_path / "page.htm", runtime=runtime)
    assert not out.exists()
