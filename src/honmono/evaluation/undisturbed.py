"""Drawing samples in the middle of something else without leaving a trace on its randomness."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Within it the default generators of the CPU and of a device may be used freely; afterwards they are as before.

    Not `torch.random.fork_rng`, which cannot do this for Apple's GPUs.
    """
    state = torch.get_rng_state()
    module = None if device.type == "cpu" else torch.get_device_module(device)
    where = (device,) if device.type == "cuda" else ()
    device_state = None if module is None else module.get_rng_state(*where)
    try:
        yield
    finally:
        torch.set_rng_state(state)
        if module is not None:
            module.set_rng_state(device_state, *where)
