"""A recipe's pictures: where they come from, and how they become samples."""

from dataclasses import dataclass
from typing import Literal

from honmono.data.base import Data
from honmono.data.packing.bands import AnyBands
from honmono.data.packing.fit import Fit
from honmono.data.packing.frames import Frames
from honmono.data.packing.one_picture import Request
from honmono.data.packing.pack import pack
from honmono.data.packing.packed import PackedPictures
from honmono.data.packing.pixel_art import AnyResample
from honmono.data.packing.sizes import Size, checked_size, spelled
from honmono.data.packing.survey import Survey
from honmono.data.packing.values import ALPHA, checked_ground
from honmono.data.sources.base import Classes
from honmono.data.sources.open import open_source
from honmono.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Pictures(Data):
    """Pictures, made into squares (or other rectangles) of one size.

    source: "digits", a folder, archive or file of any format in docs/guide.md, or "hf:NAME"; "@SPLIT" at its end
        chooses a split. None: `--data` gives it.
    size: of the squares in pixels, or "HEIGHTxWIDTH" where the networks can. None: squares, nearest to the size that
        all share of 8, 10, 12, 14, 16, 20, ... (a grid of 4 to 7 pixels, doubled), else the largest of 8, 16, ... that
        the median short side fills, up to max_size.
    fit: "crop" scales the short side and keeps the middle, "pad" centres on black (transparent pictures on `ground`)
        and only ever scales down, "resize" stretches.
    channels: 1 or 3; None: 1 if every picture is grey, else 3 (4 with ground="alpha").
    range: what black and white become.
    flip: whether half of the samples, at random, are mirrored.
    expects: (size, channels) of the pictures that fixed-size networks were written for; others are refused.
    classes: where they are read from: "folders", "labels" that the data set brings itself, "none"; "auto" takes such
        labels, else folders where these are classes and not only parts of the data set.
    ground: the colour behind transparent pictures, and around them with fit="pad": a name or "#rrggbb"; "auto": white,
        black where what is visible of them is nearly white. "alpha": none; transparency is a fourth channel.
    resample: the filter that changes sizes, one of Pillow's, which averages all that becomes one pixel ("nearest" takes
        one): "lanczos", "bilinear", as torchvision's `Resize`, or "nearest", which makes no new values. "auto":
        lanczos, and nearest for small pictures of few colours.
    frames: of animations and stacks: the "first" alone, or "all" as pictures of their own.
    bands: of TIFFs: only the "usual" grey, colours and transparency; "first": the first three of any as colours.
    """

    source: str | None = None
    size: Size | None = None
    fit: Fit = "crop"
    channels: Literal[1, 3] | None = None
    range: tuple[float, float] = (-1.0, 1.0)
    flip: bool = False
    max_size: int = 64
    expects: tuple[int, int] | None = None
    classes: Classes = "auto"
    ground: str = "auto"
    frames: Frames = "first"
    bands: AnyBands = "usual"
    resample: AnyResample = "auto"

    def __post_init__(self) -> None:
        if self.size is not None:
            object.__setattr__(self, "size", checked_size(self.size, "data.size"))
        if self.max_size < 8:
            raise Refused(f"data.max_size={self.max_size}: sizes that follow from the data start at 8")
        if self.limit is not None and self.limit < 1:
            raise Refused(f"data.limit={self.limit}: at least one picture is needed, None takes all")
        checked_ground(self.ground)
        if self.ground == ALPHA and self.channels is not None:
            raise Refused(f"data.ground=alpha makes four channels, not data.channels={self.channels}: set it to none")
        if self.range[0] >= self.range[1]:
            raise Refused(f"data.range={self.range}: black must be below white, as in (-1.0, 1.0)")

    def open(self) -> PackedPictures:
        """Packs the pictures unless the cache has them, and opens them."""
        if self.source is None:
            raise Refused("this recipe has no pictures of its own: give --data SOURCE")
        source = open_source(self.source, self.classes)
        entry = pack(source, self.request(), self._accept)
        return PackedPictures(entry, self.source, self.range, self.flip)

    def request(self) -> Request:
        """What packing depends on, besides the source."""
        return Request(
            size=self.size,
            fit=self.fit,
            channels=self.channels,
            max_size=self.max_size,
            limit=self.limit,
            classes=self.classes,
            ground=self.ground,
            frames=self.frames,
            bands=self.bands,
            resample=self.resample,
        )

    def _accept(self, holds: Survey) -> None:
        if self.expects is None or (holds.square(), 1 if holds.grey else 3) == self.expects:
            return
        size, channels = self.expects
        colour = "grey" if channels == 1 else "colour"
        raise Refused(
            f"{self.source} holds {holds}, and this recipe was written for {colour} ones of {spelled(size)}: "
            f"add --size {size} to convert them, or train folder, which fits any pictures"
        )
