"""The tab Runs: the list, a run with its curves and pictures, and trainings that start, stop and resume."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from honmono.errors import Refused
from honmono.recipes import catalogue
from honmono.reports.figures.film import film, frames
from honmono.runs.directory import RunDirectory
from honmono.studio.data_folder import entries
from honmono.studio.folders import inside
from honmono.studio.form import Form, words
from honmono.studio.parts import Studio
from honmono.studio.run_state import card, cards, curves, numbers
from honmono.studio.trainings import as_typed


class Resume(BaseModel):
    """steps: to train up to; None: those of the run's recipe."""

    model_config = ConfigDict(extra="forbid")

    steps: int | None = Field(None, ge=1, le=10**12)


def router(studio: Studio) -> APIRouter:
    """The addresses of the tab."""
    tab = APIRouter(prefix="/runs")
    _pages(tab, studio)
    _trainings(tab, studio)
    folders = studio.folders

    @tab.get("/{name}/curves")
    def curves_of(name: str) -> dict[str, Any]:
        run = folders.run(name)
        names = [path.name for path in frames(run.samples)]
        return {"panels": curves(run), "pictures": names, "state": card(run, studio.trainings).state}

    @tab.get("/{name}/film.gif")
    def film_of(name: str) -> Response:
        run = folders.run(name)
        if not (pictures := frames(run.samples)):
            raise Refused(f"{name} has no samples yet")
        with TemporaryDirectory() as folder:
            film(pictures, path := Path(folder) / "film.gif")
            return Response(path.read_bytes(), media_type="image/gif")

    @tab.get("/{name}/samples/{file}")
    def picture(name: str, file: str) -> FileResponse:
        run = folders.run(name)
        if not re.fullmatch(r"(\d{9}(-[\w.-]+)?|real)\.png", file):
            raise Refused(f"picture {file[:80]!r}: there is none of that name")
        path = inside(run.path, run.samples / file)
        if not path.is_file():
            raise Refused(f"picture {file[:80]!r}: there is none of that name")
        return FileResponse(path)

    return tab


def _pages(tab: APIRouter, studio: Studio) -> None:
    folders, trainings = studio.folders, studio.trainings

    @tab.get("")
    def listing(data: str = "") -> Response:
        recipes = catalogue()
        return studio.page(
            "runs.html", tab="runs", **_list(studio), recipes=recipes, sources=entries(folders), data=data
        )

    @tab.get("/cards")
    def only_cards() -> Response:
        return studio.page("cards.html", **_list(studio))

    @tab.get("/{name}")
    def one(name: str) -> Response:
        if name in trainings.starting():
            return studio.page("starting.html", tab="runs", name=name)
        return studio.page("run.html", tab="runs", **_live(studio, folders.run(name)))

    @tab.get("/{name}/live")
    def live(name: str) -> Response:
        if name in (starting := trainings.starting()):
            return studio.page("starting_live.html", on=starting[name], said=trainings.said(name))
        return studio.page("run_live.html", **_live(studio, folders.run(name)), said=trainings.said(name))


def _trainings(tab: APIRouter, studio: Studio) -> None:
    folders, trainings = studio.folders, studio.trainings

    @tab.post("/preview")
    def preview(form: Form) -> dict[str, str]:
        """The command that the form would run."""
        return {"command": as_typed(words(form, folders)[1])}

    @tab.post("/start")
    def start(form: Form) -> dict[str, str]:
        return {"run": trainings.start(*words(form, folders))}

    @tab.post("/{name}/stop")
    def stop(name: str) -> dict[str, str]:
        trainings.stop(name)
        return {"run": name}

    @tab.post("/{name}/resume")
    def resume(name: str, how: Resume) -> dict[str, str]:
        trainings.resume(name, how.steps)
        return {"run": name}


def _list(studio: Studio) -> dict[str, Any]:
    """The cards, each with the name of the run's newest picture, and the trainings that are starting."""
    found = cards(studio.folders, studio.trainings)
    pictures = [(one, newest_picture(studio.folders.run(one.name))) for one in found]
    return {"cards": pictures, "starting": [name for name, on in studio.trainings.starting().items() if on]}


def newest_picture(run: RunDirectory) -> str:
    """The file name of a run's newest sample grid; "" where there is none."""
    return next((path.name for path in reversed(frames(run.samples))), "")


def _live(studio: Studio, run: RunDirectory) -> dict[str, Any]:
    return {"card": card(run, studio.trainings), "picture": newest_picture(run), "numbers": numbers(run)}
