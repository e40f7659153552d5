"""What `--data` may name for which recipe."""

from dataclasses import dataclass

import pytest

from honmono.data.base import Data, Dataset
from honmono.data.door import with_source
from honmono.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Sounds(Data):
    """A user's own data, of which we know no source."""

    def open(self) -> Dataset:
        raise NotImplementedError


@pytest.mark.parametrize("source", ["digits", "grid", "stacked-mnist:there", "there"])
def test_a_user_s_own_data_takes_no_other_source(source: str) -> None:
    with pytest.raises(Refused, match="the data of mine is Sounds, which takes no other source: leave --data out"):
        with_source(Sounds(), source, "mine")
