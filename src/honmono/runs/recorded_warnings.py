"""warnings.jsonl: the warnings of a training, a line each.

A line has the `step`, the `images` seen, the kind of `warning` ("collapse", "discriminator_won", "generator_won",
"memorised"), the `classes` concerned ([]: all), and the `text` as printed. A line with `over: true` instead of a text
ends the warning for these classes.
"""

from collections.abc import Collection

from honmono.runs.directory import RunDirectory
from honmono.runs.json_lines import JsonLines, Line


def append(run: RunDirectory, step: int, images: int, warning: str, classes: Collection[str], text: str | None) -> None:
    """Adds a warning, or its end where `text` is None. Raises `Failed` when the disk is full."""
    line = {"step": step, "images": images, "warning": warning, "classes": [*classes]}
    JsonLines(run.warnings_jsonl).append([line | ({"over": True} if text is None else {"text": text})])


def read(run: RunDirectory) -> list[Line]:
    """Every line, in order."""
    lines = JsonLines(run.warnings_jsonl).read()
    return [line for line in lines if isinstance(line.get("warning"), str) and isinstance(line.get("classes"), list)]


def truncate(run: RunDirectory, step: int) -> None:
    """Removes the lines after `step`, the step from which training resumes."""
    JsonLines(run.warnings_jsonl).truncate(step)


def active(run: RunDirectory) -> dict[str, list[str]]:
    """The kinds of warnings that have not ended, each with its classes."""
    found: dict[str, dict[str, None]] = {}
    for line in read(run):
        classes = dict.fromkeys(line["classes"])
        before = found.pop(line["warning"], {})
        if not line.get("over"):
            found[line["warning"]] = before | classes
        elif remaining := {name: None for name in before if name not in classes}:
            found[line["warning"]] = remaining
    return {warning: [*classes] for warning, classes in found.items()}
