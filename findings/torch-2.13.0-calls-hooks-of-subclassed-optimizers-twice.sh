#!/usr/bin/env bash
# torch 2.13.0 calls the hooks of an optimizer's step twice for each step of a subclass that overrides `step` and calls
# `super().step()`, but only once an optimizer of the parent class has been made in the same process: making one wraps
# the `step` of its own class, and the wrapper of either class calls all hooks. A hook that counts steps, or changes
# something for the length of a step, is then wrong in one order of construction and right in the other.
# Seen on Linux x86-64 with Python 3.11, numpy 2.4.6:
#   torch 2.13.0: hooks of one step before an Adam was made: ['before', 'after']
#   torch 2.13.0: hooks of one step after an Adam was made: ['before', 'before', 'after', 'after']
# Exits 1 once that has changed.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import torch


class Own(torch.optim.Adam):
    def step(self, closure=None):
        return super().step(closure)


def hooks_of_one_step():
    weight, called = torch.nn.Parameter(torch.ones(2)), []
    optimizer = Own([weight])
    optimizer.register_step_pre_hook(lambda *_: called.append("before"))
    optimizer.register_step_post_hook(lambda *_: called.append("after"))
    weight.grad = torch.ones(2)
    optimizer.step()
    return called


first = hooks_of_one_step()
torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
second = hooks_of_one_step()
print(f"torch {torch.__version__.partition('+')[0]}: hooks of one step before an Adam was made: {first}")
print(f"torch {torch.__version__.partition('+')[0]}: hooks of one step after an Adam was made: {second}")
once = ["before", "after"]
raise SystemExit(0 if first == once and second == ["before", "before", "after", "after"] else 1)
PY
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$place/venv/bin/python" "$place/look.py"
