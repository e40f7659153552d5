"""Values by keys in a temporary file, so that memory does not grow with their number."""

import pickle
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from typing import Generic, Literal, TypeVar, final

from honmono.data.sources.spooled import no_room


Key = TypeVar("Key", int, bytes, str)
Value = TypeVar("Value")


@final
class Table(Generic[Key, Value]):
    """A value of a plain type for each key, of several for one key the first or the last that came; for one thread."""

    def __init__(self, pairs: Iterable[tuple[Key, Value]], keep: Literal["first", "last"]) -> None:
        self._rows = sqlite3.connect("")
        weakref.finalize(self, self._rows.close)
        rows = ((_stored(key), pickle.dumps(value)) for key, value in pairs)
        otherwise = "ignore" if keep == "first" else "replace"
        try:
            self._rows.execute("create table held (key primary key, value) without rowid")
            self._rows.executemany(f"insert or {otherwise} into held values (?, ?)", rows)
        except sqlite3.Error as error:
            raise no_room(str(error)) from error

    def __len__(self) -> int:
        return self._rows.execute("select count(*) from held").fetchone()[0]

    def values(self) -> Iterator[Value]:
        """All values, in any order."""
        return (pickle.loads(value) for (value,) in self._rows.execute("select value from held"))

    def __contains__(self, key: Key) -> bool:
        return self._row(key) is not None

    def get(self, key: Key) -> Value | None:
        """The value of a key, None where there is none."""
        row = self._row(key)
        return None if row is None else pickle.loads(row[0])

    def _row(self, key: Key) -> tuple[bytes] | None:
        return self._rows.execute("select value from held where key = ?", (_stored(key),)).fetchone()


def _stored(key: int | bytes | str) -> bytes:
    # SQLite's numbers have 64 bits, and its texts cannot hold names that are no UTF-8.
    return key if isinstance(key, bytes) else str(key).encode("utf-8", "surrogatepass")
