"""`honmono serve`, a process of its own: what it says, and how it ends."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

ROOT = Path(__file__).parents[2]
MANY = 5_000  # samples of a request, which takes long enough to be stopped in
Server = tuple[subprocess.Popen[str], int]


@pytest.fixture
def server(run: Path) -> Iterator[Server]:
    """A server of the tiny run, and its port."""
    command = [
        sys.executable,
        "-m",
        "honmono",
        "serve",
        str(run),
        "--port",
        "0",
        "--most-pictures",
        str(MANY),
        "--queue",
        str(8 * MANY),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"serving \S+ at http://127\.0\.0\.1:(\d+)\n", line)
    assert found, line or process.communicate()[1]
    yield process, int(found[1])
    process.kill()
    process.communicate()


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def up(port: int) -> None:
    """Waits until the server answers."""
    until = time.monotonic() + 60
    while True:
        try:
            assert get(port, "/health")[0] == 200
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_flight_are_answered_before_the_end(server: Server, number: int) -> None:
    process, port = server
    up(port)
    asked = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(8)]
    for seed, connection in enumerate(asked):
        connection.request("GET", f"/samples?num={MANY}&format=npy&seed={seed}")
    assert get(port, "/health")[0] == 200  # it was asked last, so the server has read all others by now
    process.send_signal(number)
    for connection in asked:
        response = connection.getresponse()
        assert response.status == 200 and len(response.read()) > 4 * 64 * MANY
        connection.close()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "stopped\n", "")


def test_what_others_could_reach_needs_a_token(refused: Callable[..., str], run: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        assert "--token" in refused("serve", run, "--host", host)
    assert "--token" in refused("serve", run, "--token", "")
    assert "--token" in refused("serve", run, "--token", "two words")
    assert "--queue 3" in refused("serve", run, "--queue", 3)
    assert "--rate 0.0" in refused("serve", run, "--rate", 0)
    refused("serve", run / "elsewhere")


def test_a_port_that_is_taken_is_refused(refused: Callable[..., str], run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"--port {port}" in refused("serve", run, "--port", port)
    assert "--port 65536" in refused("serve", run, "--port", 65536)
