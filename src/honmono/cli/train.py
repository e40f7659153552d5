"""`honmono train`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import Device, Reading, complete_recipe, parse_changes, read_size


Text = str | None
Whole = int | None


def train(
    recipe: Annotated[
        Text, Argument(help="a recipe's name, or path/to/mine.py:function", autocompletion=complete_recipe)
    ] = None,
    data: Annotated[
        Text,
        Option(
            help="digits, grid, ring, stacked-mnist:DIR, hf:NAME, or a folder, archive or file (formats: docs/guide.md)"
        ),
    ] = None,
    size: Annotated[Text, Option(help="side of the pictures in pixels, or HEIGHTxWIDTH")] = None,
    classes: Reading = None,
    steps: Annotated[Whole, Option(help="train up to this step")] = None,
    images: Annotated[Whole, Option(help="train until this number of images has been seen")] = None,
    epochs: Annotated[float | None, Option(help="train for this number of passes through the data")] = None,
    batch_size: Annotated[Whole, Option(help="number of real samples in a batch")] = None,
    seed: Annotated[Whole, Option(help="seed of every random draw")] = None,
    device: Device = "auto",
    precision: Annotated[str, Option(help="auto, fp32, bf16 or fp64")] = "auto",
    compile: Annotated[str, Option(help="what is compiled: auto, off, losses or step")] = "auto",
    layout: Annotated[str, Option(help="of pictures in memory: auto, contiguous or channels-last")] = "auto",
    tune: Annotated[bool, Option(help="take what `honmono tune` found for this recipe on this machine")] = True,
    run: Annotated[
        Path | None, Option(help="directory of the run, new or to resume; runs/NUMBER-RECIPE by default")
    ] = None,
    changes: Annotated[list[str] | None, Option("--set", help="change one field: FIELD=VALUE (repeatable)")] = None,
    resume: Annotated[Path | None, Option(help="resume this run with its own options")] = None,
    from_run: Annotated[
        Path | None,
        Option(
            "--from", help="start a new run with the weights, recipe and data of this run (or of RUN/checkpoints/N)"
        ),
    ] = None,
    track: Annotated[list[str] | None, Option(help="copy the log to tensorboard or wandb")] = None,
    trust_code: Annotated[bool, Option("--trust-code", help="run the recipe.py of --resume or --from")] = False,
) -> None:
    """Train a recipe; by default the one for the data (dcgan-digits for the built-in digits)."""
    from honmono.devices import is_first_process
    from honmono.training.train import train as train_recipe

    trained = train_recipe(
        recipe,
        data=data,
        size=read_size(size),
        classes=classes,
        steps=steps,
        images=images,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        device=device,
        precision=precision,
        compile=compile,
        layout=layout,
        tune=tune,
        run=run,
        resume=resume,
        from_run=from_run,
        changes=parse_changes(changes),
        track=track or (),
        trust_code=trust_code,
    )
    picture = trained.run.sample(trained.step)
    if is_first_process() and picture.is_file():
        print(f"pictures: {picture}")
