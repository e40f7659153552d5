"""The results of a study as numbers, for its JSON file: a row for each run, with what was measured and at what cost."""

import json
import shlex
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from honmono.reports.comparison import summary
from honmono.reports.comparison.summary import Summary
from honmono.reports.figures.landscape import extremes, landscapes_in, load
from honmono.runs import evaluations
from honmono.runs.directory import RunDirectory
from honmono.runs.evaluations import Line
from honmono.studies.measure import sampling_time
from honmono.studies.meter import Reading, readings
from honmono.studies.plan import Planned
from honmono.studies.sampler_steps import read_steps
from honmono.studies.state import StudyState
from honmono.studies.study import Study


def results(study: Study, planned: Sequence[Planned], state: StudyState) -> dict[str, Any]:
    """Strict JSON: the study, the command that makes it again, and a row for each run."""
    read = summary.read([one.run.path for one in planned])
    rows = [
        {"case": one.case.label, "seed": one.seed, "diverged": state.why_diverged(one.run), **result(run)}
        for one, run in zip(planned, read, strict=True)
    ]
    return {"study": study.name, "command": command(study, state), "rows": rows}


def result(run: Summary) -> dict[str, Any]:
    """What a run cost and every measurement of it: those during training, or those after it where it was trained
    without.

    Of points also, for each landscape, the range of the discriminator's contours, and the share of the generator's
    points outside the window.
    """
    lines = evaluations.read(run.run)
    lines = [line for line in lines if line.get("during_training")] or lines
    clock = {reading.step: reading for reading in readings(run.run)}
    course = [_measured(run, line, clock.get(line["step"])) for line in lines]
    newest = _newest_state(run.run)
    first = run.sessions[0] if run.sessions else {}
    return {
        "run": run.name,
        "recipe": run.recipe,
        "planned": run.planned,
        **newest,
        "cpu_seconds": clock[newest["steps"]].cpu_seconds if newest["steps"] in clock else None,
        "sampling": sampling_time(run.run),
        "sampler_steps": read_steps(run.run),
        "precision": run.precision,
        "hardware": run.hardware,
        "torch": run.torch,
        "commit": first.get("git_commit"),
        "protocol": _protocol(lines[-1]) if lines else {},
        "course": course,
        "landscapes": [{"step": int(path.stem), **_landscape(path)} for path in landscapes_in(run.run.samples)],
    }


def command(study: Study, state: StudyState) -> str:
    """The command that makes the study again."""
    options = state.options
    arguments = ["honmono", "study", study.name, "--out", "DIR"]
    arguments += ["--scale", f"{options.scale:g}"] if options.scale != 1 else []
    arguments += ["--data", options.data] if options.data else []
    arguments += ["--seeds", str(options.seeds)] if options.seeds else []
    arguments += [part for name, value in options.changes.items() for part in ("--set", f"{name}={value}")]
    return shlex.join(arguments)


def _newest_state(run: RunDirectory) -> dict[str, Any]:
    """The clock of the newest checkpoint."""
    steps = run.checkpoint_steps()
    if not steps:
        return {"steps": 0, "images": 0, "seconds": 0.0}
    state = json.loads((run.checkpoint(steps[-1]) / "state.json").read_text(encoding="utf-8"))
    return {"steps": steps[-1], "images": state["images"], "seconds": state["seconds"]}


def _measured(run: Summary, line: Line, reading: Reading | None) -> dict[str, Any]:
    clock = {"step": line["step"], "images": line["images"], "seconds": run.cost(line["step"]).seconds}
    clock |= {"cpu_seconds": reading.cpu_seconds} if reading else {}
    return clock | {"metrics": line["metrics"]}


def _protocol(line: Line) -> dict[str, Any]:
    """By metric, the conditions of its numbers and how the fakes were made; not where the data lay."""
    return {
        name: record["conditions"]
        | {field: value for field, value in record["context"].items() if field.startswith("fakes.")}
        for name, record in line["protocol"].items()
    }


def _landscape(path: Path) -> dict[str, float | None]:
    read = load(path)
    least, greatest = (value if isfinite(value) else None for value in extremes(read.values["scores"]))
    outside = np.mean(~((read.low <= read.points) & (read.points <= read.high)).all(1))
    return {"least": least, "greatest": greatest, "outside": float(outside)}
