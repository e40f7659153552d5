import random
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from honmono.data.sources.spooled import Spooled, sort_spooled
from honmono.errors import Failed


ODD = ["", "a/b.png", "caf\udce9/1.png", "猫/2.png"]  # the third is no UTF-8
MANY = 70_000


def test_values_are_those_that_were_given() -> None:
    names = Spooled(ODD)
    assert list(names) == ODD == [names[at] for at in range(len(ODD))]
    assert names[-1] == ODD[-1] and names[1:3] == ODD[1:3] and names[::-1] == ODD[::-1]
    with pytest.raises(IndexError):
        names[len(ODD)]


def test_so_are_many_in_any_order() -> None:
    numbers = Spooled(range(MANY))
    assert len(numbers) == MANY and list(numbers) == list(range(MANY)) and numbers.rising()
    places = random.Random(0).sample(range(MANY), 500)
    assert [numbers[at] for at in places] == places
    numbers.append(3)
    assert numbers[-1] == 3 and not numbers.rising() and numbers[MANY - 1] == MANY - 1
    assert list(numbers.between(250, 520)) == list(range(250, 520))


def test_they_know_whether_they_are_sorted() -> None:
    assert Spooled(sorted(ODD)).rising() and Spooled[str]([]).rising() and Spooled(["a", "a"]).rising()
    assert not Spooled(["b", "a"]).rising()


def test_sorting_gives_what_sorting_in_memory_does() -> None:
    numbers = [random.Random(0).randrange(1000) for _ in range(MANY)]
    pairs = [(number, str(at)) for at, number in enumerate(numbers)]
    assert list(sort_spooled(pairs)) == sorted(pairs) and list(sort_spooled(numbers)) == sorted(numbers)
    assert list(sort_spooled(ODD)) == sorted(ODD) and list(sort_spooled([])) == []


def test_memory_does_not_grow_with_their_number() -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        try:
            names = Spooled(f"class{at % 7}/picture-{at:08}.png" for at in range(number))
            assert sum(1 for _ in sort_spooled((names[number - 1 - at], at) for at in range(number))) == number
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(120_000) < 1.25 * peak(40_000)


def test_without_room_the_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(Failed, match="TMPDIR"):
        Spooled("a name" * 100 + str(number) for number in range(10_000))
