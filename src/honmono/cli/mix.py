"""`honmono mix`."""

from pathlib import Path
from typing import Annotated

from typer import Option

from honmono.cli.options import Checkpoint, Device, LabelIndex, Latents, Run, Seed, TrustCode, named_class, open_run


def mix(
    run: Run,
    layers: Annotated[
        str, Option(help="whose styles come from above: coarse, middle or fine, or numbers from 0, as in 0-3")
    ] = "coarse",
    rows: Annotated[int, Option(help="samples on the left")] = 4,
    columns: Annotated[int, Option(help="samples above")] = 6,
    label: Annotated[str | None, Option(help="name of the class of all samples; in turn by default")] = None,
    label_index: LabelIndex = None,
    seed: Seed = 0,
    truncation: Annotated[float | None, Option(help="0 to 1: how far styles are from their mean; 1 by default")] = None,
    latents: Latents = None,
    out: Annotated[Path | None, Option(help="FILE.png, .jpg or .webp; in RUN by default")] = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Mix the styles of samples, layer by layer, where the generator makes styles (StyleGAN)."""
    from honmono.generation.mix import write_mix

    trained = open_run(run, device, trust_code, checkpoint)
    label = named_class(trained, label, label_index)
    options = {"layers": layers, "rows": rows, "columns": columns}
    print(write_mix(trained, out, label=label, seed=seed, truncation=truncation, latents=latents, **options))
