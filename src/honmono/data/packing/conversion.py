"""From a source to squares of one size and number of channels: the one path that packing and checking share."""

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from honmono.data.packing.decode import Levels, Unusable, decode
from honmono.data.packing.fit import Fit, Resample, fitted
from honmono.data.packing.frames import EveryFrame
from honmono.data.packing.survey import Survey, survey
from honmono.data.packing.values import levels_of
from honmono.data.parallel import in_parallel, progress
from honmono.data.sources.base import Classes, Content, Item, Listing, Source
from honmono.errors import Refused
from honmono.files import readable


Frames = Literal["first", "all"]
_BLANK = 8  # of 255: between the lightest and the darkest value of a picture in which nothing is to be seen


@dataclass(frozen=True, kw_only=True)
class Request:
    """How a source's pictures are to be converted; the fields of the same names of `Pictures`."""

    size: int | None = None
    fit: Fit = "crop"
    channels: int | None = None
    max_size: int = 64
    limit: int | None = None
    classes: Classes = "auto"
    ground: str = "auto"
    frames: Frames = "first"
    resample: Resample = "lanczos"


class Converted(NamedTuple):
    """One picture: pixels (channels, size, size) uint8, its format, and what was mended."""

    pixels: np.ndarray
    format: str
    repairs: tuple[str, ...]
    was_grey: bool  # stored without colour
    is_grey: bool  # without colour to the eye
    blank: bool  # of nearly one colour


@dataclass
class Conversion:
    """What became of a source; complete once `convert` returns it.

    order: for each picture kept, in the order in which it was kept, its index in the source.
    collapsed: whether the pixels, kept with three channels, are all grey and one channel is to be made of them.
    shared: (name, name elsewhere) of the pictures that another split of the source has too.
    blank: how many pictures are of nearly one colour. lightest: the largest value in any of them.
    """

    listing: Listing
    survey: Survey
    size: int
    channels: int
    collapsed: bool = False
    order: list[int] = field(default_factory=list)
    formats: Counter[str] = field(default_factory=Counter)
    repaired: list[tuple[int, str]] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    shared: tuple[tuple[str, str], ...] = ()
    blank: int = 0
    lightest: int = 0

    def labels(self) -> np.ndarray:
        """(kept,) int64 class indices in the source's order; -1 everywhere where there are no classes."""
        labels = [self.listing.items[index].label for index in sorted(self.order)]
        return np.array([-1 if label is None else label for label in labels], dtype=np.int64)

    def record(self, source: Source, request: Request) -> dict[str, Any]:
        """The record of the conversion, as plain JSON values."""
        names = [readable(item.name) for item in self.listing.items]
        classes = self.listing.classes
        resized = self.survey.resizing(self.size)
        counts = np.bincount(self.labels(), minlength=len(classes)) if classes else ()
        return {
            "source": readable(source.name),
            "fingerprint": source.fingerprint(),
            "count": len(self.order),
            "size": self.size,
            "channels": self.channels,
            "fit": request.fit,
            "resample": request.resample,
            "limit": request.limit,
            "classes": list(classes),
            "classes_from": self.listing.classes_from,
            "split": self.listing.split and readable(self.listing.split),
            "splits": {readable(name): number for name, number in self.listing.splits},
            "in_other_splits": [{"name": readable(name), "also": readable(also)} for name, also in self.shared],
            "blank": self.blank,
            "lightest": self.lightest,
            "class_counts": {name: int(number) for name, number in zip(classes, counts, strict=True)},
            "formats": dict(self.formats.most_common()),
            "holds": self.survey.to_json(),
            "notes": [*self.listing.notes, *([] if request.size or resized is None else [resized])],
            "repaired": [{"name": names[index], "what": what} for index, what in sorted(self.repaired)],
            "skipped": [{"name": names[index], "why": why} for index, why in sorted(self.skipped)]
            + [{"name": readable(name), "why": readable(why)} for name, why in self.listing.strays],
        }


def convert(
    source: Source,
    request: Request,
    accept: Callable[[Survey], None],
    keep: Callable[[np.ndarray], None],
) -> Conversion:
    """Converts every usable picture and gives its pixels to `keep`, in the order in which the source delivers them.

    accept: sees what the source holds before the long work, and may raise `Refused`.
    Raises `Refused` where nothing is usable.
    """
    source = EveryFrame(source) if request.frames == "all" else source
    listing = _without_classes(source.listing()) if request.classes == "none" else source.listing()
    if request.classes == "labels" and not listing.classes:
        raise Refused(f"{source.name} has no labels of its own: leave out --classes labels")
    count = min(len(listing.items), request.limit or len(listing.items))
    with warnings.catch_warnings():
        # Pillow warns of damaged metadata; the record names the pictures, the terminal does not.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        seen, special = survey(source, listing, count)
        accept(seen)
        levels, notes = levels_of(source, special, count, request.ground)
        listing = replace(listing, notes=(*listing.notes, *notes))
        size = request.size or seen.size_within(request.max_size)
        grey = seen.grey and (not special.transparent or len({*levels.ground}) == 1)
        channels = request.channels or (1 if grey else 3)
        conversion = Conversion(listing, seen, size, channels, shared=source.in_other_splits())
        behind = levels.ground if special.transparent else (0, 0, 0)
        _convert_all(source, conversion, count, keep, _Way(size, channels, request, levels, behind))
    return conversion


def _without_classes(listing: Listing) -> Listing:
    items = tuple(Item(name, None) for name, _ in listing.items)
    return replace(listing, items=items, classes=(), classes_from="")


def _convert_all(
    source: Source, conversion: Conversion, count: int, keep: Callable[[np.ndarray], None], way: "_Way"
) -> None:
    coloured: list[int] = []  # grey pictures among what may turn out to be coloured ones
    all_grey = True

    def work(content: Content) -> Converted | str:
        return _convert_one(content, way)

    with progress("packing", count) as advance:
        for index, converted in in_parallel(work, source.contents(count)):
            advance()
            if isinstance(converted, str):
                conversion.skipped.append((index, converted))
                continue
            keep(converted.pixels)
            conversion.order.append(index)
            conversion.blank += converted.blank
            conversion.lightest = max(conversion.lightest, int(converted.pixels.max()))
            conversion.formats[converted.format] += 1
            conversion.repaired.extend((index, repair) for repair in converted.repairs)
            all_grey = all_grey and converted.is_grey
            if converted.was_grey and converted.format != "pixels":
                coloured.append(index)
    if not conversion.order:
        index, why = conversion.skipped[0]
        raise Refused(f"{source.name} holds no usable pictures ({conversion.listing.items[index].name!r}: {why})")
    if way.channels == 3 and way.request.channels is None and all_grey:
        conversion.channels, conversion.collapsed = 1, True
    elif way.channels == 3:
        conversion.repaired.extend((index, "grey given three equal channels") for index in coloured)


class _Way(NamedTuple):
    """How each picture is converted. behind: the colour around those that are padded."""

    size: int
    channels: int
    request: Request
    levels: Levels
    behind: tuple[int, ...]


def _convert_one(content: Content, way: _Way) -> Converted | str:
    channels, size, request = way.channels, way.size, way.request
    try:
        # Other filters than the default are those of a data set or a source, which see every pixel.
        image, header, repairs = decode(content, size if request.resample == "lanczos" else None, way.levels)
        was_grey = image.mode == "L"
        square = fitted(image, size, request.fit, way.behind, request.resample)
    except Unusable as unusable:
        return str(unusable)
    except Exception as error:  # whatever a decoder trips over, one picture never stops the others
        return f"cannot be decoded: {error}"
    pixels = np.asarray(square)
    is_grey = was_grey or bool((pixels == pixels[..., :1]).all())
    if channels == 1 and not was_grey:
        pixels = np.asarray(square.convert("L"))
        repairs = repairs if is_grey or header.format == "pixels" else (*repairs, "colour turned into grey")
    if pixels.ndim == 2:
        pixels = np.broadcast_to(pixels, (channels, size, size))
    else:
        pixels = pixels.transpose(2, 0, 1)
    blank = int(pixels.max()) - int(pixels.min()) <= _BLANK
    return Converted(pixels, header.format, repairs, was_grey, is_grey, blank)
