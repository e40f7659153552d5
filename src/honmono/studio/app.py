"""The studio's application: its tabs, and how refusals are answered."""

import re
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from honmono.errors import Failed, Refused
from honmono.files import readable
from honmono.generation.serving.ask import first_wrong
from honmono.reports.html import render
from honmono.studio.access import Access
from honmono.studio.folders import Folders
from honmono.studio.models import Models
from honmono.studio.nearest import TrainingPictures
from honmono.studio.parts import MOST_UPLOAD, Studio
from honmono.studio.steering import KnownDirections
from honmono.studio.tabs import compare, data, explore, points, runs
from honmono.studio.trainings import Trainings


def build_app(folders: Folders, *, host: str, token: str | None = None, most_upload: int = MOST_UPLOAD) -> FastAPI:
    """The application for two folders. host: that it listens at. token: that visitors need."""
    models = Models()
    studio = Studio(
        folders, Trainings(folders), models, KnownDirections(models), TrainingPictures(folders), most_upload
    )
    app = FastAPI(title="honmono studio", docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(Access(host, token).answer)
    for error in (Refused, Failed, OSError):
        app.exception_handler(error)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_no_such_page)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    for tab in (runs, explore, compare, points, data):
        app.include_router(tab.router(studio))

    @app.get("/")
    def first() -> Response:
        return RedirectResponse("/runs", 303)

    return app


async def _refused(request: Request, error: Exception) -> Response:
    """A page with the line of a refusal, or the line and the form's field for a script."""
    detail, field = readable(" ".join(str(error).split())), getattr(error, "field", None)
    if field is None and (option := re.match(r"--([a-z][a-z-]*)", detail)):
        field = option[1].replace("-", "_")
        detail = detail.removeprefix("--")
    return _answer(request, detail, field, 422)


async def _invalid(request: Request, error: Exception) -> Response:
    """The first thing that is wrong with a request, in one line."""
    assert isinstance(error, RequestValidationError)
    field, wrong = first_wrong(error)
    return _answer(request, f"{field}: {wrong}", field, 422)


async def _no_such_page(request: Request, error: Exception) -> Response:
    """What the framework itself does not answer, such as an address that leads nowhere."""
    assert isinstance(error, HTTPException)
    detail = "there is no such page in the studio" if error.status_code == 404 else str(error.detail)
    return _answer(request, detail, None, error.status_code)


def _answer(request: Request, detail: str, field: str | None, status: int) -> Response:
    """A page for a visitor, JSON for a script."""
    if request.headers.get("sec-fetch-mode") == "navigate":
        return HTMLResponse(render("studio/pages/refused.html", tab="", detail=detail), status)
    return JSONResponse({"detail": detail, "field": field}, status)
