#!/usr/bin/env bash
# datasets 5.2.0 leaves the metadata.csv of an imagefolder open after load_dataset: Python closes the file when it is
# collected, with a ResourceWarning, which a test suite that turns warnings into errors reports in whichever test runs
# then. A metadata.jsonl beside the same pictures is closed.
# Seen on Linux x86-64 with Python 3.11 and Pillow 13.0.0:
#   datasets 5.2.0: imagefolder of 3 pictures, files left open: 1 metadata.csv, 0 metadata.jsonl
# Exits 1 once none is left open.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import gc
import tempfile
import warnings
from pathlib import Path

import datasets
from PIL import Image

datasets.disable_progress_bars()


def left_open(name, text):
    """The files of a small set that nobody closed, by the interpreter's own warnings."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "set", "train")
        folder.mkdir(parents=True)
        for number in range(3):
            Image.new("L", (8, 8), number).save(folder / f"{number}.png")
        (folder / name).write_text(text)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always", ResourceWarning)
            cache = str(Path(place, "cache"))
            loaded = datasets.load_dataset("imagefolder", data_dir=str(folder.parent), cache_dir=cache)
            rows = len(loaded["train"])
            del loaded
            gc.collect()
        return rows, sum(name in str(one.message) for one in seen)


rows = "".join(f"{number}.png,{number}\n" for number in range(3))
lines = "".join(f'{{"file_name": "{number}.png", "label": {number}}}\n' for number in range(3))
table, jsons = left_open("metadata.csv", "file_name,label\n" + rows), left_open("metadata.jsonl", lines)
found = f"{table[1]} metadata.csv, {jsons[1]} metadata.jsonl"
print(f"datasets {datasets.__version__}: imagefolder of 3 pictures, files left open: {found}")
raise SystemExit(0 if table[1] > 0 and table[0] == jsons[0] == 3 else 1)
PY
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check datasets==5.2.0 pillow==13.0.0
HF_HUB_OFFLINE=1 "$place/venv/bin/python" "$place/look.py"
