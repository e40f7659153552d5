"""The tab Data in a real Chromium: archives and folders that are uploaded, checked and trained on."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


pytestmark = pytest.mark.browser
Client = Any
Visit = Callable[..., Any]


def archive(pictures: int = 12) -> bytes:
    """A ZIP of two classes of noise, and a file that is no picture."""
    buffer, random = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(buffer, "w") as file:
        for place in range(pictures):
            picture = io.BytesIO()
            Image.fromarray(random.integers(256, size=(8, 8, 3), dtype=np.uint8)).save(picture, format="PNG")
            file.writestr(f"{'ab'[place % 2]}/{place}.png", picture.getvalue())
        file.writestr("a/broken.png", b"no picture")
    return buffer.getvalue()


def test_an_archive_is_uploaded_checked_and_leads_to_a_training(opened: Any, visit: Visit) -> None:
    client = opened(most_upload=100_000)
    page = visit(client, "/data")
    page.set_input_files("[name=file]", {"name": "faces.zip", "mimeType": "application/zip", "buffer": archive()})
    page.wait_for_selector("#report:not([hidden])")
    said = page.inner_text("#lines")
    assert "12 pictures" in said and "skipped: 1" in said and "broken.png" in said
    page.click("#train")
    page.wait_for_url("**/runs?data=uploads%2Ffaces.zip*")
    page.wait_for_function(
        "() => document.getElementById('command').textContent.includes('honmono train folder --data')"
    )
    page = visit(client, "/data")
    for name, data, reason in (
        ("big.zip", bytes(100_001), "larger"),
        ("x.exe", b"x", "upload a"),
        ("faces.zip", b"x", "already"),
    ):
        page.set_input_files("[name=file]", {"name": name, "mimeType": "application/zip", "buffer": data})
        page.wait_for_function("r => document.querySelector('#upload .error').textContent.includes(r)", arg=reason)
    for field, text in (("source", "../runs"), ("size", "-1"), ("size", "x")):
        page.fill("#check [name=source]", "digits")
        page.fill("#check [name=size]", "")
        page.fill(f"#check [name={field}]", text)
        page.click("#check button")
        page.wait_for_selector(f"#check [name={field}][aria-invalid]")


def test_a_folder_is_dropped_or_chosen(opened: Any, visit: Visit, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("chosen", "dropped"):
        for place in range(120):  # a browser lists a hundred at a time
            path = tmp_path / name / ("été" if place % 2 else "hiver") / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(256, size=(8, 8, 3), dtype=np.uint8)).save(path)
    client = opened(most_upload=100_000)
    page = visit(client, "/data")
    page.set_input_files("[name=folder]", tmp_path / "chosen")
    page.wait_for_selector("#report:not([hidden])")
    assert "120 pictures" in page.inner_text("#lines")
    page.reload()
    where = page.locator("#drop").bounding_box()
    dragged = {"items": [], "files": [str(tmp_path / "dropped")], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"type": kind, "x": where["x"] + 20, "y": where["y"] + 20, "data": dragged}
        page.context.new_cdp_session(page).send("Input.dispatchDragEvent", at)
    page.wait_for_selector("#report:not([hidden])")
    for name in ("chosen", "dropped"):
        with zipfile.ZipFile(client.folders.data / "uploads" / f"{name}.zip") as file:
            assert file.testzip() is None and len(file.namelist()) == 120
            content = (tmp_path / name / "été" / "7.png").read_bytes()
            assert file.read("été/7.png") == content
