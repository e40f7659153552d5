"""Who may use the studio: names of this machine, pages of its own, visitors with the token."""

from collections.abc import Callable
from typing import Any

import pytest


Client = Any
Opened = Callable[..., Client]
TOKEN = "correct-horse-battery"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "10.0.0.7", "localhost.evil.example", "", "["])
@pytest.mark.parametrize("path", ["/runs", "/static/studio.css", "/runs/00001-dcgan-digits/curves"])
def test_a_name_of_another_s_is_not_answered(client: Client, host: str, path: str) -> None:
    """A page elsewhere may give its own name this machine's address."""
    assert client.get(path, Host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_own_names_are_answered(client: Client, host: str) -> None:
    assert client.get("/runs", Host=f"{host}:{client.port}").status == 200


CHANGING = ["/runs/start", "/runs/preview", "/runs/00002-dcgan-digits/stop", "/runs/00002-dcgan-digits/resume"]


@pytest.mark.parametrize("path", CHANGING)
@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://localhost:1", "http://localhost"])
def test_a_page_elsewhere_changes_nothing(client: Client, path: str, origin: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({} if origin is None else {"Origin": origin})
    before = sorted(client.folders.runs.iterdir())
    assert client.ask("POST", path, b"{}", headers).status == 403
    assert sorted(client.folders.runs.iterdir()) == before


def test_a_form_elsewhere_has_no_json(client: Client) -> None:
    """Without leave a page elsewhere can send plain text only, and the studio does not read that."""
    assert client.post("/runs/preview", {}, **{"Content-Type": "text/plain"}).status == 422


def test_bodies_are_bounded(client: Client) -> None:
    assert client.post("/runs/preview", b" " * 100_001).status == 413
    chunked = {"Origin": client.address, "Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    assert client.ask("POST", "/runs/preview", b"2\r\n{}\r\n0\r\n\r\n", chunked).status == 411


def test_pictures_are_not_embedded_elsewhere(client: Client) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/runs/00001-dcgan-digits/samples/real.png", **elsewhere).status == 403
    assert client.get("/runs", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status == 200


@pytest.mark.parametrize("path", ["/runs", "/static/studio.js", "/runs/nothing"])
def test_browsers_are_told_to_fetch_nothing_from_elsewhere(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"] and headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


class TestWithAToken:
    @pytest.fixture
    def guarded(self, opened: Opened) -> Client:
        return opened(host="0.0.0.0", token=TOKEN)

    def test_it_is_needed_everywhere(self, guarded: Client) -> None:
        for path in ("/", "/runs", "/static/studio.css", "/runs/00001-dcgan-digits/curves"):
            assert guarded.get(path).status == 401
            assert guarded.get(f"{path}?token=wrong-horse").status == 401
        assert guarded.post("/runs/preview").status == 401
        assert guarded.post(f"/runs/preview?token={TOKEN}").status == 401, "an address may be known elsewhere"

    def test_the_printed_address_signs_in(self, guarded: Client) -> None:
        answer = guarded.get(f"/runs?data=digits&token={TOKEN}")
        assert answer.status == 303 and answer.headers["location"] == "/runs?data=digits"
        assert "httponly" in answer.headers["set-cookie"].lower()
        cookie = answer.headers["set-cookie"].partition(";")[0]
        assert guarded.get("/runs", Cookie=cookie).status == 200
        assert guarded.post("/runs/preview", Cookie=cookie).status == 200
        assert guarded.post("/runs/preview", Cookie=cookie, Origin="https://evil.example").status == 403

    def test_programs_may_bear_it(self, guarded: Client) -> None:
        assert guarded.get("/runs", Authorization=f"Bearer {TOKEN}").status == 200

    def test_addresses_are_answered_but_no_other_names(self, guarded: Client) -> None:
        bearer = f"Bearer {TOKEN}"
        assert guarded.get("/runs", Host="10.0.0.7:8080", Authorization=bearer).status == 200
        assert guarded.get("/runs", Host="evil.example", Authorization=bearer).status == 403
