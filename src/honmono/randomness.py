"""Stateless randomness: every draw is a function of (seed, purpose, counter), so no generator state is saved."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def stream(seed: int, purpose: str, *clock: int) -> np.random.Generator:
    """A generator of independent random numbers: Philox with a key from (seed, purpose) and a counter from the clock.

    purpose: what the numbers are for, such as "draws".
    clock: at most three non-negative integers, such as the step. They fill the high words of Philox's 256-bit counter;
        the lowest word counts the draws, so that generators of different clocks never overlap.
    The key hashes the whole seed (torch's CPU generator uses only 32 bits of it).

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
    """
    assert len(clock) <= 3 and all(word >= 0 for word in clock)
    key = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=16).digest()
    counter = np.array([0, *clock, *([0] * (3 - len(clock)))], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=np.frombuffer(key, dtype=np.uint64), counter=counter))


def seed_of(seed: int, purpose: str, *clock: int) -> int:
    """A 32-bit seed for generators with a state of their own, from the same key and clock as `stream`."""
    return int(stream(seed, purpose, *clock).integers(2**32))


def reseed(device: torch.device, seed: int, purpose: str, *clock: int) -> None:
    """Seeds torch's default generators on the CPU and on a device, which noise and dropout inside networks use, by
    `seed_of`.

    Not by `torch.manual_seed`, which takes 0.3 ms to format a stack trace for each device that may be added later.
    """
    seed = seed_of(seed, purpose, *clock)
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.get_device_module(device).default_generators[device.index or 0].manual_seed(seed)
    elif device.type != "cpu":
        torch.get_device_module(device).manual_seed(seed)


@contextmanager
def preserve_rng_state(device: torch.device) -> Iterator[None]:
    """Restores torch's default generators, of the CPU and of a device, at the end of the block.

    Like `torch.random.fork_rng`, which does not support Apple's GPUs.
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
