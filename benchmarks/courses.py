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

from gallery import command

from honmono.errors import Refused
from honmono.files import write_json
from honmono.reports.comparison import summary
from honmono.runs.evaluations import is_detail
from honmono.studies.results import result


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
    found = result(run)
    points = found["course"]
    if not points:
        raise Refused(f"{run.run.path} measured nothing while it trained: set training.measure_images")
    kept = ("planned", "seconds", "precision", "hardware", "torch", "commit", "protocol", "landscapes")
    return {
        "command": command(run, run.planned or points[-1]["step"]),
        **{name: found[name] for name in kept},
        "course": [{"step": point["step"], "images": point["images"], **numbers(point)} for point in points],
    }


def numbers(point: Mapping[str, Any]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in point["metrics"].items() if value is not None and not is_detail(key)}


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
