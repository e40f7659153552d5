#!/usr/bin/env bash
# torch 2.13.0 computes GroupNorm of channels-last maps on the CPU many times more slowly than of contiguous maps where
# a group has one or two channels, as in most U-Nets of diffusion (32 groups of 32 or 64 channels): forward and backward
# alike, most of all in bfloat16, which autocast hands it. Convolutions in bfloat16 prefer channels-last, so a U-Net
# that is put into it as a whole becomes slower, not faster. Groups of 8 channels are not concerned. Values agree.
# Seen on Linux x86-64 (AMD EPYC with AVX512-bf16, one thread) with Python 3.11:
#   torch 2.13.0: forward and backward of 64 maps of 64x14x14 in 32 groups, channels-last to contiguous:
#   float32 5.7 times the processor time, bfloat16 15.9 times
# Exits 1 once neither takes four times as long.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import time
from statistics import median

import torch

torch.set_num_threads(1)


def seconds(norm, maps):
    maps = maps.detach().requires_grad_()
    before = time.process_time()
    norm(maps).sum().backward()
    return time.process_time() - before


def ratio(dtype):
    norm = torch.nn.GroupNorm(32, 64)
    plain = torch.randn(64, 64, 14, 14).to(dtype)
    last = plain.to(memory_format=torch.channels_last)
    assert torch.allclose(norm(plain), norm(last), atol=0.1)
    pairs = [(seconds(norm, last), seconds(norm, plain)) for _ in range(20)][2:]  # interleaved
    return median(one for one, _ in pairs) / median(other for _, other in pairs)


single, half = ratio(torch.float32), ratio(torch.bfloat16)
print(f"torch {torch.__version__.partition('+')[0]}: forward and backward of 64 maps of 64x14x14 in 32 groups,")
print(f"channels-last to contiguous: float32 {single:.1f} times the processor time, bfloat16 {half:.1f} times")
raise SystemExit(0 if max(single, half) > 4 else 1)
PY
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$place/venv/bin/python" "$place/look.py"
