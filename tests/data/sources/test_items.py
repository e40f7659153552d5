from array import array

import pytest

from honmono.data.sources.items import Item, Items, Names, positions


ODD = ["", "a/b.png", "caf\udce9/1.png", "猫/2.png"]  # the third is no UTF-8


def test_names_are_those_that_were_given() -> None:
    names = Names(ODD)
    assert list(names) == ODD == [names[at] for at in range(len(ODD))]
    assert names[-1] == ODD[-1] and names[1:3] == ODD[1:3] and names[::-1] == ODD[::-1]
    with pytest.raises(IndexError):
        names[len(ODD)]


def test_names_know_whether_they_are_sorted() -> None:
    assert Names(sorted(ODD)).rising and Names([]).rising and Names(["a", "a"]).rising
    assert not Names(["b", "a"]).rising


def test_items_are_names_with_their_labels() -> None:
    items = Items(Names(["a", "b", "c"]), positions([2, 0]), array("i", (1, 0)))
    assert list(items) == [Item("c", 1), Item("a", 0)] and list(items[1:]) == [Item("a", 0)]
    assert items[-1] == Item("a", 0) and len(items) == 2
    assert list(Items(["a"], positions([0]), None)) == [Item("a", None)]
