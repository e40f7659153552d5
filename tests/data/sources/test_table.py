import tracemalloc

from honmono.data.sources.table import Table


ODD = ["", "caf\udce9/1.png", "猫/2.png", "猫/2.PNG"]  # the second is no UTF-8


def test_values_are_found_by_their_keys() -> None:
    table = Table(((name, at) for at, name in enumerate(ODD)), keep="first")
    assert [table.get(name) for name in ODD] == [0, 1, 2, 3] and len(table) == 4
    assert table.get("missing") is None and "missing" not in table and ODD[1] in table
    numbers = Table([(1 << 70, "ü"), (-1, "minus")], keep="last")
    assert numbers.get(1 << 70) == "ü" and {*numbers.values()} == {"ü", "minus"}


def test_of_several_for_one_key_one_is_kept() -> None:
    pairs = [(b"k", 1), (b"k", 2), (b"other", 3)]
    assert Table(pairs, keep="first").get(b"k") == 1 and Table(pairs, keep="last").get(b"k") == 2


def test_memory_does_not_grow_with_their_number() -> None:
    tracemalloc.start()
    try:
        table = Table(((f"picture-{at:08}.png", at % 7) for at in range(60_000)), keep="first")
        assert len(table) == 60_000 and table.get("picture-00050000.png") == 50_000 % 7
        assert tracemalloc.get_traced_memory()[1] < 3e6
    finally:
        tracemalloc.stop()
