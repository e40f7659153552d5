"""`honmono serve`: the server, from its first line to its last answer."""

import re
from pathlib import Path

from honmono.errors import Refused
from honmono.generation.load import load
from honmono.generation.serving.limits import OWN_NAMES, Limits
from honmono.generation.serving.listen import address_of, answer, listening


LAST_SECONDS = 60  # that requests in flight have at the end


def serve(
    run: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    limits: Limits | None = None,
    device: str = "auto",
    trust_code: bool = False,
    checkpoint: str | int | None = None,
) -> None:
    """Serves samples of a run over HTTP until SIGTERM or Ctrl-C; requests in flight are answered before it returns.

    host: the address to listen at. port: 0 takes any that is free.
    token: that requests must bear; needed for hosts other than this machine's own.
    device, trust_code, checkpoint: as for `load`.
    """
    limits = limits or Limits()
    if token is not None and not re.fullmatch(r"[!-~]+", token):
        raise Refused("--token: give letters, digits and signs of ASCII, such as the output of openssl rand -hex 16")
    if host not in OWN_NAMES and token is None:
        raise Refused(f"--host {host}: other machines could reach it: give a --token, or leave the host as it is")
    try:
        import uvicorn  # noqa: F401, needed later

        from honmono.generation.serving.app import build_app
    except ImportError as error:
        raise Refused(f"serving needs the package {error.name}: pip install 'honmono[serve]'") from error
    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint)
    with listening(host, port) as listener:
        app = build_app(trained, limits, token)
        print(f"serving {trained.run.path} at {address_of(host, listener)}", flush=True)
        answer(app, listener, LAST_SECONDS)
    print("stopped", flush=True)
