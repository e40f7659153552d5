"""`honmono evaluate`."""

import sys
from typing import Annotated, Any

from typer import Option

from honmono.cli.options import AsJson, Checkpoint, Device, Guidance, Run, SamplerSteps, Solver, TrustCode
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
    num: Annotated[int | None, Option(help="number of fakes for each metric; the metric's own by default")] = None,
    seeds: Annotated[int, Option(help="number of sample seeds, for means and 95% intervals")] = 1,
    checkpoint: Checkpoint = None,
    raw_weights: Annotated[bool, Option("--raw-weights", help="use the raw weights instead of their average")] = False,
    reference: Annotated[str | None, Option(help="source of real pictures, as for --data, not the run's own")] = None,
    truncation: Annotated[
        float | None, Option(help="largest normal latent; of StyleGAN2: 0 to 1, 0 is the mean picture")
    ] = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
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
            sampler={"steps": sampler_steps, "solver": solver, "guidance": guidance},
            device=device,
            trust_code=trust_code,
        )
    except KeyboardInterrupt:
        print("honmono: interrupted; nothing was recorded", file=sys.stderr)
        sys.exit(130)
    _print_json(made) if json else _print_text(made)


def _print_json(made: Any) -> None:
    for note in made.measured.notes:
        print(f"honmono: note: {note}", file=sys.stderr)
    print_json(made.to_json())


def _print_text(made: Any) -> None:
    from honmono.runs.evaluations import is_detail
    from honmono.runs.protocol_text import describe_in_one_line
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
    _print_classes({key: value for key, value in measured.metrics.items() if is_detail(key)})
    print(f"protocol: {describe_in_one_line(measured.protocol.values())}")
    for note in measured.notes:
        print(f"note: {note}")
    for path in made.pictures:
        print(path)


def _print_classes(details: dict[str, float]) -> None:
    """A row for each class, with the numbers that were measured by class."""
    rows: dict[str, dict[str, str]] = {}
    for key, value in details.items():
        number, _, name = key.partition("].")
        rows.setdefault(name, {})[f"{number}]"] = f"{value:.5g}"
    numbers = list(dict.fromkeys(number for row in rows.values() for number in row))
    if rows:
        table(("class", *numbers), [[name, *(row.get(number, "") for number in numbers)] for name, row in rows.items()])


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.5g} .. {ends[1]:.5g}"
