"""`honmono push`."""

from typing import Annotated

from typer import Argument, Option

from honmono.cli.options import BatchNorm, Checkpoint, Guidance, Run, SamplerSteps, Solver, TrustCode, open_run


def push(
    run: Run,
    name: Annotated[str, Argument(help="OWNER/NAME on the Hugging Face hub")],
    license: Annotated[
        str | None,
        Option(help="of the model, as mit or cc-by-4.0; needed where the license of the data is not known"),
    ] = None,
    private: Annotated[bool, Option("--private", help="only you and your organisation can see it")] = False,
    batch_norm: BatchNorm = None,
    sampler_steps: SamplerSteps = None,
    solver: Solver = None,
    guidance: Guidance = None,
    checkpoint: Checkpoint = None,
    trust_code: TrustCode = False,
) -> None:
    """Publish a run's generator on the Hugging Face hub, with a card of its data, numbers and limits."""
    from honmono.generation.hub.push import push as push_run

    trained = open_run(run, "cpu", trust_code, checkpoint, batch_norm, sampler_steps, solver, guidance)
    print(push_run(trained, name, license=license, private=private))
