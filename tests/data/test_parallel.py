"""Work on more items than threads alone do: processes give the same as this one would."""

import os

import numpy as np
import pytest

from honmono.data.packing.decode import HUGE_PIXELS, decode
from honmono.data.parallel import Pace, in_parallel, run_in_parallel
from honmono.data.sources.base import Content
from honmono.data.worker import NotHere, Task, in_worker
from honmono.errors import Failed


MANY = 1500  # items


def length(content: Content) -> int:
    assert isinstance(content, bytes)
    return len(content)


def process(content: Content) -> int:
    if in_worker() and content == b"here":
        raise NotHere
    return os.getpid()


def failing(content: Content) -> None:
    if content == b"last":
        raise KeyError("this one")


def ending(content: Content) -> None:
    if in_worker():
        os._exit(3)


def side(content: Content) -> int:
    return decode(content, 8)[1].width


class Placed(Task[bytes, tuple[int, bytes]]):
    """Each content, and its place among all."""

    def one(self, content: Content) -> bytes:
        assert isinstance(content, bytes)
        if in_worker() and content.endswith(b"3"):
            raise NotHere
        return content

    def together(self, first: int, found: list[bytes]) -> list[tuple[int, bytes]]:
        return [*enumerate(found, first)]


def test_results_come_in_order() -> None:
    contents = ((3 * index, b"x" * (index % 7)) for index in range(MANY))
    assert list(in_parallel(length, contents)) == [(3 * index, index % 7) for index in range(MANY)]


def test_work_that_a_worker_leaves_is_done_here() -> None:
    contents = ((index, b"here" if index % 2 else b"there") for index in range(MANY))
    found = dict(in_parallel(process, contents))
    assert {found[index] for index in range(1, MANY, 2)} == {os.getpid()}


def test_an_error_in_a_worker_is_raised_here() -> None:
    contents = ((index, b"last" if index == MANY - 1 else b"") for index in range(MANY))
    with pytest.raises(KeyError, match="this one"):
        list(in_parallel(failing, contents))


def test_a_worker_that_ends_by_itself_is_one_line() -> None:
    with pytest.raises(Failed, match="exit code 3"):
        list(in_parallel(ending, ((index, b"") for index in range(MANY))))


def test_a_huge_picture_among_small_ones_is_decoded_here_alone(encode) -> None:
    small, huge = encode(np.zeros((8, 8), np.uint8)), encode(np.zeros((1000, HUGE_PIXELS // 1000), np.uint8))
    contents = ((index, huge if index == MANY - 2 else small) for index in range(MANY))
    assert [width for _, width in in_parallel(side, contents)][-3:] == [8, HUGE_PIXELS // 1000, 8]


def test_a_task_knows_the_places_of_contents_wherever_it_runs() -> None:
    contents = ((2 * place, str(place).encode()) for place in range(MANY))
    found = list(run_in_parallel(Placed(), contents))
    assert found == [(2 * place, (place, str(place).encode())) for place in range(MANY)]


def test_as_many_items_are_taken_as_take_a_tenth_of_a_second() -> None:
    pace = Pace()
    assert pace.items == 32
    pace.learn(32, 0.8)
    assert pace.items == 4
    pace.learn(4, 0.04)
    assert pace.items == 10


def test_items_are_taken_at_least_singly_and_at_most_a_thousand_at_a_time() -> None:
    pace = Pace()
    pace.learn(32, 60.0)
    assert pace.items == 1
    for seconds in (1e-4, 0.0):  # a clock may not have moved
        pace.learn(1, seconds)
        assert pace.items in (1000, 1024)


def test_a_timed_chunk_gives_its_results_and_sets_the_pace() -> None:
    pace = Pace()
    assert pace.timed(Placed().run, 5, [b"a", b"b"]) == [(5, b"a"), (6, b"b")]
    assert 1 <= pace.items <= 1024
