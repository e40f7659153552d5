import pytest

from honmono.data.sources.items import Item, Items, Positions, Turns


def test_positions_are_those_that_were_given() -> None:
    given = [5, 6, 7, 2, 3, 9, 0]
    places = Positions(given)
    assert list(places) == given == [places[at] for at in range(7)] and len(places) == 7
    assert (
        places[-1] == 0 and places[1:4] == [6, 7, 2] and [*places.runs()] == [*map(range, (5, 2, 9, 0), (8, 4, 10, 1))]
    )
    places.extend(Positions([1, 2]))
    assert [*places] == [*given, 1, 2] and not Positions()
    with pytest.raises(IndexError):
        places[9]


def test_positions_of_several_are_put_together_in_rising_order() -> None:
    together = Positions.together([Positions([4, 5, 8]), Positions(), Positions([0, 6, 7])])
    assert [*together] == [0, 4, 5, 6, 7, 8] and len([*together.runs()]) == 2


def test_positions_without_some() -> None:
    assert [*Positions([1, 2, 3, 7, 9]).without([0, 2, 7, 8])] == [1, 3, 9]
    assert [*Positions([1, 2]).without([])] == [1, 2] and [*Positions([1, 2]).without([1, 2, 3])] == []


def test_classes_take_turns() -> None:
    of_class = [Positions(), Positions([7, 8, 9, 20]), Positions([1]), Positions([30, 2])]
    turns = Turns(of_class)
    assert [*turns] == [7, 1, 30, 8, 2, 9, 20] == [turns[at] for at in range(7)]
    assert [*turns.classes] == [1, 2, 3, 1, 3, 1, 1] == [turns.classes[at] for at in range(7)]
    assert [*Turns([])] == [] == [*Turns([Positions()])]
    with pytest.raises(IndexError):
        turns[7]


def test_items_are_names_with_their_labels() -> None:
    items = Items(["a", "b", "c"], Positions([2, 0]), [1, 0])
    assert list(items) == [Item("c", 1), Item("a", 0)] and items[1:] == [Item("a", 0)]
    assert items[-1] == Item("a", 0) and len(items) == 2
    assert list(items.unlabelled()) == [Item("c", None), Item("a", None)]
    assert list(Items.of("ab", [1, 0])) == [Item("a", 1), Item("b", 0)]
