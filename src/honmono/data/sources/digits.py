"""The built-in pictures: 1,797 real handwritten digits of 8x8 pixels that come with scikit-learn.

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits" (UCI, 1998), its test part.
"""

import hashlib
from typing import Any, final

import numpy as np

from honmono.data.sources.arrays import ArraySource, Stored, numbered_classes


@final
class Digits(ArraySource):
    """scikit-learn's digits; their 17 greys 0..16 become 0..255."""

    name = "digits"
    split = None

    def fingerprint(self) -> str:
        """The hash of the pixels and labels."""
        stored = self.load()
        assert stored.labels is not None and isinstance(stored.pixels, np.ndarray)
        return hashlib.blake2b(stored.pixels.tobytes() + stored.labels.tobytes(), digest_size=16).hexdigest()

    def load(self) -> Stored:
        """Asks scikit-learn."""
        from sklearn.datasets import load_digits

        digits: Any = load_digits()
        labels = digits.target.astype(np.int64)
        return Stored(digits.images.astype(np.uint8), labels, numbered_classes(labels), 0, 16)
