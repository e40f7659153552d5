"""Servers on free ports of this machine, and a client that says what they answered."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest


uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

from honmono.generation.load import TrainedRun  # noqa: E402, they are an extra
from honmono.generation.serving.app import build_app  # noqa: E402
from honmono.generation.serving.limits import Limits  # noqa: E402


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client(NamedTuple):
    """Asks one server."""

    port: int

    def get(self, path: str, headers: dict[str, str] | None = None, **query: object) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@pytest.fixture
def client() -> Callable[[int], Client]:
    return Client


@pytest.fixture
def serving() -> Iterator[Callable[..., Client]]:
    """Starts the server of a run in a thread; all end, with nothing left to do, at the end of the test."""
    ended: list[Callable[[], Any]] = []

    def start(trained: TrainedRun, token: str | None = None, **limits: Any) -> Client:
        config = uvicorn.Config(build_app(trained, Limits(**limits), token), port=0, log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        ended.append(lambda: (setattr(server, "should_exit", True), thread.join(60)))
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        return Client(server.servers[0].sockets[0].getsockname()[1])

    yield start
    for end in ended:
        end()
