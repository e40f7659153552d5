"""`honmono data check` and `honmono data pack`."""

from typing import Annotated

from typer import Argument, Option, Typer

from honmono.cli.options import AsJson, Reading
from honmono.cli.output import print_json


app = Typer(help="Check or pack data without training.")
Source = Annotated[str, Argument(help="digits, hf:NAME, or a folder, archive or file (formats: docs/guide.md)")]
Size = Annotated[int | None, Option(help="side of the pictures in pixels; chosen from the data by default")]


@app.command("check")
def check(
    source: Source,
    size: Size = None,
    classes: Reading = None,
    json: AsJson = False,
) -> None:
    """Report what would be done with each picture of a source."""
    from honmono.data.choose import MIXTURES
    from honmono.data.packing.check import check as check_source
    from honmono.data.sources.base import reading
    from honmono.errors import Refused

    if source in MIXTURES:
        raise Refused(
            f"{source} is sampled from a mixture, so there is nothing to check; its fields: honmono show gan-grid"
        )
    report = check_source(source, size=size, classes=reading(classes))
    print_json(report.to_json()) if json else print("\n".join(report.lines()))


@app.command("pack")
def pack(source: Source, size: Size = None, classes: Reading = None) -> None:
    """Decode a source into the cache, so that training starts immediately."""
    from honmono.data.packing.check import Report
    from honmono.data.pictures import Pictures
    from honmono.data.sources.base import reading

    dataset = Pictures(source=source, size=size, classes=reading(classes)).open()
    print("\n".join([*Report(dataset.record).lines(), f"packed at {dataset.path}"]))
