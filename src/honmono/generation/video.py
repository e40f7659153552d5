"""Frames as an MP4, which any player and slide show takes; written by PyAV, an extra."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from honmono.errors import Refused
from honmono.files import atomic_write_bytes


_QUALITY = "16"  # H.264's constant rate factor: 0 is lossless, 23 its usual one


def refuse_without_encoder(out: Path) -> None:
    """Raises `Refused` where the library that writes MP4s is missing."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise Refused(
            f"--out {out}: MP4 is written by the library av: pip install 'honmono[video]'; .gif and .webp need nothing"
        ) from error


def write_mp4(frames: Sequence[Image.Image], path: Path, frame_ms: int) -> None:
    """H.264 with colours at half resolution, as all players read it; an odd side gets one more row of white pixels."""
    import av

    width, height = (side + side % 2 for side in frames[0].size)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=Fraction(1000, frame_ms), options={"crf": _QUALITY})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            even = Image.new("RGB", (width, height), "white")
            even.paste(frame)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(even), format="rgb24")))
        film.mux(stream.encode())
    atomic_write_bytes(path, buffer.getvalue())
