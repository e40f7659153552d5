"""Runs all case scripts of a folder and compares what honmono understands of their data with what is right.

    python benchmarks/cases.py FOLDER [--writers PYTHON] [--only NAME] [--train]

FOLDER/data/NAME.py OUT writes data sets into OUT and prints what is right of them, for people; `cases.json` beside this
file has the same for each source, for this comparison: "60 grey 28x28, 3 classes: cat (6), ..." or "refused: ..." with
words of the refusal. --writers: a Python with the libraries that write the formats. --train: two steps of training too.
FOLDER/reports/NAME.sh are run with BIN=the folder of `honmono` and `python`, and are right where they exit with 0 (77:
cannot be run here). Prints a table; the exit status is 1 where anything differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from honmono.data.packing.check import check
from honmono.errors import Refused


RIGHT = Path(__file__).with_name("cases.json")
_NAMED = 4  # classes


class Row(NamedTuple):
    """A source or report: what was found, and what is right, None where that is not known."""

    name: str
    found: str
    right: str | None

    def verdict(self) -> str:
        """ok, differs, or that nothing is known."""
        if self.right is None:
            return "unknown"
        refusal = self.right.removeprefix("refused: ")
        same = refusal in self.found and self.found.startswith("refused") if refusal != self.right else False
        return "ok" if same or self.found == self.right else "differs"


def understood(record: dict[str, Any]) -> str:
    """`60 grey 28x28, 3 classes: cat (20), dog (20), emu (20)`."""
    holds, counts = record["holds"], record["class_counts"]
    width, height, _ = holds["sizes"][0]
    sizes = f"{width}x{height}" if holds["distinct"] == 1 else f"{holds['distinct']} sizes"
    colour = {1: "grey", 3: "colour"}.get(record["channels"], f"{record['channels']} channels")
    named = [f"{name} ({number})" for name, number in counts.items()]
    more = f", ... {named[-1]}" if len(named) > _NAMED else ""
    classes = f"{len(named)} classes: {', '.join(named[:_NAMED])}{more}" if named else "no classes"
    return f"{record['count']} {colour} {sizes}, {classes}"


def look(source: str) -> str:
    """What is understood of a source, in one line."""
    try:
        return understood(check(source).record)
    except Refused as refusal:
        return f"refused: {refusal}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def train(source: str) -> str:
    """How two steps of training end."""
    command = [sys.executable, "-m", "honmono", "train", "--data", source, "--steps", "2", "--set", "metrics=()"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*command, "--run", f"{folder}/run"], capture_output=True, text=True)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    return f"exit {done.returncode}" + (f": {last}" if done.returncode else "")


def data_cases(folder: Path, asked: argparse.Namespace, right: dict[str, str]) -> Iterator[Row]:
    """A row for each data set that the scripts write."""
    for script in sorted(folder.glob("[0-9]*.py")):
        if asked.only not in script.name:
            continue
        with tempfile.TemporaryDirectory() as place:
            out = Path(place, script.stem)
            written = subprocess.run([asked.writers, script, out], capture_output=True, text=True)
            if written.returncode:
                yield Row(script.stem, f"not written: {written.stderr.strip().splitlines()[-1]}", None)
                continue
            print(f"\n{script.stem}: {' | '.join(written.stdout.strip().splitlines())}")
            for source in sorted(out.iterdir()):
                name = f"{script.stem}/{source.name}"
                yield Row(name, look(str(source)).replace(place + os.sep, ""), right.get(name))
                if asked.train:
                    yield Row(f"{name}, two steps", train(str(source)), None)


def reports(folder: Path, asked: argparse.Namespace) -> Iterator[Row]:
    """A row for each script of a fault."""
    for script in sorted(folder.glob("[0-9]*.sh")):
        if asked.only in script.name:
            # Some write scripts of their own that are called like a module of Python's.
            settings = os.environ | {"BIN": str(asked.bin), "PYTHONSAFEPATH": "1"}
            with tempfile.TemporaryDirectory() as place:
                done = subprocess.run(
                    ["bash", script.resolve()], capture_output=True, text=True, env=settings, cwd=place
                )
            last = (done.stdout.strip().splitlines() or [""])[-1]
            said = f": {last}" if done.returncode else ""
            yield Row(script.stem, f"exit {done.returncode}{said}", f"exit {77 if done.returncode == 77 else 0}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs all case scripts of a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--writers", default=sys.executable, help="the Python that runs the scripts of data")
    parser.add_argument("--bin", default=Path(sys.executable).parent, help="the folder of honmono and python")
    parser.add_argument("--only", default="", help="scripts with this in their names")
    parser.add_argument("--train", action="store_true", help="train two steps on each data set, too")
    asked = parser.parse_args()
    right = json.loads(RIGHT.read_text(encoding="utf-8")) if RIGHT.exists() else {}
    differ = 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HONMONO_CACHE"] = cache
        for rows in (data_cases(asked.folder / "data", asked, right), reports(asked.folder / "reports", asked)):
            for row in rows:
                differ += row.verdict() == "differs"
                print(f"{row.verdict():8}{row.name}: {row.found}", flush=True)
                if row.verdict() == "differs":
                    print(f"{'':8}right: {row.right}", flush=True)
    raise SystemExit(differ > 0)


if __name__ == "__main__":
    main()
