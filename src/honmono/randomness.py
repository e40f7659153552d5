"""Randomness without memory: every draw is a function of (seed, purpose, clock), so that nothing needs saving."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def stream(seed: int, purpose: str, *clock: int) -> np.random.Generator:
    """The random numbers of one purpose at one moment: Philox keyed by (seed, purpose), counted by the clock.

    The key hashes the whole seed (torch's CPU generator keeps only 32 bits of one). The clock, at most three
    non-negative integers, fills the high words of Philox's 256-bit counter; the lowest word is left to the draws
    themselves, so that two moments never share a number.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """
    assert len(clock) <= 3 and all(word >= 0 for word in clock)
    key = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=16).digest()
    counter = np.array([0, *clock, *([0] * (3 - len(clock)))], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=np.frombuffer(key, dtype=np.uint64), counter=counter))


def seed_of(seed: int, purpose: str, *clock: int) -> int:
    """A 32-bit seed for generators that keep their own state, by the same key and clock as `stream`."""
    return int(stream(seed, purpose, *clock).integers(2**32))


def reseed(seed: int, device: torch.device) -> None:
    """Sets what randomness inside networks (noise, dropout) will be on the CPU and on a device.

    Not by `torch.manual_seed`, which formats a stack trace for every kind of device that may come yet: 0.3 ms.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.get_device_module(device).default_generators[device.index or 0].manual_seed(seed)
    elif device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


@contextmanager
def preserve_rng_state(device: torch.device) -> Iterator[None]:
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
