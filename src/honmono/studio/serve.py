"""`honmono studio`: the server, from its first line to its last answer."""

import re
import secrets
from pathlib import Path

from honmono.errors import Refused
from honmono.files import refuse_unwritable
from honmono.generation.serving.limits import OWN_NAMES
from honmono.generation.serving.listen import address_of, answer, listening


LAST_SECONDS = 5  # that requests in flight have at the end


def studio(
    runs: str | Path = "runs",
    *,
    data: str | Path = ".",
    host: str = "127.0.0.1",
    port: int = 8080,
    token: str | None = None,
) -> None:
    """Shows a directory of runs in the browser until SIGTERM or Ctrl-C. Trainings that it started go on.

    data: the folder in which data is found, and into which archives are uploaded.
    host: the address to listen at. port: 0 takes any that is free.
    token: that visitors need; for hosts other than this machine's own, one is made where none is given.
    """
    if token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{8,}", token):
        raise Refused("--token: give 8 or more letters, digits, - or _, such as the output of openssl rand -hex 16")
    if host not in OWN_NAMES and token is None:
        token = secrets.token_urlsafe(24)
    for name, folder in (("RUNS", Path(runs)), ("--data", Path(data))):
        refuse_unwritable(folder, f"give another {name}")
    if not Path(data).is_dir():
        raise Refused(f"--data {data}: there is no such folder: create it, or give another one")
    try:
        import uvicorn  # noqa: F401, needed later

        from honmono.studio.app import build_app
        from honmono.studio.folders import Folders
    except ImportError as error:
        raise Refused(f"the studio needs the package {error.name}: pip install 'honmono[studio]'") from error
    with listening(host, port) as listener:
        app = build_app(Folders(Path(runs), Path(data)), host=host, token=token)
        path = f"/?token={token}" if token else ""
        print(f"the studio of {runs} is at {address_of(host, listener)}{path}", flush=True)
        answer(app, listener, LAST_SECONDS)
    print("stopped; trainings go on", flush=True)
