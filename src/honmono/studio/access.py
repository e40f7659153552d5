"""Who may ask the studio: which hosts and origins, with which token; and what browsers may do with its answers."""

import hmac
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from honmono.generation.serving.limits import OWN_NAMES


Next = Callable[[Request], Awaitable[Response]]

READING = {"GET", "HEAD"}
UPLOAD = "/data/upload"  # which bounds its own body
MOST_BODY = 100_000  # bytes of any other request
HEADERS = {
    # Nothing comes from elsewhere, and no page elsewhere can show the studio in a frame and lead clicks to it.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True)
class Access:
    """Looks at each request before it is answered.

    host: that the studio listens at. token: that visitors need; None: anyone on this machine may visit.
    """

    host: str
    token: str | None

    async def answer(self, request: Request, following: Next) -> Response:
        response = self._no(request) or self._signed_in(request) or await following(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not request.url.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _no(self, request: Request) -> Response | None:
        """Why a request is not answered; None where it is."""
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            # A page elsewhere can make a browser ask this machine under a name of that page's own.
            return _said(403, "this studio does not answer to that name: use the address that it printed")
        if request.method not in READING and request.headers.get("origin") not in (f"http://{host}", f"https://{host}"):
            return _said(403, "only the studio's own pages may change something")
        if request.method not in READING and (too_large := _body_refused(request)):
            return too_large
        elsewhere = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and request.headers.get("sec-fetch-mode") != "navigate":
            return _said(403, "a page elsewhere may not use the studio")
        if self.token is not None and not self._bears_token(request):
            return PlainTextResponse("This studio needs its token: open the address that it printed.\n", 401)
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names this machine: by an own name, by the --host, or, with a token, by an address."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if name in OWN_NAMES or name == self.host:
            return True
        return self.token is not None and (_is_address(name) or name in {socket.gethostname(), socket.getfqdn()})

    def _bears_token(self, request: Request) -> bool:
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = [request.cookies.get(_cookie(request), ""), bearer if kind.lower() == "bearer" else ""]
        if request.method in READING:
            given.append(request.query_params.get("token", ""))
        assert self.token is not None
        return any(hmac.compare_digest(self.token.encode(), one.encode()) for one in given)

    def _signed_in(self, request: Request) -> Response | None:
        """The way from the address with the token to that without it, with a cookie in its place."""
        if self.token is None or request.method not in READING or "token" not in request.query_params:
            return None
        left = request.url.remove_query_params("token")
        response = RedirectResponse(f"{left.path}?{left.query}".rstrip("?"), 303)
        response.set_cookie(_cookie(request), self.token, httponly=True, samesite="lax")
        return response


def _body_refused(request: Request) -> Response | None:
    """Refuses a body of unknown size, and one that is larger than any form; the server holds a body to its size."""
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()):
        return _said(411, "say how many bytes the request has")
    if request.url.path != UPLOAD and int(length) > MOST_BODY:
        return _said(413, f"a request may have {MOST_BODY:,} bytes")
    return None


def _cookie(request: Request) -> str:
    """The name of the token's cookie: browsers share cookies between the ports of a host."""
    return f"honmono-studio-{request.url.port or 80}"


def _is_address(name: str | None) -> bool:
    try:
        return bool(ipaddress.ip_address(name or ""))
    except ValueError:
        return False


def _said(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)
