"""Loads `honmono serve` on the loopback interface: speed, overload and shutdown.

    python benchmarks/serve.py MACHINE [--seconds 10]

It trains `dcgan-digits` for a few steps (how long it was trained changes no speed), serves it, and lets clients, each
with a connection of its own, ask for one picture again and again, as fast as they are answered: seeds differ, so
nothing can be kept. Clients and server share the machine. At overload clients ask for more pictures than the queue
holds; every request must be answered, by pictures or by 503 with Retry-After. At shutdown SIGTERM comes while clients
ask; every request that the server has read must be answered. Results: results/serve-MACHINE.json.
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import honmono
from honmono.files import write_json
from honmono.runs.environment import environment


RESULTS = Path(__file__).parent / "results"
CLIENTS = (1, 8, 32, 64)
OVERLOAD = {"clients": 128, "num": 16, "queue": 512}


class Server:
    """A process of `honmono serve`."""

    def __init__(self, run: Path, *words: str) -> None:
        command = [sys.executable, "-m", "honmono", "serve", str(run), "--port", "0", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        found = re.search(r":(\d+)$", self.process.stdout.readline().strip())
        assert found, "the server named no port"
        self.port = int(found[1])

    def stop(self) -> tuple[int, float]:
        """Sends SIGTERM; returns the exit status and the seconds until the end."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120), time.perf_counter() - began


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[int, bytes, bytes]:
    """Status, head and body of an answer on an open connection. Raises `EOFError` or `OSError` where none comes."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length, head
    return int(head.split(b" ", 2)[1]), head.lower(), await reader.readexactly(int(length[1]))


async def client(port: int, number: int, num: int, until: float, seen: list[tuple[int, float]]) -> int:
    """Asks until then, and notes each status with its seconds. Returns the requests that got no answer: 0 or 1."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = 0
    try:
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, head, _ = await ask(reader, writer, f"/samples?num={num}&seed={number * 1_000_000 + asked}")
            assert status == 200 or b"retry-after: " in head
            seen.append((status, time.perf_counter() - began))
            asked += 1
    except (EOFError, OSError):
        return 1
    finally:
        writer.close()
    return 0


async def load(port: int, clients: int, num: int, seconds: float) -> dict[str, Any]:
    """What so many clients see in so many seconds."""
    seen: list[tuple[int, float]] = []
    began = time.perf_counter()
    lost = await asyncio.gather(*(client(port, n, num, began + seconds, seen) for n in range(clients)))
    took = time.perf_counter() - began
    answered = [each for status, each in seen if status == 200]
    p50, p95, p99 = np.percentile(answered, [50, 95, 99]) * 1000
    return {
        "clients": clients,
        "pictures_per_request": num,
        "requests_per_second": round(len(answered) / took, 1),
        "pictures_per_second": round(len(answered) * num / took, 1),
        "milliseconds": {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1)},
        "statuses": {str(status): count for status, count in sorted(Counter(s for s, _ in seen).items())},
        "lost": sum(lost),
    }


async def shutdown(server: Server, clients: int) -> dict[str, Any]:
    """SIGTERM while each client waits for an answer: who gets one, how long it takes, the exit status."""
    streams = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(clients)]
    asked = [asyncio.create_task(ask(*stream, f"/samples?num=64&seed={n}")) for n, stream in enumerate(streams)]
    last = await asyncio.open_connection("127.0.0.1", server.port)
    await ask(*last, "/health")  # asked last: the server has read all others by then
    in_flight = sum(not one.done() for one in asked)
    code, seconds = await asyncio.to_thread(server.stop)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    answered = sum(isinstance(one, tuple) and one[0] == 200 for one in answers)
    return {
        "asked": clients,
        "in_flight_at_the_signal": in_flight,
        "answered": answered,
        "exit": code,
        "seconds": round(seconds, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("machine")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        honmono.train("dcgan-digits", steps=20, run=run)
        server = Server(run)
        loads = [asyncio.run(load(server.port, clients, 1, options.seconds)) for clients in CLIENTS]
        stopped = asyncio.run(shutdown(server, 16))
        server = Server(run, "--queue", str(OVERLOAD["queue"]))
        overload = asyncio.run(load(server.port, OVERLOAD["clients"], OVERLOAD["num"], options.seconds))
        server.stop()
    result = {
        "recipe": "dcgan-digits",
        "environment": environment(["benchmarks/serve.py", *sys.argv[1:]])
        | {"load": [round(one, 2) for one in os.getloadavg()]},
        "loads": loads,
        "overload": {"queue": OVERLOAD["queue"], **overload},
        "shutdown": stopped,
    }
    write_json(RESULTS / f"serve-{options.machine}.json", result)
    print(f"{RESULTS / f'serve-{options.machine}.json'}")


if __name__ == "__main__":
    main()
