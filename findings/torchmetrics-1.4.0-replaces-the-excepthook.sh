#!/usr/bin/env bash
# torchmetrics 1.4.0 requires pretty-errors 1.2.25, and `import torchmetrics` imports it: from then on the process has
# another sys.excepthook, so that an uncaught error of any library is printed in another form than Python's, and
# sys.stderr is another object than before. 1.4.1 no longer requires it.
# Seen on Linux x86-64 with Python 3.11, torch 2.13.0, numpy 2.4.6:
#   torchmetrics 1.4.0: requires ['pretty-errors ==1.2.25']; own excepthook: True, False; own stderr: True, False
#   torchmetrics 1.4.1: requires no pretty-errors; own excepthook: True, True; own stderr: True, True
# Exits 1 once that has changed.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import sys
from importlib.metadata import requires, version

before = sys.excepthook is sys.__excepthook__, sys.stderr is sys.__stderr__
import torchmetrics  # noqa: E402, F401

after = sys.excepthook is sys.__excepthook__, sys.stderr is sys.__stderr__
needed = [one for one in requires("torchmetrics") or () if one.startswith("pretty")]
print(
    f"torchmetrics {version('torchmetrics')}: requires {needed or 'no pretty-errors'};"
    f" own excepthook: {before[0]}, {after[0]}; own stderr: {before[1]}, {after[1]}"
)
own = sys.argv[1] == "own"
raise SystemExit(0 if before == (True, True) and after == (own, own) and bool(needed) != own else 1)
PY
python3 -m venv "$place/venv"
pip="$place/venv/bin/python -m pip install --quiet --disable-pip-version-check"
$pip torch==2.13.0 numpy==2.4.6 'setuptools<81' torchmetrics==1.4.0
"$place/venv/bin/python" -W ignore "$place/look.py" replaced
$pip torchmetrics==1.4.1
"$place/venv/bin/python" -m pip uninstall --quiet --yes pretty-errors
"$place/venv/bin/python" -W ignore "$place/look.py" own
