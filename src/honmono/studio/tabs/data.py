"""The tab Data: what is in the folder of data, what a training would make of it, and uploads."""

from threading import Lock
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from honmono.data.choose import MIXTURES, suitable
from honmono.data.packing.check import check
from honmono.data.pictures import Pictures
from honmono.data.points import holds_points
from honmono.data.sources.open import expanded
from honmono.errors import Refused
from honmono.studio.data_folder import entries, receive
from honmono.studio.form import WrongField
from honmono.studio.parts import Studio


class Asked(BaseModel):
    """source: a name in the folder of data, or built-in data. size: of the pictures, as of `honmono data check`."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=1_000)
    size: int | None = Field(None, ge=1, le=4_096)


def router(studio: Studio) -> APIRouter:
    """The addresses of the tab."""
    tab = APIRouter(prefix="/data")
    folders, turn = studio.folders, Lock()

    @tab.get("")
    def page(source: str = "") -> Response:
        return studio.page("data.html", tab="data", sources=entries(folders), source=source, most=studio.most_upload)

    @tab.post("/check")
    def checked(asked: Asked) -> dict[str, Any]:
        """The lines of `honmono data check`, and the recipe that suits the data."""
        with turn:  # one at a time: each may use all cores
            return _report(studio, asked)

    @tab.post("/upload")
    async def upload(request: Request, name: str) -> dict[str, str]:
        announced = request.headers.get("content-length", "")
        size = int(announced) if announced.isdecimal() and announced.isascii() else None
        try:
            return {"source": await receive(folders, name, request.stream(), studio.most_upload, size)}
        except Refused as refused:
            raise WrongField("file", str(refused)) from refused

    return tab


def _report(studio: Studio, asked: Asked) -> dict[str, Any]:
    try:
        source = studio.folders.source(asked.source.strip())
        if source in MIXTURES or holds_points(expanded(source)):
            lines = [f"{asked.source}: points in the plane; there is nothing to check"]
        else:
            lines = check(source, Pictures(source=source, size=asked.size).request()).lines()
        return {"lines": lines, "recipe": suitable(source)[0], "source": asked.source.strip()}
    except Refused as refused:
        raise WrongField("source", str(refused)) from refused
