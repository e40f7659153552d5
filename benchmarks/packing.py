"""Times packing a folder of JPEGs against decoding the same files with Pillow in a plain loop.

    python benchmarks/packing.py MACHINE [--rounds 5] [--wall SECONDS]

Two sets, of crops of scikit-learn's two photographs: 28,709 grey ones of 48x48 pixels in seven classes, as FER2013, and
colour ones of 256x256 pixels, as many as two loops side by side read in SECONDS (by links to 2,000 files).
one: processor seconds on one core, packing's over the loop's. two: wall seconds on two cores, packing's over those of
two loops at once, over half the files each. memory: the largest resident size of packing the first set, and of four and
ten times that set.
Loops and packing take turns, each in a process of its own; the results are medians, with all rounds beside them, in
results/packing-MACHINE.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from honmono.data.sources.fingerprint import SETTLED_SECONDS
from honmono.files import write_json
from honmono.runs.environment import environment


FER2013, CLASSES = 28_709, 7
LARGE_FILES = 2_000


def make(folder: Path, side: int, grey: bool, number: int) -> None:
    """JPEGs of random crops, in folders by class."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(0)
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    for index in range(number):
        photograph = photographs[index % 2]
        left, top = random.integers(0, [photograph.width - 256, photograph.height - 256])
        crop = photograph.crop((left, top, left + 256, top + 256)).resize((side, side))
        path = folder / f"class{index % CLASSES}" / f"{index:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        (crop.convert("L") if grey else crop).save(path, quality=90)


def link(folder: Path, other: Path, times: int) -> None:
    """The same set so many times over, by links."""
    for path in sorted(folder.rglob("*.jpg")):
        (other / path.parent.name).mkdir(parents=True, exist_ok=True)
        for copy in range(times):
            os.link(path, other / path.parent.name / f"{copy}-{path.name}")


def loop(folder: str, first: int, step: int) -> None:
    """The plain loop over every `step`-th file."""
    from PIL import Image

    paths = sorted(os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)[first::step]
    started = _now()
    for path in paths:
        np.asarray(Image.open(path))
    _report(started)


def pack(folder: str) -> None:
    """One packing, into an empty cache; imports do not count."""
    from rich import console, progress  # noqa: F401 (what packing imports on its way)

    from honmono.data.packing.one_picture import Request
    from honmono.data.packing.pack import pack
    from honmono.data.sources.open import open_source

    started = _now()
    pack(open_source(folder), Request(), lambda holds: None)
    _report(started)


def _now() -> tuple[float, float]:
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system


def _report(started: tuple[float, float]) -> None:
    wall, processor = (now - then for now, then in zip(_now(), started, strict=True))
    # ru_maxrss would include the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) // 1024
    print(json.dumps({"wall": round(wall, 3), "processor": round(processor, 3), "peak_mib": peak}))


def run(cores: set[int], *tasks: list[str]) -> dict[str, float]:
    """Tasks at once on these cores; the longest wall time, and the sum of their processor times."""
    with tempfile.TemporaryDirectory() as cache:
        settings = os.environ | {"HONMONO_CACHE": cache, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, __file__, "--task"]
        started = [
            subprocess.Popen(
                [*command, *task],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=settings,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )
            for task in tasks
        ]
        found = [json.loads(process.communicate()[0]) for process in started]
    return {
        "wall": max(one["wall"] for one in found),
        "processor": round(sum(one["processor"] for one in found), 3),
        "peak_mib": max(one["peak_mib"] for one in found),
    }


def compare(folder: Path, cores: set[int], rounds: int) -> dict[str, Any]:
    """Loop and packing in turns on one or two cores."""
    loops = [["loop", str(folder), str(first), str(len(cores))] for first in range(len(cores))]
    what = "wall" if len(cores) > 1 else "processor"
    pairs = [(run(cores, *loops), run(cores, ["pack", str(folder)])) for _ in range(rounds)]
    ratios = [packed[what] / plain[what] for plain, packed in pairs]
    return {
        "measured": what,
        "files": sum(len(names) for *_, names in os.walk(folder)),
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "loop": [plain for plain, _ in pairs],
        "pack": [packed for _, packed in pairs],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Times packing against a plain loop.")
    parser.add_argument("name", nargs="?", help="of the machine, for the file's name: epyc-2-cores, say")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wall", type=float, default=30.0, help="seconds that two loops at once shall take")
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        what, folder, *numbers = asked.task
        return loop(folder, *map(int, numbers)) if what == "loop" else pack(folder)
    cores = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory() as place:
        small, large = Path(place, "small"), Path(place, "large")
        make(small, 48, True, FER2013)
        make(large, 256, False, LARGE_FILES)
        seconds = run({*cores}, *(["loop", str(large), str(first), "2"] for first in (0, 1)))["wall"]
        link(large, Path(place, "long"), 1 + int(asked.wall / seconds))
        for times, name in ((4, "four"), (10, "ten")):
            link(small, Path(place, name), times)
        time.sleep(SETTLED_SECONDS + 1)
        rows = {
            "one, 48x48": compare(small, {cores[0]}, asked.rounds),
            "one, 256x256": compare(large, {cores[0]}, asked.rounds),
            "two, 48x48": compare(Path(place, "four"), {*cores}, asked.rounds),
            "two, 256x256": compare(Path(place, "long"), {*cores}, max(1, asked.rounds // 2)),
        }
        sets = {"small": FER2013, "four": 4 * FER2013, "ten": 10 * FER2013}
        memory = {f"{sets[one]:,}": run({*cores}, ["pack", str(Path(place, one))])["peak_mib"] for one in sets}
    path = Path(__file__).parent / "results" / f"packing-{asked.name}.json"
    what = "packing over a plain loop of Pillow, medians of interleaved rounds"
    write_json(
        path,
        {
            "what": what,
            "hardware": environment(["benchmarks/packing.py", *sys.argv[1:]]),
            "rows": rows,
            "peak_mib": memory,
        },
    )
    print(json.dumps({name: row["ratio"] for name, row in rows.items()}), memory)


if __name__ == "__main__":
    main()
