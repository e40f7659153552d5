"""What packing a source would do, found out by doing it without keeping the pixels."""

from dataclasses import dataclass, replace
from typing import Any

from honmono.data.packing.conversion import convert
from honmono.data.packing.fates import lines_of
from honmono.data.packing.one_picture import Request
from honmono.data.packing.rows import Nowhere
from honmono.data.packing.sizes import spelled
from honmono.data.packing.understood import sizes_of, understood
from honmono.data.sources.open import open_source
from honmono.files import readable


_NAMES_SHOWN = 20


@dataclass(frozen=True)
class Report:
    """The record that packing writes (`PackedPictures.record` makes one too), to be read by people."""

    record: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values, with the names of a thousand files of each fate."""
        return self.record

    def lines(self) -> list[str]:
        """A page of text; of many files with the same fate the first twenty are named."""
        record = self.record
        lines = [
            f"{record['source']}: {record['count']:,} pictures",
            f"become  {record['channels']}x{spelled(record['size'])} (fit: {record['fit']})",
            f"sizes   {sizes_of(record)}",
            f"formats {', '.join(f'{name} ({number:,})' for name, number in record['formats'].items())}",
            *understood(record),
        ]
        for kind, what in (("repaired", "what"), ("skipped", "why")):
            lines += lines_of(record, kind, what, _NAMES_SHOWN)
        return [readable(line) for line in lines]  # the source as it was named this time may be no valid text


def check(source: str, request: Request | None = None, **fields: Any) -> Report:
    """What would become of a source; raises `Refused` where nothing in it is usable.

    request: as of `Pictures`. fields: those of the request that are others: size, fit, channels, ground, frames, ...
    """
    request = replace(request or Request(), **fields)
    place = open_source(source, request.classes)
    conversion = convert(place, request, accept=lambda holds: None, pixels=Nowhere())
    return Report(conversion.record(place, request))
