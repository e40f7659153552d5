"""From a source to pictures of one size and number of channels: the one path that packing and checking share."""

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from honmono.data.packing.bands import FirstBands
from honmono.data.packing.decode import Header
from honmono.data.packing.fates import NAMED, Fates
from honmono.data.packing.fit import Resample
from honmono.data.packing.frames import EveryFrame
from honmono.data.packing.one_picture import Convert, Request, Way
from honmono.data.packing.pixel_art import filter_of
from honmono.data.packing.rows import Rows
from honmono.data.packing.sizes import Size, height_and_width
from honmono.data.packing.survey import Seen, Survey, look_at
from honmono.data.packing.values import ALPHA, levels_of
from honmono.data.parallel import progress, run_in_parallel
from honmono.data.sources.base import Listing, Source
from honmono.data.sources.items import Positions
from honmono.data.sources.spooled import Spooled, sort_spooled
from honmono.errors import Refused
from honmono.files import readable


_FIRST = 512  # pictures that say how all of them are to be converted


@dataclass
class Conversion:
    """What became of a source; complete once `convert` returns it.

    resample: the filter that changed sizes.
    order: for each picture kept, in the order in which it was kept, its index in the source.
    repaired, skipped: by what was mended, or why they cannot be used, the indices of pictures.
    collapsed: whether the pixels, kept with three channels, are all grey and one channel is to be made of them.
    shared: (name, name elsewhere) of the pictures that another split of the source has too.
    blank: how many pictures are of nearly one colour. lightest: the largest value in any of them.
    """

    listing: Listing
    seen: Seen
    size: Size
    channels: int
    resample: Resample
    collapsed: bool = False
    order: Spooled[int] = field(default_factory=Spooled[int])
    formats: Counter[str] = field(default_factory=Counter)
    repaired: defaultdict[str, Positions] = field(default_factory=lambda: defaultdict(Positions))
    skipped: defaultdict[str, Positions] = field(default_factory=lambda: defaultdict(Positions))
    shared: Sequence[tuple[str, str]] = ()
    blank: int = 0
    lightest: int = 0

    def labels(self) -> Iterator[int]:
        """The class of each picture kept, in the source's order; -1 where there are no classes."""
        labels = self.listing.items.labels
        if labels is None:
            yield from repeat(-1, len(self.order))
            return
        kept = iter(self.order) if self.order.rising() else sort_spooled(self.order)
        index = next(kept, None)
        for at, label in enumerate(labels):
            if at == index:
                yield label
                index = next(kept, None)

    def record(self, source: Source, request: Request) -> dict[str, Any]:
        """The record of the conversion, as plain JSON values."""
        classes = self.listing.classes
        holds = self.seen.survey()
        resized = holds.resizing(self.size)
        counts = Counter(self.labels())
        return {
            "source": readable(source.name),
            "fingerprint": source.fingerprint(),
            "count": len(self.order),
            "size": self.size,
            "channels": self.channels,
            "fit": request.fit,
            "resample": self.resample,
            "limit": request.limit,
            "classes": list(classes),
            "classes_from": self.listing.classes_from,
            "split": self.listing.split and readable(self.listing.split),
            "splits": {readable(name): number for name, number in self.listing.splits},
            "in_other_splits": [{"name": readable(name), "also": readable(also)} for name, also in self.shared[:NAMED]],
            "in_other_splits_files": len(self.shared),
            "blank": self.blank,
            "lightest": self.lightest,
            "class_counts": {name: counts[label] for label, name in enumerate(classes)},
            "formats": dict(self.formats.most_common()),
            "holds": holds.to_json(),
            "notes": [*self.listing.notes, *([] if request.size or resized is None else [resized])],
        } | self._fates()

    def _fates(self) -> dict[str, Any]:
        items = self.listing.items
        repaired, skipped = Fates("repaired", "what"), Fates("skipped", "why")
        repaired.add(_by_index(self.repaired), lambda at: items[at].name)
        skipped.add(_by_index(self.skipped), lambda at: items[at].name)
        skipped.add(self.listing.strays, str)
        return repaired.record() | skipped.record()


def convert(source: Source, request: Request, accept: Callable[[Survey], None], pixels: Rows) -> Conversion:
    """Converts every usable picture and keeps its pixels in `pixels`, in the order in which the source delivers them.

    accept: sees what the source holds, before the long work by its first pictures alone, and may raise `Refused`.
    Raises `Refused` where nothing is usable.

    The first pictures say how all of them are to be converted, so that each is read once. Where all together say
    otherwise, they are converted again.
    """
    source = FirstBands(source) if request.bands == "first" else source
    source = EveryFrame(source) if request.frames == "all" else source
    listing = _without_classes(source.listing()) if request.classes == "none" else source.listing()
    if request.classes == "labels" and not listing.classes:
        raise Refused(f"{source.name} has no labels of its own: leave out --classes labels")
    count = min(len(listing.items), request.limit or len(listing.items))
    with warnings.catch_warnings():
        # Pillow warns of damaged metadata; the record names the pictures, the terminal does not.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        seen, complete = _look(source, listing, count)
        accept(seen.survey())
        way, notes = _conclude(source, request, seen, count)
        conversion = _convert_all(source, listing, count, pixels, way)
        if not complete:
            accept(conversion.seen.survey())
            exact, notes = _conclude(source, request, conversion.seen, count)
            if exact != way:
                conversion = _convert_all(source, listing, count, pixels, exact)
    conversion.listing = replace(listing, notes=(*listing.notes, *notes))
    conversion.shared = source.in_other_splits()
    return conversion


def _look(source: Source, listing: Listing, count: int) -> tuple[Seen, bool]:
    """What the first pictures are, or all of them where the first do not tell; and whether these are all."""
    seen = look_at(source, min(count, _FIRST))
    if count <= _FIRST or (seen.any_usable() and not seen.special.deep):
        complete = count <= _FIRST
    else:
        seen, complete = look_at(source, count), True
    if not seen.any_usable():
        named = [(listing.items[seen.unusable[0]].name, seen.unusable[1])] if seen.unusable else listing.strays[:1]
        why = f"{named[0][0]!r}: {named[0][1]}" if named else "it is empty"
        raise Refused(f"{source.name} holds no usable pictures ({why})")
    return seen, complete


def _without_classes(listing: Listing) -> Listing:
    return replace(listing, items=listing.items.unlabelled(), classes=(), classes_from="")


def _conclude(source: Source, request: Request, seen: Seen, count: int) -> tuple[Way, list[str]]:
    """How pictures with these headers are converted, and lines on it."""
    holds, special = seen.survey(), seen.special
    levels, notes = levels_of(source, special, count, request.ground)
    size = request.size or holds.size_within(request.max_size)
    resample, more = filter_of(source, holds, size, count, request.resample)
    ground = levels.ground or (0, 0, 0, 0)
    grey = holds.grey and (not special.transparent or len({*ground}) == 1)
    channels = 4 if request.ground == ALPHA else request.channels or (1 if grey else 3)
    behind = ground if special.transparent or channels == 4 else (0, 0, 0)
    return Way(size, channels, request, resample, levels, behind), [*notes, *more]


def _convert_all(source: Source, listing: Listing, count: int, pixels: Rows, way: Way) -> Conversion:
    conversion = Conversion(listing, Seen(), way.size, way.channels, way.resample)
    coloured = Positions()  # grey pictures among what may turn out to be coloured ones
    all_grey = True
    hashed = source.unread() is not None
    hashes = Spooled[bytes]()
    task = Convert(way, hashed, pixels.begin((way.channels, *height_and_width(way.size))))
    with progress("packing", count) as advance:
        for index, one in run_in_parallel(task, source.contents(count)):
            advance()
            conversion.seen.add(index, one.header)
            if hashed:
                hashes.append(one.hashed)
            pixels.keep(one.why is None)
            if one.why is not None:
                conversion.skipped[one.why].append(index)
                continue
            assert isinstance(one.header, Header)
            conversion.order.append(index)
            conversion.formats[one.header.format] += 1
            for repair in one.repairs:
                conversion.repaired[repair].append(index)
            conversion.blank += one.blank
            conversion.lightest = max(conversion.lightest, one.lightest)
            all_grey = all_grey and one.is_grey
            if one.was_grey and one.header.format != "pixels":
                coloured.append(index)
    if hashed:
        source.take_hashes(hashes)
    if not conversion.order:
        index, why = next(_by_index(conversion.skipped))
        raise Refused(f"{source.name} holds no usable pictures ({listing.items[index].name!r}: {why})")
    if way.channels == 3 and way.request.channels is None and all_grey:
        conversion.channels, conversion.collapsed = 1, True
    elif way.channels == 3:
        conversion.repaired["grey given three equal channels"].extend(coloured)
    return conversion


def _by_index(fates: Mapping[str, Iterable[int]]) -> Iterator[tuple[int, str]]:
    """(index, fate) in rising order."""
    return sort_spooled((index, fate) for fate, indices in fates.items() for index in indices)
