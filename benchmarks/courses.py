"""How runs went: what was measured while they trained, from their beginning to their end.

    python benchmarks/courses.py NAME RUN ...    # keeps these runs' courses, in place of earlier ones of the same name
    python benchmarks/courses.py NAME            # prints the table of what is there

Courses go into results/courses-NAME.json, each with its command, seconds, hardware and protocol; of points also, for
each landscape that was drawn, the least and the greatest of the discriminator's contours and the generator's share of
points outside the window.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gallery import command

from honmono.errors import Refused
from honmono.files import write_json
from honmono.reports.comparison import summary
from honmono.reports.figures.landscape import extremes, landscapes_in, load
from honmono.runs import evaluations
from honmono.runs.evaluations import is_detail
from honmono.runs.protocols import shared


RESULTS = Path(__file__).parent / "results"
LATEST = 8  # measurements of which the table gives the range


def main() -> None:
    parser = argparse.ArgumentParser(description="Keeps what was measured while runs trained.")
    parser.add_argument("name", help="for the file's name: wgan-parameters, say")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    asked = parser.parse_args()
    path = RESULTS / f"courses-{asked.name}.json"
    courses = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for run in summary.read(asked.runs):
        courses[run.name] = course(run)
    write_json(path, courses)
    print(table(courses))


def course(run: summary.Summary) -> dict[str, Any]:
    lines = [line for line in evaluations.read(run.run) if line["during_training"]]
    if not lines:
        raise Refused(f"{run.run.path} measured nothing while it trained: set training.measure_images")
    last = lines[-1]["step"]
    cost = run.cost(last)
    own = run.run.environment_json
    return {
        "command": command(run, run.planned or last),
        "planned": run.planned,
        "seconds": cost.seconds,
        "precision": run.precision,
        "hardware": run.hardware,
        "torch": run.torch,
        "commit": json.loads(own.read_text(encoding="utf-8"))["git_commit"],
        "protocol": shared(lines[-1]["protocol"].values()),
        "course": [{"step": line["step"], "images": line["images"], **numbers(line)} for line in lines],
        "landscapes": [{"step": int(path.stem), **landscape(path)} for path in landscapes_in(run.run.samples)],
    }


def landscape(path: Path) -> dict[str, float]:
    shown = load(path)
    least, greatest = extremes(shown.values["scores"])
    outside = np.mean(~((shown.low <= shown.points) & (shown.points <= shown.high)).all(1))
    return {"least": float(f"{least:.4g}"), "greatest": float(f"{greatest:.4g}"), "outside": round(float(outside), 4)}


def numbers(line: Mapping[str, Any]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in line["metrics"].items() if value is not None and not is_detail(key)}


def table(courses: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each run: its last numbers, and the range of each over its latest measurements."""
    keys = list(
        dict.fromkeys(key for run in courses.values() for key in run["course"][-1] if key not in ("step", "images"))
    )
    cells = [["run", "steps", "of", "seconds", *(f"`{key}` at the end (last {LATEST})" for key in keys)]]
    cells.append(["---"] * len(cells[0]))
    for name, run in courses.items():
        last = run["course"][-1]
        ends = [ending([point[key] for point in run["course"][-LATEST:]]) if key in last else "-" for key in keys]
        cells.append([name, f"{last['step']:,}", f"{run['planned']:,}", f"{run['seconds']:,.0f}", *ends])
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def ending(values: Sequence[float]) -> str:
    return f"{values[-1]:.4g} ({min(values):.4g} to {max(values):.4g})"


if __name__ == "__main__":
    main()
