"""Studios on free ports of this machine, clients that ask them, and a Chromium that visits them."""

import http.client
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest


uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

import honmono  # noqa: E402, the studio is an extra
from honmono.recipe.registry import find  # noqa: E402
from honmono.runs.directory import runs_in  # noqa: E402
from honmono.runs.lock import is_held  # noqa: E402
from honmono.studio.app import build_app  # noqa: E402
from honmono.studio.folders import Folders  # noqa: E402
from honmono.studio.trainings import holder  # noqa: E402


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TINY_PICTURES = {**find("dcgan-digits").tiny, "training.sample_every": "1", "training.log_every": "1"}
TINY_POINTS = {**find("gan-grid").tiny, "data.samples": "200", "training.sample_every": "1", "training.log_every": "1"}


class Answer(NamedTuple):
    """What a studio answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        return str(self.json["detail"])


class Client(NamedTuple):
    """Asks one studio as its own pages do."""

    port: int
    folders: Folders

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        own = {"Origin": self.address, "Content-Type": "application/json"} | headers
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return self.ask("POST", path, data, own)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=120)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


Visit = Callable[..., Any]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of three tiny runs: two of pictures, of which one stopped early, and one of points."""
    runs = tmp_path_factory.mktemp("studio") / "runs"
    honmono.train("dcgan-digits", steps=4, changes=TINY_PICTURES, run=runs / "00001-dcgan-digits")
    stopped = honmono.train("dcgan-digits", steps=2, seed=1, changes=TINY_PICTURES, run=runs / "00002-dcgan-digits")
    recorded = stopped.run.recipe_json
    recorded.write_text(recorded.read_text().replace('"steps": 2', '"steps": 400000'))
    for name in ("00001-dcgan-digits", "00002-dcgan-digits"):
        honmono.evaluate(runs / name, metrics="prdc", num=200)
    honmono.train("gan-grid", steps=4, changes=TINY_POINTS, run=runs / "00003-gan-grid")
    return runs


def copied(trained: Path, to: Path) -> Folders:
    """A copy of the runs, and an empty folder of data."""
    shutil.copytree(trained, to / "runs")
    (to / "data").mkdir()
    return Folders(to / "runs", to / "data")


@pytest.fixture
def folders(trained: Path, tmp_path: Path) -> Iterator[Folders]:
    """Runs that the test may change; whatever trains at its end is stopped."""
    made = copied(trained, tmp_path)
    yield made
    for run in runs_in(made.runs):
        if (number := holder(run)) is not None:
            os.kill(number, signal.SIGINT)
            while is_held(run):
                time.sleep(0.05)


@contextmanager
def running(folders: Folders, host: str = "127.0.0.1", token: str | None = None, **options: Any) -> Iterator[Client]:
    """A studio in a thread, which ends with the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = build_app(folders, host=host, token=token, **options)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Client(listener.getsockname()[1], folders)
        server.should_exit = True
        thread.join(60)


@pytest.fixture
def opened(folders: Folders) -> Iterator[Callable[..., Client]]:
    """Starts studios of runs that the test may change."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(folders, **options))


@pytest.fixture(scope="session")
def client(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a studio for this machine alone, which all tests share: they change nothing."""
    with running(copied(trained, tmp_path_factory.mktemp("shared"))) as one:
        yield one


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; tests that need one are left out where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens a page of a studio, each time as another visitor. Nothing may come from elsewhere, and no script fail."""
    contexts, errors, fetched = list[Any](), list[str](), list[str]()

    def open_page(client: Client, path: str, width: int = 1300) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda one: fetched.append(one.url))
        page.goto(f"{client.address}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
    assert [url for url in fetched if not url.startswith(("http://localhost:", "data:", "blob:"))] == []
