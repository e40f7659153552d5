"""The HTTP application: samples, health, counts, and the run that they are of."""

import asyncio
import hmac
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.generation.serving.answers import MEDIA, as_bytes, as_json, refuse_pictures_of_points
from honmono.generation.serving.ask import Ask, class_of, first_wrong, model_for
from honmono.generation.serving.batcher import Batcher, Full, Job
from honmono.generation.serving.counters import Counters
from honmono.generation.serving.limits import OWN_NAMES, Limits, Rates


Next = Callable[[Request], Awaitable[Response]]


def build_app(trained: TrainedRun, limits: Limits, token: str | None = None) -> FastAPI:
    """The application for a run. token: that requests must bear; None: only those for this machine's own name."""
    counters = Counters()
    batcher = Batcher(limits.queue, counters)
    guard = Guard(Rates(limits.rate), counters, token)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(batcher.close)

    # The pages of documentation would load scripts from elsewhere; /openapi.json holds the same.
    app = FastAPI(title="honmono", version=version("honmono"), lifespan=lifespan, docs_url=None, redoc_url=None)
    app.middleware("http")(guard.answer)
    app.exception_handler(Refused)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Full)(_full)

    @app.get("/samples", responses={200: {"content": {"image/png": {}, "application/octet-stream": {}}}})
    async def samples(ask: Annotated[Ask, Query()]) -> Response:
        """Samples as a PNG, an NPY or JSON: those of `honmono sample` with the same options."""
        return await _samples(trained, limits, batcher, ask)

    @app.get("/run")
    async def run() -> dict[str, Any]:
        """The run: its classes, the shape of its samples, and the limits of a request."""
        return _described(trained, limits)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Answers while the server takes requests."""
        return {"status": "ok"}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Counts in Prometheus's format."""
        return PlainTextResponse(counters.text(batcher.waiting), media_type="text/plain; version=0.0.4")

    return app


async def _samples(trained: TrainedRun, limits: Limits, batcher: Batcher, ask: Ask) -> Response:
    if ask.num > limits.pictures:
        raise Refused(f"num {ask.num}: a request may ask for {limits.pictures} samples")
    refuse_pictures_of_points(trained, ask)
    label = class_of(trained, ask)
    job = Job(model_for(trained, ask), ask.num, ask.seed, label)
    made = await asyncio.wrap_future(batcher.submit(job))
    if ask.format == "json":
        return JSONResponse(await run_in_threadpool(as_json, trained, ask, made, label))
    body = await run_in_threadpool(as_bytes, trained, ask, made)
    return Response(body, media_type=MEDIA[ask.format])


def _described(trained: TrainedRun, limits: Limits) -> dict[str, Any]:
    return {
        "run": trained.run.path.name,
        "step": trained.step,
        "weights": trained.weights,
        "sample_shape": list(trained.model.data_spec.sample_shape),
        "range": trained.model.range,
        "classes": list(trained.classes),
        "limits": {"pictures": limits.pictures, "queue": limits.queue, "rate": limits.rate},
    }


class Guard:
    """Looks at each request before its answer is made: who asks, and how often; and counts the answers."""

    def __init__(self, rates: Rates, counters: Counters, token: str | None) -> None:
        self.rates, self.counters, self.token = rates, counters, token

    async def answer(self, request: Request, following: Next) -> Response:
        self.counters.begin()
        began, status = time.perf_counter(), 500
        try:
            response = self._no(request) or await following(request)
            status = response.status_code
            return response
        finally:
            self.counters.end(status, time.perf_counter() - began)

    def _no(self, request: Request) -> Response | None:
        """Why a request is not answered; None where it is."""
        if self.token is None:
            # A page elsewhere can make a browser ask this machine under a name of that page's own.
            if urlsplit(f"//{request.headers.get('host', '')}").hostname not in OWN_NAMES:
                return _said(403, "this server answers to localhost alone")
        elif request.url.path != "/health" and not self._bears_token(request):
            return _said(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
        client = request.client.host if request.client else ""
        if request.url.path == "/samples" and (seconds := self.rates.wait(client)):
            return _said(429, f"too many requests: ask again in {seconds} s", {"Retry-After": str(seconds)})
        return None

    def _bears_token(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        assert self.token is not None
        return kind.lower() == "bearer" and hmac.compare_digest(token.encode(), self.token.encode())


def _said(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": detail}, status, headers)


async def _refused(request: Request, error: Exception) -> Response:
    """The line of a refusal, with the names of a query in place of the command's options."""
    return _said(422, re.sub(r"--([a-z][a-z-]*)", lambda option: option[1].replace("-", "_"), str(error)))


async def _invalid(request: Request, error: Exception) -> Response:
    """The first thing that is wrong with a query, in one line."""
    assert isinstance(error, RequestValidationError)
    return _said(422, ": ".join(first_wrong(error)))


async def _full(request: Request, error: Exception) -> Response:
    assert isinstance(error, Full)
    return _said(503, str(error), {"Retry-After": str(error.seconds)})
