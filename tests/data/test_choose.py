"""What `--data` may name for which recipe."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from honmono.data.base import Data, Dataset
from honmono.data.choose import found_anywhere, with_source
from honmono.data.pictures import Pictures
from honmono.data.stacked import StackedMNIST
from honmono.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Sounds(Data):
    """A user's own data, of which we know no source."""

    def open(self) -> Dataset:
        raise NotImplementedError


@pytest.mark.parametrize("source", ["digits", "grid", "stacked-mnist:there", "there"])
def test_a_user_s_own_data_takes_no_other_source(source: str) -> None:
    with pytest.raises(Refused, match="Sounds.*leave --data out"):
        with_source(Sounds(), source, "mine")


def test_a_path_is_found_from_anywhere_and_the_rest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    for kind in (Pictures, StackedMNIST):
        assert found_anywhere(kind(source="mine@test")) == kind(source=f"{tmp_path / 'mine'}@test")
        for source in (None, "digits", "hf:mine", "nowhere"):
            assert found_anywhere(kind(source=source)) == kind(source=source)
    assert found_anywhere(Sounds()) == Sounds()
