"""`honmono directions`."""

from pathlib import Path
from typing import Annotated

from typer import Option

from honmono.cli.options import BatchNorm, Checkpoint, Device, LabelIndex, Run, Seed, TrustCode, named_class, open_run


def directions(
    run: Run,
    method: Annotated[str | None, Option(help="sefa or pca; both by default")] = None,
    num: Annotated[int, Option(help="directions by each method")] = 8,
    reach: Annotated[float, Option(help="how far latents are moved, to either side")] = 4.0,
    label: Annotated[str | None, Option(help="name of the class of all samples; in turn by default")] = None,
    label_index: LabelIndex = None,
    seed: Seed = 0,
    out: Annotated[Path | None, Option(help="FILE.html; the directions are in FILE.json; in RUN by default")] = None,
    batch_norm: BatchNorm = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Find directions in which samples change, and show samples on their way along each."""
    from honmono.generation.latents.strips import METHODS, write_directions

    trained = open_run(run, device, trust_code, checkpoint, batch_norm)
    label = named_class(trained, label, label_index)
    methods = [*METHODS] if method is None else [method]
    for path in write_directions(trained, out, methods=methods, num=num, reach=reach, label=label, seed=seed):
        print(path)
