"""A compiled step on a GPU as one CUDA graph, whose kernels are launched by a single call."""

import warnings
from collections.abc import Callable, Sequence

from torch import Tensor

from honmono.devices import one_line
from honmono.training.engine import Record, Work


WARM_UPS = 3  # calls before the recording: compilers and libraries choose kernels and allocate in the first ones


class Replayed:
    """A function that changes `state` in place and returns tensors, recorded once and replayed.

    A replay reads and writes the tensors of its recording. The state is always there; other inputs are copied to where
    the recording read them.

    record: None where the device cannot record; then it is called as it is.
    """

    def __init__(self, run: Callable[..., Sequence[Tensor]], record: Record | None) -> None:
        self._run, self._record = run, record
        self._state: Sequence[Tensor] | None = None
        self._given: list[Tensor] = []
        self._replay: Work | None = None
        self._calls = 0

    def __call__(self, state: Sequence[Tensor], given: Sequence[Tensor]) -> Sequence[Tensor]:
        if self._record is None:
            return self._run(*state, *given)
        if state is not self._state:  # other tensors: nothing is recorded for them
            self._state, self._calls, self._replay = state, 0, None
        self._calls += 1
        if self._calls <= WARM_UPS:
            return self._run(*state, *given)
        if self._replay is None:
            self._given = [tensor.clone() for tensor in given]
            self._replay = self._recorded(self._record, state)
        for place, tensor in zip(self._given, given, strict=True):
            place.copy_(tensor)
        return [tensor.clone() for tensor in self._replay()]

    def _recorded(self, record: Record, state: Sequence[Tensor]) -> Work:
        def work() -> Sequence[Tensor]:
            return self._run(*state, *self._given)

        try:
            return record(work)
        except RuntimeError as error:
            warnings.warn(f"the step runs without a CUDA graph: {one_line(error)}", stacklevel=2)
            return work
