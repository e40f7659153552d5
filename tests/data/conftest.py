"""A folder with everything that goes wrong in a folder of pictures."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """An array (height, width[, channels]), or an Image, as the bytes of a file of some format."""

    def encode(pixels: np.ndarray | Image.Image, format: str = "PNG", **options: object) -> bytes:
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        file = io.BytesIO()
        image.save(file, format, **options)
        return file.getvalue()

    return encode


@pytest.fixture(scope="session")
def scene() -> np.ndarray:
    """(48, 64, 3) uint8, smooth, nowhere black, and different in all of its corners."""
    across, down = np.linspace(40, 240, 64), np.linspace(60, 200, 48)
    red, green = np.broadcast_to(across, (48, 64)), np.broadcast_to(down[:, None], (48, 64))
    return np.stack([red, green, 255 - red], axis=-1).astype(np.uint8)


@pytest.fixture(scope="session")
def horrible(tmp_path_factory: pytest.TempPathFactory, encode: Encode, scene: np.ndarray) -> Path:
    """The folder; nobody writes into it."""
    folder = tmp_path_factory.mktemp("horrible")
    image = Image.fromarray(scene)
    turned = Image.Exif()
    turned[0x0112] = 6
    photograph = encode(image.resize((320, 240)), "JPEG", quality=95)
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    files = {
        "grey.png": encode(scene[..., 0]),
        "grey-alpha.png": encode(image.convert("LA")),
        "rgba.png": encode(image.convert("RGBA")),
        "palette.png": encode(image.quantize(16)),
        "sixteen.png": encode(scene[..., 0].astype(np.uint16) * 257),
        "cmyk.jpg": encode(image.convert("CMYK"), "JPEG", quality=95),
        "turned.jpg": encode(image, "JPEG", exif=turned, quality=95),
        "truncated.jpg": photograph[: int(len(photograph) * 0.8)],
        "mostly-lost.jpg": photograph[: int(len(photograph) * 0.3)],
        "empty.png": b"",
        "one.png": encode(scene[:1, :1]),
        "huge.jpg": encode(image.resize((6000, 4000)), "JPEG"),
        "moving.gif": encode(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "text.jpg": b"not a picture at all",
        "notes.txt": b"a note",
        "文字.png": encode(scene),
        "ñandú 🦤.webp": encode(scene, "WEBP", lossless=True),
        ".hidden.png": encode(scene),
        "__MACOSX/._grey.png": b"resource fork",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
