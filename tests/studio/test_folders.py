"""No name leads out of the two folders, neither by dots nor by links."""

from pathlib import Path
from typing import Any

import pytest

from honmono.errors import Refused
from honmono.studio.folders import Folders


Client = Any
OUT = ["..", ".", "", "../runs", "/etc", "a/b", ".studio", "%2e%2e", "00001-dcgan-digits/..", "x\0y"]


@pytest.mark.parametrize("name", OUT)
def test_a_run_is_a_name(folders: Folders, name: str) -> None:
    with pytest.raises(Refused):
        folders.run(name)


def test_a_link_to_a_run_elsewhere_is_no_run(folders: Folders, trained: Path) -> None:
    (folders.runs / "00009-link").symlink_to(trained / "00001-dcgan-digits")
    with pytest.raises(Refused, match="outside"):
        folders.run("00009-link")


@pytest.mark.parametrize(
    "path", ["samples/..%2frecipe.json", "samples/recipe.json", "samples/classes.txt", "samples/0.png"]
)
def test_only_sample_pictures_are_sent(client: Client, path: str) -> None:
    assert client.get(f"/runs/00001-dcgan-digits/{path}").status in (404, 422)


def test_a_linked_picture_is_not_sent(opened: Any, tmp_path: Path) -> None:
    client = opened()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (client.folders.runs / "00001-dcgan-digits" / "samples" / "000000009.png").symlink_to(tmp_path / "secret.png")
    answer = client.get("/runs/00001-dcgan-digits/samples/000000009.png")
    assert answer.status == 422 and b"secret.png" not in answer.body


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"])
def test_only_the_studio_s_own_files_are_sent(client: Client, path: str) -> None:
    assert client.get(path).status == 404


@pytest.mark.parametrize("text", ["../runs", "/etc", "~", "~root", "hf:mnist", "stacked-mnist:/etc", "nothing", "a\0b"])
def test_data_is_in_its_folder(folders: Folders, text: str) -> None:
    with pytest.raises(Refused):
        folders.source(text)


def test_data_is_found_by_its_name(folders: Folders) -> None:
    (folders.data / "faces").mkdir()
    assert folders.source("faces") == str((folders.data / "faces").resolve())
    assert folders.source("stacked-mnist:faces") == f"stacked-mnist:{(folders.data / 'faces').resolve()}"
    assert folders.source("digits") == "digits"
    (folders.data / "out").symlink_to("/etc")
    with pytest.raises(Refused, match="outside"):
        folders.source("out")
