"""The address that a server listens at, and how it answers there until it is to end."""

import signal
import socket
import threading
from typing import Any

from honmono.errors import Refused


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0: any that is free. Raises `Refused` where it cannot."""
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


def address_of(host: str, listener: socket.socket) -> str:
    """The address for a browser, with the port that a socket has."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def answer(app: Any, listener: socket.socket, last_seconds: int) -> None:
    """Answers by an application until SIGTERM or Ctrl-C. last_seconds: that requests in flight have then."""
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=last_seconds)
    # uvicorn sends itself the signal again after its last answer: it has done its work by then.
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])
