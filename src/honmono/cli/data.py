"""`honmono data check` and `honmono data pack`."""

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option, Typer

from honmono.cli.options import AsJson, Reading, parse_changes, read_size
from honmono.cli.output import print_json


if TYPE_CHECKING:
    from honmono.data.pictures import Pictures


app = Typer(help="Check or pack data without training.")
Source = Annotated[str, Argument(help="digits, hf:NAME, or a folder, archive or file (formats: docs/guide.md)")]
Size = Annotated[
    str | None, Option(help="side of the pictures in pixels, or HEIGHTxWIDTH; chosen from the data by default")
]
Changes = Annotated[
    list[str] | None, Option("--set", help="change one field of the data, as in train: data.FIELD=VALUE (repeatable)")
]


@app.command("check")
def check(
    source: Source,
    size: Size = None,
    classes: Reading = None,
    changes: Changes = None,
    json: AsJson = False,
) -> None:
    """Report what would be done with each picture of a source."""
    from honmono.data.packing.check import check as check_source

    report = check_source(source, _pictures(source, size, classes, changes).request())
    print_json(report.to_json()) if json else print("\n".join(report.lines()))


@app.command("pack")
def pack(source: Source, size: Size = None, classes: Reading = None, changes: Changes = None) -> None:
    """Decode a source into the cache, so that training starts immediately."""
    from honmono.data.packing.check import Report

    dataset = _pictures(source, size, classes, changes).open()
    print("\n".join([*Report(dataset.record).lines(), f"packed at {dataset.path}"]))


def _pictures(source: str, size: str | None, classes: str | None, changes: list[str] | None) -> "Pictures":
    """The data of `train` with the same options."""
    from dataclasses import replace

    from honmono.data.choose import MIXTURES
    from honmono.data.pictures import Pictures
    from honmono.data.sources.base import reading
    from honmono.errors import Refused

    if source in MIXTURES:
        raise Refused(f"{source} is sampled from a mixture and has no files; its fields: honmono show gan-grid")
    pictures = Pictures(source=source, size=read_size(size), classes=reading(classes))
    given = parse_changes(changes)
    if other := [field for field in given if not field.startswith("data.") or field == "data.source"]:
        raise Refused(f"--set {other[0]}: only fields of the data change its pictures (honmono show folder lists them)")
    if not given:
        return pictures
    from honmono.recipe.override import override
    from honmono.recipe.registry import find

    changed = override(replace(find("folder").make(), data=pictures), given).data
    assert isinstance(changed, Pictures)
    return changed
