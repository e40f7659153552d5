"""How often calls cross from one file of the package to another, from a verb to what it is for.

    python benchmarks/crossings.py [--json FILE]

train: `honmono.train("dcgan-digits")` until the first optimizer step. picture: `honmono.load(run).pictures(1)`.
number: `honmono.evaluate(run, "fid[digits]")` of 200 fakes. A call counts where the nearest calling frame of the
package is in another file; imports do not count. Only public functions are called, so older commits can be counted:
PYTHONPATH=OTHER_CHECKOUT/src python benchmarks/crossings.py
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from torch.optim.optimizer import register_optimizer_step_pre_hook

import honmono


PACKAGE = str(Path(honmono.__file__).parent)
RECIPE = "dcgan-digits"


class Reached(BaseException):
    """The first optimizer step is about to be made."""


def crossings(work: Callable[[], Any]) -> int:
    """How many calls of a function in the package come from another file of it while `work` runs."""
    found = 0

    def note(frame: FrameType, event: str, _: Any) -> None:
        nonlocal found
        file = frame.f_code.co_filename
        if event != "call" or not file.startswith(PACKAGE) or frame.f_code.co_name == "<module>":
            return
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        found += caller is not None and caller.f_code.co_filename != file

    sys.setprofile(note)
    try:
        work()
    except Reached:
        pass
    finally:
        sys.setprofile(None)
    return found


def to_first_step(root: Path) -> None:
    def stop(*_: Any) -> None:
        raise Reached

    handle = register_optimizer_step_pre_hook(stop)
    try:
        honmono.train(RECIPE, root=root, device="cpu")
    finally:
        handle.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="a file to write the counts to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        honmono.train(RECIPE, steps=1, run=run, device="cpu", changes={"metrics": "()"})
        honmono.evaluate(run, "fid[digits]", num=200, device="cpu")  # imports, weights and reals are there after it
        counts = {
            "train": crossings(lambda: to_first_step(Path(folder))),
            "picture": crossings(lambda: honmono.load(run, device="cpu").pictures(1)),
            "number": crossings(lambda: honmono.evaluate(run, "fid[digits]", num=200, device="cpu")),
        }
    print(counts)
    if arguments.json:
        arguments.json.write_text(json.dumps(counts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
