"""The window that points in the plane are shown in: it depends on the reals only, so that pictures make a film."""

import numpy as np
from jaxtyping import Float


MARGIN = 0.15  # of the reals' extent, on each side


def window(real: Float[np.ndarray, "reals 2"]) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
    """The corners of a square around all real points."""
    low, high = real.min(axis=0), real.max(axis=0)
    half = (0.5 + MARGIN) * max((high - low).max(), 1e-6)
    return (low + high) / 2 - half, (low + high) / 2 + half
