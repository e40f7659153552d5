"""The tab Explore: samples of a run by seed, class, truncation and sampler; ways between two; training pictures."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from torch.nn.modules.batchnorm import _BatchNorm

from honmono.errors import Refused
from honmono.generation.latents.directions import Method
from honmono.generation.load import TrainedRun
from honmono.generation.serving.answers import MEDIA, as_bytes, as_json, data_address, refuse_pictures_of_points
from honmono.recipe.latents import Normal
from honmono.recipe.samplers import OPTIONS, SOLVERS
from honmono.studio.between import MOST_PLACE, Way, film, samples_between
from honmono.studio.parts import Studio
from honmono.studio.run_state import Card, cards
from honmono.studio.steering import REACH, SLIDERS, SteeredAsk, can_be_steered


MOST_PIXELS = 64 * 64 * 64  # of one grid: 64 pictures of 64x64, fewer of larger ones


class Sample(BaseModel):
    """One sample of a grid: the request for the grid, and the place in it."""

    model_config = ConfigDict(extra="forbid")

    ask: SteeredAsk
    place: int = Field(ge=0, lt=MOST_PLACE)


def router(studio: Studio) -> APIRouter:
    """The addresses of the tab."""
    tab = APIRouter(prefix="/explore")
    folders, models = studio.folders, studio.models

    @tab.get("")
    def page(run: str = "") -> Response:
        found = [card for card in cards(folders, studio.trainings) if not card.points]
        chosen, described, error = _chosen(studio, found, run)
        return studio.page("explore.html", tab="explore", cards=found, run=chosen, found=described, error=error)

    @tab.get("/{name}/samples")
    def samples(name: str, ask: Annotated[SteeredAsk, Query()]) -> Response:
        """The samples of `honmono sample` with the same options, moved, as JSON with pictures, a PNG or an NPY."""
        run = folders.run(name)
        trained, made, label = models.samples(run, ask, studio.directions.shift(run, ask))
        refuse_pictures_of_points(trained, ask)
        if ask.format == "json":
            return JSONResponse(as_json(trained, ask, made, label))
        return Response(as_bytes(trained, ask, made), media_type=MEDIA[ask.format])

    @tab.get("/{name}/directions")
    def directions(name: str, method: Method) -> dict[str, Any]:
        """How far the features move along each direction that samples can be moved along, strongest first."""
        return {"strengths": studio.directions.of(folders.run(name), method).strengths[:SLIDERS].tolist()}

    _kept(tab, studio)
    return tab


def _kept(tab: APIRouter, studio: Studio) -> None:
    """What is done with kept samples."""
    folders, models = studio.folders, studio.models

    @tab.post("/{name}/between")
    def between(name: str, way: Way) -> dict[str, Any]:
        return {"pictures": [data_address(picture) for picture in _pictures_between(studio, name, way)]}

    @tab.post("/{name}/between.gif")
    def between_film(name: str, way: Way) -> Response:
        return Response(film(list(_pictures_between(studio, name, way))), media_type="image/gif")

    @tab.post("/{name}/nearest")
    def nearest(name: str, sample: Sample) -> dict[str, Any]:
        """The training pictures that are nearest to a sample, nearest first."""
        ask = sample.ask.model_copy(update={"num": sample.place + 1})
        run = folders.run(name)
        trained, made, _ = models.samples(run, ask, studio.directions.shift(run, ask))
        pictures, distances, searched = studio.training_pictures.nearest(trained, made[sample.place :])
        return {
            "pictures": [data_address(picture) for picture in pictures],
            "distances": [round(distance, 1) for distance in distances],
            "searched": searched,
        }


def _pictures_between(studio: Studio, name: str, way: Way) -> np.ndarray:
    run = studio.folders.run(name)
    shifts = [studio.directions.shift(run, way.end(which)) for which in (0, 1)]
    with studio.models.turn(run) as trained:
        return trained.model.pictures(samples_between(trained, way, shifts))


def _chosen(studio: Studio, found: list[Card], name: str) -> tuple[str, dict[str, Any] | None, str]:
    """The run that the page shows, the newest with a checkpoint where none is named; its controls; what is wrong."""
    names = [name] if name else [card.name for card in found if card.step]
    if not names:
        return "", None, "there is no run of pictures yet: start a training in Runs"
    try:
        with studio.models.turn(studio.folders.run(names[0])) as trained:
            return names[0], controls(trained), ""
    except (Refused, RuntimeError) as error:
        return names[0], None, str(error)


def controls(trained: TrainedRun) -> dict[str, Any]:
    """What of a run may be chosen, for the page's form."""
    if trained.model.range is None:
        raise Refused(f"{trained.run.path.name} generates points: see it in Points")
    channels, height, width = trained.model.data_spec.sample_shape
    sampler = trained.model.sampler
    return {
        "classes": trained.classes,
        "num": max(4, min(64, MOST_PIXELS // (height * width))),
        "shape": f"{channels} x {height} x {width}",
        "step": trained.step,
        "weights": trained.weights,
        "truncation": isinstance(trained.recipe.latent, Normal),
        "batch_norm": trained.recipe.sampling if _has_batch_norm(trained) else None,
        "sampler": {name: getattr(sampler, name) for name in OPTIONS if hasattr(sampler, name)},
        "solvers": list(SOLVERS),
        "sliders": SLIDERS if can_be_steered(trained.model) else 0,
        "reach": REACH,
    }


def _has_batch_norm(trained: TrainedRun) -> bool:
    return any(isinstance(layer, _BatchNorm) for layer in trained.raw_generator.modules())
