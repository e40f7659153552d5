"""onnxruntime-web, which runs ONNX files in a browser: read from a folder or from the cache, which npm fills."""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from honmono.data.cache import cache_dir
from honmono.errors import Failed, Refused
from honmono.files import atomic_directory, atomic_write_bytes


VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web-{VERSION}"
SHA512 = (  # of its archive
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
SCRIPT, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"  # of the package's folder dist


class Runtime(NamedTuple):
    """A JavaScript module, and the WebAssembly that it runs."""

    script: bytes
    wasm: bytes


def read_runtime(folder: Path | None = None) -> Runtime:
    """The runtime's two files, from a folder that holds the npm package or its folder `dist`; None: from the cache."""
    places = [_cached()] if folder is None else [folder, folder / "dist", folder / "package" / "dist"]
    for place in places:
        if (place / SCRIPT).is_file() and (place / WASM).is_file():
            return Runtime((place / SCRIPT).read_bytes(), (place / WASM).read_bytes())
    if folder is not None:
        raise Refused(f"--runtime {folder}: it has no {SCRIPT} and {WASM}: give the folder of npm's onnxruntime-web")
    raise Refused(
        "a page carries the npm package onnxruntime-web, and it is not there: run `honmono export --fetch-runtime`"
        f" once (needs npm and a network), or unpack version {VERSION} yourself and name its folder with --runtime"
    )


def fetch_runtime() -> Path:
    """Fills the cache with the pinned version of the package, unless it is there, and returns the folder.

    Raises `Refused` without npm, `Failed` where npm cannot get the package or it is not the pinned one.
    """
    if not _cached().is_dir():
        with tempfile.TemporaryDirectory() as folder:
            archive = _packed_by_npm(Path(folder))
            if hashlib.sha512(archive.read_bytes()).hexdigest() != SHA512:
                raise Failed(f"npm gave another onnxruntime-web {VERSION} than the pinned one (SHA-512): not used")
            _unpack(archive, _cached())
    return _cached()


def _cached() -> Path:
    return cache_dir() / PACKAGE


def _packed_by_npm(folder: Path) -> Path:
    """The package's archive, in this folder. npm knows which registry or proxy is to be asked."""
    npm = shutil.which("npm")
    if npm is None:
        raise Refused(
            f"--fetch-runtime needs npm, which comes with Node.js: install it, or unpack the npm package"
            f" onnxruntime-web {VERSION} yourself and name its folder with --runtime"
        )
    words = [npm, "pack", f"onnxruntime-web@{VERSION}", "--silent", "--pack-destination", str(folder)]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=folder)
    archive = folder / f"{PACKAGE}.tgz"
    if ended.returncode or not archive.is_file():
        said = ended.stderr.strip().splitlines() or [f"it ended with {ended.returncode}"]
        raise Failed(f"npm could not get onnxruntime-web {VERSION} ({said[-1]}): check the network and try again")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """Takes the two files alone from the archive; the folder is complete or absent."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as package, atomic_directory(folder) as temporary:
        for name in (SCRIPT, WASM):
            member = package.extractfile(f"package/dist/{name}")
            assert member is not None, f"{name} is a file in the pinned package"
            atomic_write_bytes(temporary / name, member.read())
