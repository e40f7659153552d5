#!/usr/bin/env bash
# torch 2.13.0's scaled_dot_product_attention takes no fused kernel where the last dimension of its inputs is not the one
# with stride 1, and says nothing: it goes on by separate products and keeps the matrix of all places by all places for
# the backward pass, in any dtype. So it is for queries, keys and values that are views of a map of pixels, (batch,
# channels, height x width) transposed, the form in which a 1x1 convolution makes them. A copy of them, .contiguous(),
# takes the fused kernel: equal values, 0.39 to 0.74 times the processor time for 32x32 places, and a fraction of memory.
# Seen on Linux x86-64 (AMD EPYC with AVX512-bf16) with Python 3.11:
#   torch 2.13.0: attention among 64x64 places of 64 channels keeps
#   70.3 MB for the backward pass from views, by _scaled_dot_product_attention_math,
#   4.2 MB from copies, by _scaled_dot_product_flash_attention_for_cpu
# Exits 1 once views are treated like copies.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import scaled_dot_product_attention
from torch.profiler import profile


def attend(parts):
    """The values, the megabytes kept for the backward pass, and the kernel."""
    kept = {}
    with profile() as seen, saved_tensors_hooks(lambda one: kept.setdefault(one.data_ptr(), one), lambda one: one):
        values = scaled_dot_product_attention(*parts)
    kernel = next(name for event in seen.key_averages() if "::_scaled_dot" in (name := event.key))
    return values.detach(), sum(one.nbytes for one in kept.values()) / 1e6, kernel.removeprefix("aten::")


maps = torch.randn(1, 3 * 64, 64 * 64, requires_grad=True)  # what a convolution returns, its places in one dimension
views = maps.unflatten(1, (3, 1, 64)).transpose(-2, -1).unbind(1)
values, large, slow = attend(views)
same, small, fast = attend([one.contiguous() for one in views])
assert torch.allclose(values, same, atol=1e-5)
print(f"torch {torch.__version__.partition('+')[0]}: attention among 64x64 places of 64 channels keeps")
print(f"{large:.1f} MB for the backward pass from views, by {slow},")
print(f"{small:.1f} MB from copies, by {fast}")
raise SystemExit(0 if large > 4 * small and slow != fast else 1)
PY
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$place/venv/bin/python" "$place/look.py"
