"""Where packed pictures are kept, one process at a time, and what is said where there is no such place."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from honmono.data.cache import cache_dir, turn_at
from honmono.data.mixtures import Grid
from honmono.data.pictures import Pictures
from honmono.data.sources.open import open_source
from honmono.errors import Refused


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a container that runs under a number of which the system knows no user."""
    pwd = pytest.importorskip("pwd")
    for name in ("HOME", "HONMONO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_entry(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", no_entry)
    with pytest.raises(RuntimeError):
        Path.home()
    return monkeypatch


def test_without_a_home_the_refusal_names_the_variable(homeless: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no home directory .*HONMONO_CACHE"):
        Pictures(source="digits").open()
    for name in ("XDG_CACHE_HOME", "HONMONO_CACHE"):
        homeless.setenv(name, str(tmp_path / name))
        assert cache_dir().is_relative_to(tmp_path / name)
    assert Pictures(source="digits").open().length == 1797


def test_without_a_home_points_need_none(homeless: pytest.MonkeyPatch) -> None:
    assert Grid().open().sample_shape == (2,)


@pytest.mark.parametrize("path", ["~/pictures", "~no-such-user/pictures"])
def test_the_home_of_nobody_is_a_path_that_is_not_there(homeless: pytest.MonkeyPatch, path: str) -> None:
    with pytest.raises(Refused, match=f"there is no {path}"):
        open_source(path)


def test_what_a_killed_process_left_of_an_entry_is_removed(tmp_path: Path) -> None:
    for name in (".entry.0123.partial", ".other.0123.partial"):
        (tmp_path / name).mkdir()
    with turn_at(tmp_path / "entry"):
        assert {path.name for path in tmp_path.iterdir()} == {"entry.lock", ".other.0123.partial"}


def test_another_process_waits_for_its_turn(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from honmono.data.cache import turn_at; folder = pathlib.Path(sys.argv[1])\n"
        "(folder / 'begun').touch()\n"
        "with turn_at(folder / 'entry'): (folder / 'had').touch()"
    )
    with turn_at(tmp_path / "entry"):
        other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        time.sleep(0.2)
        assert not (tmp_path / "had").exists()
    assert other.wait(timeout=30) == 0 and (tmp_path / "had").exists()
