"""Uploads: bounded, whole or not at all, and nowhere but in the folder of data; what a check says."""

import io
import zipfile
from typing import Any

import pytest
from PIL import Image


Client = Any
BAD_NAMES = [
    "../x.zip",
    "..%2Fx.zip",
    "/etc/x.zip",
    "a/b.zip",
    ".hidden.zip",
    "x.exe",
    "",
    "x.zip%00.npz",
    "x" * 200 + ".zip",
]


@pytest.fixture
def small(opened: Any) -> Client:
    """A studio that accepts 10,000 bytes."""
    return opened(most_upload=10_000)


def archive() -> bytes:
    buffer, picture = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, format="PNG")
    with zipfile.ZipFile(buffer, "w") as file:
        for place in range(4):
            file.writestr(f"{place}.png", picture.getvalue())
        file.writestr("notes.png", b"no picture")
    return buffer.getvalue()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_leads_nowhere_else(small: Client, name: str) -> None:
    answer = small.post(f"/data/upload?name={name}", b"data")
    assert answer.status == 422 and answer.json["field"] == "file"
    assert list(small.folders.data.rglob("*.*")) == []


def test_too_much_is_refused_and_leaves_nothing(small: Client) -> None:
    answer = small.post("/data/upload?name=x.zip", bytes(10_001))
    assert answer.status == 422 and "larger" in answer.detail
    assert small.post("/data/upload?name=x.zip", b"").status == 422
    assert list(small.folders.data.rglob("*.*")) == []


def test_an_upload_is_kept_once_and_checked(small: Client) -> None:
    data = archive()
    assert small.post("/data/upload?name=four.zip", data).json == {"source": "uploads/four.zip"}
    assert (small.folders.data / "uploads" / "four.zip").read_bytes() == data
    assert "already" in small.post("/data/upload?name=four.zip", data).detail
    found = small.post("/data/check", {"source": "uploads/four.zip"}).json
    assert "4 pictures" in found["lines"][0] and "skipped: 1" in found["lines"] and found["recipe"] == "folder"
    assert "uploads/four.zip" in small.get("/data").body.decode()


@pytest.mark.parametrize("source", ["../runs", "/etc", "hf:mnist", "nothing", ""])
def test_only_the_folder_is_checked(client: Client, source: str) -> None:
    answer = client.post("/data/check", {"source": source})
    assert answer.status == 422 and answer.json["field"] == "source"


def test_points_need_no_check(client: Client) -> None:
    assert client.post("/data/check", {"source": "ring"}).json["recipe"] == "gan-grid"
