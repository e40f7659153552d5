"""`honmono evaluate`."""

import sys
from typing import Annotated, Any

from typer import Option

from honmono.cli.options import AsJson, Checkpoint, Device, Run, TrustCode
from honmono.cli.output import print_json, table


def evaluate(
    run: Run,
    metrics: Annotated[
        str | None,
        Option(
            help="of modes, stacked_modes, fid[mnist], kid[...], prdc[...], is[...], labels[...], nearest_class[...],"
            " variety[...], neighbours[...]"
        ),
    ] = None,
    num: Annotated[int | None, Option(help="fakes for each metric; otherwise as many as it asks for")] = None,
    seeds: Annotated[int, Option(help="so many sample seeds: means and 95% intervals")] = 1,
    checkpoint: Checkpoint = None,
    raw_weights: Annotated[bool, Option("--raw-weights", help="the trained weights, not their average")] = False,
    reference: Annotated[str | None, Option(help="other real pictures than the run's: a source as for --data")] = None,
    truncation: Annotated[float | None, Option(help="redraw latents beyond this (normal latents)")] = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
    json: AsJson = False,
) -> None:
    """Measure a run's samples: modes, distances to real pictures, label fidelity; recorded in its metrics.jsonl."""
    from honmono.evaluation.evaluate_run import evaluate as evaluate_run

    try:
        made = evaluate_run(
            run,
            metrics,
            num=num,
            seeds=seeds,
            checkpoint=checkpoint,
            weights="raw" if raw_weights else "average",
            reference=reference,
            truncation=truncation,
            device=device,
            trust_code=trust_code,
        )
    except KeyboardInterrupt:
        print("honmono: interrupted; nothing was recorded", file=sys.stderr)
        sys.exit(130)
    _print(made) if json else _tell(made)


def _print(made: Any) -> None:
    for note in made.measured.notes:
        print(f"honmono: note: {note}", file=sys.stderr)
    print_json(made.to_json())


def _tell(made: Any) -> None:
    from honmono.runs.evaluations import is_detail
    from honmono.runs.protocol_text import described
    from honmono.runs.protocols import arrow, better, record_of

    measured = made.measured
    print(f"{made.run.path}, step {made.step:,} ({made.images:,} images seen)")
    intervals = measured.intervals
    rows = [
        [
            key,
            f"{value:.5g}",
            *([_interval(intervals.get(key))] if intervals else []),
            arrow(better(key, record_of(key, measured.protocol))),
        ]
        for key, value in measured.metrics.items()
        if not is_detail(key)
    ]
    table(("metric", "value", *(["95% interval"] if intervals else []), "better"), rows)
    _tell_classes({key: value for key, value in measured.metrics.items() if is_detail(key)})
    print(f"protocol: {'; '.join(described(measured.protocol.values()))}")
    for note in measured.notes:
        print(f"note: {note}")
    for path in made.pictures:
        print(path)


def _tell_classes(details: dict[str, float]) -> None:
    """A class in a row, with each number that was measured by class."""
    parts = [(f"{whole}]", name, value) for key, value in details.items() for whole, _, name in [key.partition("].")]]
    wholes, names = dict.fromkeys(whole for whole, _, _ in parts), dict.fromkeys(name for _, name, _ in parts)
    shown = {(whole, name): f"{value:.5g}" for whole, name, value in parts}
    if parts:
        table(("class", *wholes), [[name, *(shown.get((whole, name), "") for whole in wholes)] for name in names])


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.5g} .. {ends[1]:.5g}"
