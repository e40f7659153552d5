import pytest

from honmono.errors import Refused
from honmono.recipe.grids import SampleGrid, refuse_repeated_names


def test_each_grid_has_a_file_of_its_own_and_the_first_is_the_film():
    refuse_repeated_names((SampleGrid(), SampleGrid(name="one-latent", latent="one")))
    for names in ((), ("rows",), ("", ""), ("", "a", "a")):
        with pytest.raises(Refused, match="grids are named"):
            refuse_repeated_names(tuple(SampleGrid(name=name) for name in names))


def test_a_grid_has_cells_and_a_name_that_files_can_have():
    with pytest.raises(Refused, match="at least 1 of each"):
        SampleGrid(rows=0)
    with pytest.raises(Refused, match="at least 1 of each"):
        SampleGrid(columns=0)
    with pytest.raises(Refused, match="finite"):
        SampleGrid(offset=float("nan"))
    for name in ("../x", "A", "a b"):
        with pytest.raises(Refused, match="grids: .*letters"):
            SampleGrid(name=name)
