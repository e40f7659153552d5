"""Samples as the body of an answer: a grid, the generator's own values, or JSON with both."""

import base64
import io
from typing import Any

import numpy as np
from torch import Tensor

from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.generation.serving.ask import Ask
from honmono.generation.write import columns_of
from honmono.runs.images import grid


MEDIA = {"png": "image/png", "npy": "application/octet-stream"}


def refuse_pictures_of_points(trained: TrainedRun, ask: Ask) -> None:
    """Raises `Refused` for a grid of a run that generates points."""
    if ask.format == "png" and trained.model.range is None:
        raise Refused("format png: this run generates points: ask for npy or json")


def as_bytes(trained: TrainedRun, ask: Ask, samples: Tensor) -> bytes:
    """The file that `honmono sample` writes: a grid for "png", with `--raw` for "npy"."""
    buffer = io.BytesIO()
    if ask.format == "npy":
        np.save(buffer, samples.numpy())
        return buffer.getvalue()
    one_class = ask.label is not None or ask.label_index is not None
    columns = columns_of(ask.num, len(trained.classes), one_class)
    grid(trained.model.pictures(samples), columns).save(buffer, format="PNG")
    return buffer.getvalue()


def as_json(trained: TrainedRun, ask: Ask, samples: Tensor, label: int | None) -> dict[str, Any]:
    """Points as numbers; pictures each as a PNG, in a `data:` address that a page can show."""
    classes = trained.classes
    numbers = [label] * ask.num if label is not None else [place % len(classes) for place in range(ask.num) if classes]
    answer: dict[str, Any] = {"seed": ask.seed, "step": trained.step, "labels": [classes[number] for number in numbers]}
    if trained.model.range is None:
        return answer | {"points": samples.tolist()}
    return answer | {"pictures": [data_address(picture) for picture in trained.model.pictures(samples)]}


def data_address(picture: np.ndarray) -> str:
    """One picture (channels, height, width), without a grid's frame and in its own size."""
    from PIL import Image

    buffer = io.BytesIO()
    channels_last = picture.transpose(1, 2, 0)
    Image.fromarray(channels_last[..., 0] if len(picture) == 1 else channels_last).save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
