"""`honmono serve`."""

from typing import Annotated

from typer import Option

from honmono.cli.options import Checkpoint, Device, Run, TrustCode


def serve(
    run: Run,
    host: Annotated[
        str, Option(help="address to listen at; others than this machine's own need --token")
    ] = "127.0.0.1",
    port: Annotated[int, Option(help="port to listen at; 0: any that is free")] = 8000,
    token: Annotated[
        str | None,
        Option(help="word that requests must bear (or HONMONO_TOKEN)", envvar="HONMONO_TOKEN", show_envvar=False),
    ] = None,
    most_pictures: Annotated[int, Option(help="samples in one request, at most")] = 64,
    queue: Annotated[int, Option(help="samples that may wait; further requests are answered by 503")] = 1024,
    rate: Annotated[float | None, Option(help="requests of one address in a second, at most; any by default")] = None,
    checkpoint: Checkpoint = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
) -> None:
    """Serve a run's samples over HTTP, as PNG, NPY or JSON."""
    from honmono.generation.serving.limits import Limits
    from honmono.generation.serving.serve import serve as serve_run

    limits = Limits(most_pictures, queue, rate)
    serve_run(
        run,
        host=host,
        port=port,
        token=token,
        limits=limits,
        device=device,
        trust_code=trust_code,
        checkpoint=checkpoint,
    )
