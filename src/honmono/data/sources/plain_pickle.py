"""Pickles of arrays, numbers and texts alone: nothing that a pickle names is called.

Unlike `pickle.load`, reading a stranger's file runs none of the stranger's code: the few constructors that arrays need
are ours, and every other name is refused. The unpickler is the one in Python, which keeps what it has seen in a
dictionary: the one in C sets memory aside for as many objects as a damaged file claims to have.
"""

import io
import pickle
import struct
from typing import Any, ClassVar

import numpy as np


class Unsafe(Exception):
    """A pickle that needs more than arrays, numbers and texts."""


def load_plain(data: bytes) -> Any:
    """What the pickle holds: dictionaries and lists of arrays, numbers and texts (bytes where Python 2 wrote them)."""
    return _arrays(_Plain(data).load())


class _Type:
    """In place of `numpy.dtype`: remembers the code and the byte order."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code, self.order = _text(code), "<"

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1])

    def dtype(self) -> np.dtype:
        found = np.dtype(self.code)
        if found.kind not in "biufSUO":
            raise Unsafe(f"an array of {self.code}")
        return found.newbyteorder(">") if self.order == ">" and found.kind != "O" else found


class _Array:
    """Stands for a `numpy.ndarray` until its numbers are known."""

    def __init__(self, *_: Any) -> None:
        self.value: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, columns_first, data = state
        if kind.dtype().kind == "O":
            self.value = np.empty(len(data), object)
            self.value[:] = data
        else:
            data = data.encode("latin-1") if isinstance(data, str) else data
            self.value = np.frombuffer(data, kind.dtype())
        self.value = self.value.reshape(shape, order="F" if columns_first else "C")


def _from_buffer(data: Any, kind: _Type, shape: Any, order: str) -> _Array:
    if not isinstance(data, bytes | bytearray):
        raise Unsafe("an array of something other than bytes")
    made = _Array()
    made.__setstate__((1, shape, kind, order == "F", bytes(data)))
    return made


def _number(kind: _Type, data: Any) -> Any:
    data = data.encode("latin-1") if isinstance(data, str) else data
    return np.frombuffer(data, kind.dtype(), 1)[0].item()


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise Unsafe(f"a text in {encoding}")
    return text.encode("latin-1")


_CALLED = {
    "_codecs.encode": _encoded,
    "numpy.dtype": _Type,
    "numpy._core._internal._convert_to_stringdtype_kwargs": lambda *_: _Type("O"),  # its texts lie in a list
    "numpy.ndarray": "an array's type, which is never called",
    **{f"numpy.{core}.multiarray._reconstruct": _Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _number for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _from_buffer for core in ("core", "_core")},
}


class _Plain(pickle._Unpickler):
    """Reads `data`. State is given to arrays and their types alone, and no length is believed that the data lacks."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="bytes")
        self._size = len(data)

    def load_build(self) -> None:
        if not isinstance(self.stack[-2], _Type | _Array):  # pyright: ignore[reportAttributeAccessIssue]
            raise Unsafe("it gives a state to something that is no array")
        super().load_build()  # pyright: ignore[reportAttributeAccessIssue]

    def load_bytearray8(self) -> None:
        (length,) = struct.unpack("<Q", self.read(8))  # pyright: ignore[reportAttributeAccessIssue]
        if length > self._size:
            raise Unsafe(f"it is {self._size:,} bytes long and claims {length:,} more")
        self.append(bytearray(self.read(length)))  # pyright: ignore[reportAttributeAccessIssue]

    dispatch: ClassVar[dict[int, Any]] = {  # noqa: RUF012 (read by the class that it inherits from)
        **pickle._Unpickler.dispatch,  # pyright: ignore[reportAttributeAccessIssue]
        pickle.BUILD[0]: load_build,
        pickle.BYTEARRAY8[0]: load_bytearray8,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _CALLED[f"{module}.{name}"]
        except KeyError as error:
            raise Unsafe(f"it calls {module}.{name}, and only arrays, numbers and texts are read") from error


def _arrays(value: Any, depth: int = 4) -> Any:
    if isinstance(value, _Array):
        return value.value
    if depth and isinstance(value, dict):
        return {_text(key): _arrays(one, depth - 1) for key, one in value.items()}
    if depth and isinstance(value, list | tuple):
        return [_arrays(one, depth - 1) for one in value]
    return value


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
