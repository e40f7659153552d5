"""Times `honmono studio`: from its start to the first picture, and the explorer's redraws.

    python benchmarks/studio.py MACHINE [--starts 5] [--redraws 100]

It trains `dcgan-mnist` on noise for two steps (how long it was trained, and on what, changes no speed). A start is
timed from the command to the moment at which Chromium, open already, has loaded the newest samples of the list. A
redraw is timed from another seed to the moment at which the last of 64 pictures is decoded, in the same browser.
Browser and studio share the machine. What the studio's own process uses of the processor for an answer is read from
/proc (Linux), for samples of a seed and for the same moved along five directions. Results: results/studio-MACHINE.json.
"""

import argparse
import importlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np

import honmono
from honmono.files import write_json
from honmono.runs.environment import environment


MOVES = "&directions=pca" + "&moves=1.5" * 5
IMPORTS = ("torch", "fastapi, uvicorn", "honmono.studio.app")
RESULTS = Path(__file__).parent / "results"
LOADED = "s => (all => all.length && all.every((one) => one.naturalWidth))([...document.querySelectorAll(s)])"
REDRAW = """async (seed) => {
  const before = document.getElementById("explore").dataset.drawn, began = performance.now();
  const field = document.querySelector("#ask [name=seed]");
  field.value = seed;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  while (document.getElementById("explore").dataset.drawn === before) await new Promise((r) => setTimeout(r, 1));
  await Promise.all([...document.querySelectorAll("#grid img")].map((one) => one.decode()));
  return performance.now() - began;
}"""


def open_studio(runs: Path) -> tuple["subprocess.Popen[str]", str]:
    """A studio and its address."""
    command = [sys.executable, "-m", "honmono", "studio", str(runs), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"(http://\S+)", process.stdout.readline())
    assert found, "the studio named no address"
    return process, found[1]


def end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


def time_start(runs: Path, page: Any) -> tuple[float, float]:
    """Seconds from the command to the first picture, and seconds of the processor that the studio took for it."""
    began, before = time.perf_counter(), processor_seconds()
    process, address = open_studio(runs)
    page.goto(address)
    page.wait_for_function(LOADED, arg=".card img")
    seconds = time.perf_counter() - began
    end(process)
    return seconds, processor_seconds() - before


def processor_seconds() -> float:
    """Of all studios that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def time_redraws(runs: Path, page: Any, number: int) -> list[float]:
    """Milliseconds of each redraw."""
    process, address = open_studio(runs)
    page.goto(f"{address}/explore")
    page.wait_for_function(LOADED, arg="#grid img")
    found = [float(page.evaluate(REDRAW, seed)) for seed in range(1, number + 1)]
    assert page.locator("#grid img").count() == 64
    end(process)
    return found


def time_answers(runs: Path, moves: str, number: int) -> float:
    """Milliseconds of the processor that the studio takes to answer with the 64 pictures of a seed."""
    process, address = open_studio(runs)
    samples = f"{address}/explore/00001-dcgan-mnist/samples?num=64&format=json{moves}&seed="
    urlopen(f"{samples}0").read()  # loads the model, and finds the directions
    before = seconds_so_far(process)
    for seed in range(1, number + 1):
        urlopen(f"{samples}{seed}").read()
    used = seconds_so_far(process) - before
    end(process)
    return round(1_000 * used / number, 1)


def seconds_so_far(process: "subprocess.Popen[str]") -> float:
    """Of the processor, by a process that runs: its user and its system time."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def seconds_of_imports(packages: str, times: int) -> float:
    """Of the processor, by a process that imports packages and ends; the least of some."""
    found = list[float]()
    for _ in range(times):
        before = processor_seconds()
        subprocess.run([sys.executable, "-c", f"import {packages}"], check=True)
        found.append(processor_seconds() - before)
    return round(min(found), 2)


def percentiles(values: list[float], digits: int) -> dict[str, float]:
    p50, p95, most = np.percentile(values, [50, 95, 100])
    return {"p50": round(float(p50), digits), "p95": round(float(p95), digits), "most": round(float(most), digits)}


def trained_on_noise(folder: Path) -> Path:
    """A directory with one run."""
    pictures = np.random.default_rng(0).integers(256, size=(256, 28, 28), dtype=np.uint8)
    np.savez(folder / "noise.npz", x_train=pictures, y_train=np.arange(256) % 10)
    run, changes = folder / "runs" / "00001-dcgan-mnist", {"metrics": "()"}
    honmono.train("dcgan-mnist", data=f"{folder}/noise.npz", steps=2, changes=changes, run=run)
    return run.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machine")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--redraws", type=int, default=100)
    given = parser.parse_args()
    load = os.getloadavg()  # of the last 1, 5 and 15 minutes: what else the machine does
    with (
        tempfile.TemporaryDirectory() as folder,
        importlib.import_module("playwright.sync_api").sync_playwright() as driver,
    ):
        runs = trained_on_noise(Path(folder))
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        starts = [time_start(runs, page) for _ in range(given.starts)]
        redraws = time_redraws(runs, page, given.redraws)
        browser.close()
        answers = {name: time_answers(runs, moves, given.redraws) for name, moves in (("still", ""), ("moved", MOVES))}
    result: dict[str, Any] = {
        "recipe": "dcgan-mnist",
        "starts": given.starts,
        "load_before": [round(one, 1) for one in load],
        "seconds_to_first_picture": percentiles([wall for wall, _ in starts], 2),
        "seconds_of_the_processor": percentiles([used for _, used in starts], 2),
        "seconds_of_the_processor_for_imports": {names: seconds_of_imports(names, given.starts) for names in IMPORTS},
        "redraws": given.redraws,
        "milliseconds_of_64_pictures": percentiles(redraws, 0),
        "milliseconds_of_the_processor_for_an_answer": answers,
        "environment": environment(["benchmarks/studio.py", *sys.argv[1:]]),
    }
    write_json(RESULTS / f"studio-{given.machine}.json", result)
    print({key: value for key, value in result.items() if key != "environment"})


if __name__ == "__main__":
    main()
