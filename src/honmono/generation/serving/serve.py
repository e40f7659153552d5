"""`honmono serve`: the server, from its first line to its last answer."""

import re
import signal
import socket
import threading
from pathlib import Path

from honmono.errors import Refused
from honmono.generation.load import load
from honmono.generation.serving.limits import OWN_NAMES, Limits


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
        import uvicorn

        from honmono.generation.serving.app import build_app
    except ImportError as error:
        raise Refused(f"serving needs the package {error.name}: pip install 'honmono[serve]'") from error
    trained = load(run, device=device, trust_code=trust_code, checkpoint=checkpoint)
    with _listening(host, port) as listener:
        app = build_app(trained, limits, token)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=LAST_SECONDS)
        # uvicorn sends itself the signal again after its last answer: it has done its work by then.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: None)
        address = f"[{host}]" if ":" in host else host
        print(f"serving {trained.run.path} at http://{address}:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])
    print("stopped", flush=True)


def _listening(host: str, port: int) -> socket.socket:
    if not 0 <= port < 2**16:
        raise Refused(f"--port {port}: give a number from 0 (any that is free) to {2**16 - 1}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
        # Connections inherit it: else the second part of an answer waits 40 ms for the first to be acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        reason = f"--host {host} --port {port}: {error.strerror}"
        raise Refused(f"{reason}: give another one, or --port 0 for any that is free") from error
