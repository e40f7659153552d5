"""Times what lies around training: numbers of an evaluation, packing, a first picture, a first step, many pictures.

    python benchmarks/around.py MACHINE [--rounds 5] [--samples 100000]

Each task runs in a process of its own, in turns with what it is compared with; wall and processor seconds and the
largest resident size are recorded, with all rounds beside their medians, in results/around-MACHINE.json. The table for
README.md is printed. Where other programs run, only processor seconds mean something.

numbers: precision, recall, density and coverage of 5,000 x 128 features, against the package `prdc` where it is
installed. pack, check: 28,709 grey JPEGs of 48x48, against a plain loop of Pillow. sample: 64 pictures of dcgan-digits
by the command, against `import torch`. first step: `honmono train` of two steps, with an empty cache and with a full
one. many: a thousand pictures, and `--samples`, into one .npy file: memory must not grow.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from packing import FER2013, make

from honmono.data.sources.fingerprint import SETTLED_SECONDS
from honmono.files import write_json
from honmono.runs.environment import environment


Measured = dict[str, float]
FEATURES = """
import torch
make = torch.Generator().manual_seed(0)
real, fake = torch.randn(5000, 128, generator=make), 0.9 * torch.randn(5000, 128, generator=make)
"""
OURS = FEATURES + "from honmono.metrics.prdc import prdc\nwork = lambda: prdc(real, fake, 5)"
THEIRS = FEATURES + "from prdc import compute_prdc\nwork = lambda: compute_prdc(real.numpy(), fake.numpy(), 5)"
LOOP = """
import os, numpy, PIL.Image
paths = [os.path.join(place, name) for place, _, names in os.walk({folder!r}) for name in sorted(names)]
work = lambda: [numpy.asarray(PIL.Image.open(path)).size for path in paths]
"""
# Imports count where the whole command is measured, and not where only `work` is.
TIMED = """
import json, os, resource, sys, time
def now():
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system
def report():
    wall, processor = (after - before for after, before in zip(now(), started))
    # ru_maxrss of a process includes the size of the one that started it.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    peak = int(status["VmHWM"].split()[0]) // 1024
    print(json.dumps(dict(wall=round(wall, 3), processor=round(processor, 3), peak_mib=peak)), file=sys.__stderr__)
"""


def run(code: str, cache: Path) -> Measured:
    """What `work` of a program takes, in a process of its own."""
    program = f"{TIMED}{code}\nstarted = now()\ntry:\n    work()\nfinally:\n    report()"
    return _last_line([sys.executable, "-c", program], cache)


def whole(command: list[str], cache: Path) -> Measured:
    """What a whole command takes, from its start to its exit."""
    program = f"import subprocess\n{TIMED}started = now()\nsubprocess.run({command!r}, check=True)\n"
    return _last_line([sys.executable, "-c", program + _CHILD], cache)


_CHILD = """
wall, processor = (after - before for after, before in zip(now(), started))
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(json.dumps(dict(wall=round(wall, 3), processor=round(processor, 3), peak_mib=peak)), file=sys.stderr)
"""


def _last_line(command: list[str], cache: Path) -> Measured:
    settings = os.environ | {"HONMONO_CACHE": str(cache)}
    ended = subprocess.run(command, capture_output=True, text=True, env=settings)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return json.loads(ended.stderr.strip().splitlines()[-1])


class Bench:
    """The tasks, each by its name, and against which other it is compared."""

    def __init__(self, place: Path, samples: int) -> None:
        self._place, self._number = place, 0
        self.pictures, self.trained, self.full = place / "pictures", place / "trained", place / "full"
        make(self.pictures, 48, True, FER2013)
        time.sleep(SETTLED_SECONDS + 1)
        command = [sys.executable, "-m", "honmono"]
        train = [*command, "train", "dcgan-digits", "--steps", "2", "--set", "metrics=()", "--run"]
        whole([*train, str(self.trained)], self.full)
        sample = [*command, "sample", str(self.trained), "--out"]
        loop = LOOP.format(folder=str(self.pictures))
        pack = (
            "from rich import console, progress\nfrom honmono.data.packing.one_picture import Request\n"
            "from honmono.data.packing.pack import pack\nfrom honmono.data.sources.open import open_source\n"
            f"work = lambda: pack(open_source({str(self.pictures)!r}), Request(), lambda holds: None)"
        )
        self.tasks = {
            "numbers": lambda: run(OURS, self.full),
            "import torch": lambda: whole([sys.executable, "-c", "import torch"], self.full),
            "sample 64": lambda: whole([*sample, str(self.new("a.png"))], self.full),
            "loop": lambda: run(loop, self.full),
            "pack": lambda: run(pack, self.new("cache")),
            "check": lambda: whole([*command, "data", "check", str(self.pictures)], self.new("cache")),
            "first step, cold": lambda: whole([*train, str(self.new("run"))], self.new("cache")),
            "first step, warm": lambda: whole([*train, str(self.new("run"))], self.full),
            "sample 1,000": lambda: whole([*sample, str(self.new("a.npy")), "--raw", "--num", "1000"], self.full),
            f"sample {samples:,}": lambda: whole(
                [*sample, str(self.new("a.npy")), "--raw", "--num", str(samples)], self.full
            ),
        }
        self.against = {"sample 64": "import torch", "pack": "loop", "check": "loop"}
        if find_spec("prdc"):
            self.tasks["prdc"] = lambda: run(THEIRS, self.full)
            self.against["numbers"] = "prdc"

    def new(self, name: str) -> Path:
        """A path at which there is nothing yet."""
        self._number += 1
        return self._place / f"{self._number}-{name}"


def table(rows: dict[str, dict[str, Any]]) -> str:
    """For README.md."""
    lines = ["| task | wall s | processor s | peak MiB | against | wall ratio | processor ratio |", "|---" * 7 + "|"]
    for name, row in rows.items():
        middle = row["median"]
        ratios = [f"{row['ratio'][what]:.2f}" for what in ("wall", "processor")] if "ratio" in row else ["", ""]
        cells = [name, *(f"{middle[what]:g}" for what in ("wall", "processor", "peak_mib")), row.get("against", "")]
        lines.append(f"| {' | '.join([*cells, *ratios])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Times what lies around training.")
    parser.add_argument("name", help="of the machine, for the file's name: epyc-2-cores, say")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), asked.samples)
        rounds = [{name: task() for name, task in bench.tasks.items()} for _ in range(asked.rounds)]
    rows: dict[str, dict[str, Any]] = {}
    for name in bench.tasks:
        found = [one[name] for one in rounds]
        rows[name] = {"median": {what: median(one[what] for one in found) for what in found[0]}, "rounds": found}
        if other := bench.against.get(name):
            ratios = {what: [one[name][what] / one[other][what] for one in rounds] for what in ("wall", "processor")}
            rows[name] |= {"against": other, "ratio": {what: round(median(of), 3) for what, of in ratios.items()}}
    path = Path(__file__).parent / "results" / f"around-{asked.name}.json"
    what = f"around training, medians of interleaved rounds, {os.getloadavg()[0]:.1f} processes running at the end"
    write_json(path, {"what": what, "hardware": environment(["benchmarks/around.py", *sys.argv[1:]]), "rows": rows})
    print(table(rows))


if __name__ == "__main__":
    main()
