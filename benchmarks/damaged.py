"""Small archives and arrays with random damage, through `honmono data check`: each is read or refused.

    python benchmarks/damaged.py --cases 100000 [--seed 0]

Prints how many were read and refused, and names every case that ended in another exception or took over 5 seconds, by
the numbers that make it again. Exit status 1 where there are any.
"""

import argparse
import gzip
import io
import pickle
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from honmono.data.packing.check import check
from honmono.errors import Refused


SLOW_SECONDS = 5.0
ZIPS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2}
ZIPS |= {"lzma": zipfile.ZIP_LZMA}
TARS = {"": "w", ".gz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}


def whole() -> dict[str, bytes]:
    """Sound files by name, a few hundred to a few thousand bytes each."""
    from scipy.io import savemat

    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
    pictures = {f"{place % 2}/{place}.bmp": _bmp(one) for place, one in enumerate(pixels)}
    labels = np.array([0, 1, 0, 1, 0])
    found = {f"{name}.zip": _zip(pictures, method) for name, method in ZIPS.items()}
    found |= {f"set.tar{ending}": _tar(pictures, mode) for ending, mode in TARS.items()}
    found["stored.npz"] = _written(lambda file: np.savez(file, images=pixels, labels=labels))
    found["deflated.npz"] = _written(lambda file: np.savez_compressed(file, images=pixels, labels=labels))
    found["words.npz"] = _written(lambda file: np.savez(file, images=pixels, labels=np.array(list("ababa"), object)))
    found["whole.npy"] = _written(lambda file: np.save(file, pixels))
    found["fractions.npy"] = _written(lambda file: np.save(file, pixels / 255))
    found["set.mat"] = _written(lambda file: savemat(file, {"X": pixels.transpose(1, 2, 0), "y": labels}))
    found["train-images-idx3-ubyte.gz"] = gzip.compress(struct.pack(">4I", 0x803, 5, 8, 8) + pixels.tobytes())
    found["data_batch_1"] = pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1]}, protocol=2)
    found["train.csv"] = _written(lambda file: np.savetxt(file, pixels.reshape(5, 64), "%d", ","))
    return found


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """The same with a few bytes changed, cut short, lengthened, or with a stretch of it doubled or left out."""
    made = bytearray(content)
    match random.integers(6):
        case 0:
            del made[random.integers(len(made)) :]
        case 1:
            made += random.bytes(int(random.integers(1, 600)))
        case 2:
            start, end = sorted(random.integers(len(made), size=2))
            made[start:end] = b"" if random.random() < 0.5 else made[start:end] * 2
        case _:
            for place in random.integers(len(made), size=random.integers(1, 8)):
                made[place] = random.choice([0, 1, 0x7F, 0x80, 0xFF, int(random.integers(256))])
    return bytes(made)


def attempt(path: Path) -> tuple[str, float]:
    """What became of a file, "read", "refused" or the exception, and the seconds that it took."""
    started = time.monotonic()
    try:
        check(str(path))
        became = "read"
    except Refused as refusal:
        became = "refused" if "\n" not in str(refusal) else f"several lines: {refusal}"
    except Exception as error:
        became = f"{type(error).__name__}: {error}"
    return became, time.monotonic() - started


def findings(cases: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """How many were read and refused, and a line for each case that ended otherwise or was slow."""
    sound: Mapping[str, bytes] = whole()
    names = sorted(sound)
    became: Counter[str] = Counter()
    lines = []
    for case in range(cases):
        name = names[case % len(names)]
        path = folder / name
        path.write_bytes(damaged(sound[name], np.random.default_rng((seed, case))))
        end, seconds = attempt(path)
        path.unlink()
        became[end if end in ("read", "refused") else "other"] += 1
        if end not in ("read", "refused") or seconds > SLOW_SECONDS:
            lines.append(f"--seed {seed}, case {case}, {name}: {end} ({seconds:.1f} s)")
    return became, lines


def _written(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _bmp(pixels: np.ndarray) -> bytes:
    return _written(lambda file: Image.fromarray(pixels).save(file, "BMP"))


def _zip(pictures: Mapping[str, bytes], method: int) -> bytes:
    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, content in pictures.items():
                archive.writestr(name, content)

    return _written(write)


def _tar(pictures: Mapping[str, bytes], mode: str) -> bytes:
    def write(file: io.BytesIO) -> None:
        with tarfile.open(fileobj=file, mode=mode) as archive:  # pyright: ignore[reportCallIssue, reportArgumentType]
            for name, content in pictures.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))

    return _written(write)


def main() -> None:
    """Prints what became of so many cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        became, lines = findings(asked.cases, asked.seed, Path(folder))
    print("\n".join([*lines, f"{asked.cases:,} cases: " + ", ".join(f"{n:,} {end}" for end, n in became.items())]))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
