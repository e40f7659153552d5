"""Writes the README's first picture from three of the gallery: digits, photographs and points with a discriminator.

python benchmarks/cover.py
"""

from pathlib import Path

from PIL import Image


IMAGES = Path(__file__).parents[1] / "docs" / "images"
HEIGHT, GAP = 320, 12
PARTS = ("dcgan-mnist", "folder", "rpgan-grid")


def main() -> None:
    cover().save(IMAGES / "cover.png", optimize=True)


def cover() -> Image.Image:
    """The parts side by side on white, at one height, in 64 colours."""
    parts = [part(name) for name in PARTS]
    width = sum(picture.width for picture in parts) + GAP * (len(parts) - 1)
    whole = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for picture in parts:
        whole.paste(picture, (left, 0))
        left += picture.width + GAP
    return whole.quantize(64, dither=Image.Dither.NONE)


def part(name: str) -> Image.Image:
    picture = Image.open(IMAGES / "gallery" / f"{name}.png").convert("RGB")
    return picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
