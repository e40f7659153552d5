#!/usr/bin/env bash
# torch 2.13.0 multiplies by a matrix of few columns so slowly on the CPU that the weight gradient of a layer of 2
# inputs, such as the first of a discriminator of points, takes longer than that of a layer of 16, and more than half as
# long as that of one of 128, which is 64 times the arithmetic. Autograd computes it as G^T X, for gradients G and
# inputs X of the batch; as (X^T G)^T, the same sums, it takes a fraction of that. Values agree to rounding.
# Seen on Linux x86-64 (AMD EPYC with AVX2, one thread) with Python 3.11:
#   torch 2.13.0: weight gradient of a layer of 128 outputs, batch 1024, in us:
#      2 inputs: autograd 445, G^T X 328, (X^T G)^T 48
#      4 inputs: autograd 450, G^T X 332, (X^T G)^T 51
#     16 inputs: autograd 230, G^T X 119, (X^T G)^T 95
#    128 inputs: autograd 645, G^T X 533, (X^T G)^T 521
# Exits 1 once G^T X with two columns takes less than twice as long as (X^T G)^T.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import time
from statistics import median

import torch

torch.set_num_threads(1)
BATCH, WIDTH, CALLS, ROUNDS = 1024, 128, 50, 15


def microseconds(call):
    before = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - before) / CALLS * 1e6


def of_layer(inputs):
    """The weight gradient of a linear layer as autograd computes it, and both ways to write it by hand."""
    layer, x = torch.nn.Linear(inputs, WIDTH, bias=False), torch.randn(BATCH, inputs)
    gradient, y = torch.randn(BATCH, WIDTH), layer(x)
    ways = (
        lambda: torch.autograd.grad(y, layer.weight, gradient, retain_graph=True),
        lambda: gradient.T @ x,
        lambda: (x.T @ gradient).T,
    )
    assert all(torch.allclose(ways[0]()[0], way(), rtol=1e-3, atol=1e-3) for way in ways[1:])
    rounds = [[microseconds(way) for way in ways] for _ in range(ROUNDS)][1:]  # interleaved
    return [median(column) for column in zip(*rounds)]


version = torch.__version__.partition("+")[0]
print(f"torch {version}: weight gradient of a layer of {WIDTH} outputs, batch {BATCH}, in us:")
found = {inputs: of_layer(inputs) for inputs in (2, 4, 16, WIDTH)}
for inputs, (autograd, product, transposed) in found.items():
    print(f"{inputs:4} inputs: autograd {autograd:.0f}, G^T X {product:.0f}, (X^T G)^T {transposed:.0f}")
_, product, transposed = found[2]
raise SystemExit(0 if product > 2 * transposed else 1)
PY
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$place/venv/bin/python" "$place/look.py"
