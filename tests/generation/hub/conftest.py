"""A stand-in of the Hugging Face hub on this machine: it answers what `huggingface_hub` asks to publish and to load."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

import honmono
from honmono.generation.load import TrainedRun
from honmono.recipe.registry import find


TOKEN = "hf_of_the_tests"
LARGE = (".safetensors", ".png")  # kept outside of the commits, as the hub does


class Repository:
    """Commits by id, each with all files by name; the last is `main`."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self.commits: dict[str, dict[str, bytes]] = {"0" * 40: {}}

    def add(self, files: dict[str, bytes]) -> str:
        new = {**self.at("main"), **files} if self.commits else files
        commit = hashlib.sha1(repr((len(self.commits), sorted(new.items()))).encode()).hexdigest()
        self.commits[commit] = new
        return commit

    def commit(self, revision: str) -> str | None:
        return list(self.commits)[-1] if revision == "main" else revision if revision in self.commits else None

    def at(self, revision: str) -> dict[str, bytes]:
        commit = self.commit(revision)
        assert commit is not None
        return self.commits[commit]


class StandIn(ThreadingHTTPServer):
    """Repositories by name, large files by hash, and the requests that came: METHOD PATH."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.storage = f"http://localhost:{self.server_port}"  # of large files: another host, as the hub's is

    def create(self, name: str, files: dict[str, bytes], private: bool = False) -> str:
        self.repositories[name] = Repository(private)
        return self.repositories[name].add(files)

    def files(self, name: str) -> dict[str, bytes]:
        return self.repositories[name].at("main")


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> StandIn:
        assert isinstance(self.server, StandIn)
        return self.server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        self.hub.requests.append(f"POST {path}")
        if path == "/api/validate-yaml":
            self.validate(json.loads(body)["content"])
        elif not self.knows_who():
            self.say(401, {"error": "log in"})
        elif path == "/api/repos/create":
            self.create(json.loads(body))
        elif match := re.fullmatch(r"/api/models/(.+)/preupload/main", path):
            modes = [
                {"path": one["path"], "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular"}
                for one in json.loads(body)["files"]
            ]
            self.say(200, {"files": [one | {"shouldIgnore": False, "oid": None} for one in modes]})
        elif re.fullmatch(r"/(.+)\.git/info/lfs/objects/batch", path):
            objects = [
                one | {"actions": {"upload": {"href": f"{self.hub.storage}/large/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            self.say(200, {"transfer": "basic", "objects": objects})
        elif match := re.fullmatch(r"/api/models/(.+)/commit/main", path):
            self.commit(match[1], [json.loads(line) for line in body.splitlines()])
        else:
            self.say(404, {})

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        oid = hashlib.sha256(content).hexdigest()
        assert self.path == f"/large/{oid}"
        self.hub.large[oid] = content
        self.say(200, {})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        if match := re.fullmatch(r"/large/(\w+)", self.path):
            self.send(200, self.hub.large[match[1]], {})
        elif match := re.fullmatch(r"/api/models/([^/]+/[^/]+)", self.path):
            if (found := self.hub.repositories.get(match[1])) is None:
                self.send(404, b"", {"X-Error-Code": "RepoNotFound"})
                return
            self.say(200, {"id": match[1], "sha": found.commit("main"), "private": found.private, "siblings": []})
        elif match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path):
            self.resolve(*match.groups())
        else:
            self.say(404, {})

    def knows_who(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def validate(self, card: str) -> None:
        fields = yaml.safe_load(card.split("---\n")[1])
        wrong = [{"message": '"license" must be one of [mit, ...]'}] * (fields.get("license") == "none-such")
        self.say(400 if wrong else 200, {"errors": wrong, "warnings": []})

    def create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        if name in self.hub.repositories:
            self.say(409, {"error": "it is there", "url": f"{self.hub.address}/{name}"})
            return
        self.hub.repositories[name] = Repository(private)
        self.say(200, {"url": f"{self.hub.address}/{name}"})

    def commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            if line["key"] == "file"
            else self.hub.large[line["value"]["oid"]]
            for line in lines
            if line["key"] != "header"
        }
        commit = self.hub.repositories[name].add(files)
        address = f"{self.hub.address}/{name}/commit/{commit}"
        self.say(200, {"commitUrl": address, "commitOid": commit, "pullRequestUrl": None})

    def resolve(self, name: str, revision: str, file: str) -> None:
        found = self.hub.repositories.get(name)
        if found is None or (found.private and not self.knows_who()):
            self.send(401, b"", {"X-Error-Code": "RepoNotFound"})
        elif (commit := found.commit(revision)) is None:
            self.send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif file not in found.commits[commit]:
            self.send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        else:
            content = found.commits[commit][file]
            oid = hashlib.sha256(content).hexdigest()
            facts = {"X-Repo-Commit": commit, "ETag": f'"{oid}"'}
            if file.endswith(LARGE):
                self.hub.large[oid] = content
                linked = {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(content))}
                self.send(302, b"", facts | linked | {"Location": f"{self.hub.storage}/large/{oid}"})
            else:
                self.send(200, content, facts)

    def say(self, status: int, value: Any) -> None:
        self.send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """The stand-in, which `huggingface_hub` takes for the hub in this test, with an empty cache."""
    constants = pytest.importorskip("huggingface_hub.constants")
    with StandIn() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        chosen = {"ENDPOINT": server.address, "HF_HUB_CACHE": str(tmp_path / "hub-cache"), "HF_HUB_OFFLINE": False}
        template = {"HUGGINGFACE_CO_URL_TEMPLATE": server.address + "/{repo_id}/resolve/{revision}/{filename}"}
        for name, value in {**chosen, **template, "HF_HUB_DISABLE_XET": True}.items():
            monkeypatch.setattr(constants, name, value, raising=False)  # older versions know nothing of Xet
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of `dcgan-digits`, tiny, of two steps."""
    path = tmp_path_factory.mktemp("trained") / "digits"
    honmono.train("dcgan-digits", steps=2, changes=find("dcgan-digits").tiny, run=path)
    return path


@pytest.fixture
def published(hub: StandIn, stirred: Callable[..., TrainedRun], tmp_path: Path) -> TrainedRun:
    """A model that the stand-in has as me/digits."""
    run = stirred("dcgan-digits")
    folder = run.save_pretrained(tmp_path / "published")
    hub.create("me/digits", {path.name: path.read_bytes() for path in folder.iterdir()})
    return run
