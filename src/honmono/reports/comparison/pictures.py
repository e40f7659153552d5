"""The pictures of a comparison: curves, newest samples, real samples and nearest neighbours."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from honmono.reports.comparison.agreement import groups
from honmono.reports.comparison.summary import Summary
from honmono.reports.figures.film import frames
from honmono.reports.figures.overlaid import Curve, overlaid
from honmono.reports.figures.style import STROKES
from honmono.reports.html import Picture
from honmono.runs import evaluations
from honmono.runs.evaluations import is_detail
from honmono.runs.log import METRIC, STATISTIC
from honmono.runs.protocol_text import describe_differences
from honmono.runs.protocols import arrow, better, differences, record_of


MOST_BYTES = 300 * 1024  # of a sample grid; larger ones are compressed
JPEG = {"quality": 92, "subsampling": 0}


def loss_curves(runs: Sequence[Summary]) -> Iterator[Picture]:
    """A figure for each loss of each player, with a curve for each run that logs it."""
    coloured = list(zip(runs, STROKES, strict=False))
    names = dict.fromkeys(name for run, _ in coloured for name in run.log if _is_loss(name))
    for name in names:
        lines = [Curve(stroke, run.log["images"], run.log[name]) for run, stroke in coloured if name in run.log]
        if drawn := overlaid(lines):
            yield Picture(drawn, "svg+xml", name, alt=f"{name} against images seen")


def metric_curves(runs: Sequence[Summary]) -> Iterator[Picture]:
    """A figure for each number that was measured during training, and for each set of conditions.

    Evaluations after training are omitted: they use more samples, which would look like a jump of the curve.
    """
    lines = [
        (index, line)
        for index, run in enumerate(runs[: len(STROKES)])
        for line in evaluations.read(run.run)
        if line.get("during_training") and isinstance(line.get("images"), int)
    ]
    keys = dict.fromkeys(key for _, line in lines for key in line["metrics"] if not is_detail(key))
    for key in keys:
        # One figure for each set of conditions: numbers that are not comparable do not share axes.
        having = [(index, line) for index, line in lines if key in line["metrics"]]
        records = {number: record_of(key, line["protocol"]) for number, (_, line) in enumerate(having)}
        for numbers in groups(records):
            group, record = [having[number] for number in numbers], records[numbers[0]]
            direction = better(key, record)
            curves = [
                Curve(STROKES[index], [line["images"] for line in own], [line["metrics"][key] for line in own])
                for index in dict.fromkeys(index for index, _ in group)
                if (own := [line for other, line in group if other == index])
            ]
            if drawn := overlaid(curves, logarithmic=direction == "lower"):
                found = differences(record, records[0])
                more = f"Not comparable with the figure before: {describe_differences(found)}." if found else ""
                yield Picture(
                    drawn, "svg+xml", f"{key} {arrow(direction)}".rstrip(), more, f"{key} against images seen"
                )


def newest_samples(runs: Sequence[Summary]) -> Iterator[Picture]:
    """The newest readable sample grid of each run."""
    for run in runs:
        if pictures := frames(run.run.samples):
            yield from embedded(pictures[-1].read_bytes(), f"{run.name}, step {int(pictures[-1].stem):,}")


def real_samples(runs: Sequence[Summary]) -> Iterator[Picture]:
    """The real samples, once for each data set."""
    seen: set[str] = set()
    for run in runs:
        path = run.run.samples / "real.png"
        if path.is_file() and (run.data or _hash(path)) not in seen:
            seen.add(run.data or _hash(path))
            yield from embedded(path.read_bytes(), f"real samples of {run.name}")


def neighbours(runs: Sequence[Summary]) -> Iterator[Picture]:
    """Fakes with their nearest real pictures, of the runs where these were measured."""
    for run in runs:
        path = run.run.path / "neighbours.png"
        if path.is_file():
            yield from embedded(path.read_bytes(), run.name)


def _is_loss(column: str) -> bool:
    group, dot, _ = column.partition(".")
    return bool(dot) and group not in ("learning_rate", STATISTIC, METRIC)


def embedded(data: bytes, caption: str, most: int = MOST_BYTES) -> Iterator[Picture]:
    """A PNG as a picture, compressed if it has more than `most` bytes; nothing if it is unreadable or incomplete."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            opened.load()
            small = data if len(data) <= most else _compressed(opened.convert("RGB"), most)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return
    lossy = small is not data
    yield Picture(small, "jpeg" if lossy else "png", caption, "as JPEG, to keep the page small" if lossy else "")


def _compressed(picture, most: int) -> bytes:
    """As a JPEG, with sides halved until it is small enough: a good JPEG loses less than fewer pixels."""
    while True:
        buffer = io.BytesIO()
        picture.save(buffer, format="JPEG", **JPEG)
        if buffer.tell() <= most:
            return buffer.getvalue()
        picture = picture.reduce(2)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
