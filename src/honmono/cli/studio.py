"""`honmono studio`."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def studio(
    runs: Annotated[Path, Argument(help="a directory of runs")] = Path("runs"),
    data: Annotated[Path, Option(help="folder in which data is found, and into which archives are uploaded")] = Path(),
    host: Annotated[
        str, Option(help="address to listen at; others than this machine's own need a token")
    ] = "127.0.0.1",
    port: Annotated[int, Option(help="port to listen at; 0: any that is free")] = 8080,
    token: Annotated[
        str | None,
        Option(
            help="word that visitors need (or HONMONO_TOKEN); made and printed where the host needs one",
            envvar="HONMONO_TOKEN",
            show_envvar=False,
        ),
    ] = None,
) -> None:
    """See runs, samples, comparisons and data in the browser, and start trainings there."""
    from honmono.studio.serve import studio as serve_studio

    serve_studio(runs, data=data, host=host, port=port, token=token)
