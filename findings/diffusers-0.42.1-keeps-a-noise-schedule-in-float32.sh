#!/usr/bin/env bash
# diffusers 0.42.1 keeps beta and the product of 1 - beta of a noise schedule in float32, whatever the precision of the
# samples. In the steps with the least noise 1 - alpha_bar is about 1e-4 and has three digits left, and DDPM's step
# divides by it: float64 samples that take one step of DDPMScheduler's 1,000 with the tables as they are, and with the
# same tables made in float64, differ in the fourth digit, about a thousand times float32's own resolution. Code that is
# compared with these schedulers to 1e-6 fails with right formulas. DDIM in 50 steps is concerned eighty times less.
# Seen on Linux x86-64 with Python 3.11, torch 2.13.0:
#   diffusers 0.42.1: largest difference of one step: DDPM of 1000 steps 1.7e-04, DDIM of 50 steps 2.1e-06
# Exits 1 once one step of DDPM differs by less than 1e-5.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/look.py" <<'PY'
import diffusers
import torch
from diffusers import DDIMScheduler, DDPMScheduler

LINEAR = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02}


def exact(scheduler):
    """The same scheduler with its tables in float64."""
    scheduler.betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    scheduler.alphas = 1 - scheduler.betas
    scheduler.alphas_cumprod = scheduler.alphas.cumprod(0)
    return scheduler


def largest(make, count):
    usual, double = make(), exact(make())
    random, apart = torch.Generator().manual_seed(0), 0.0
    for scheduler in (usual, double):
        scheduler.set_timesteps(count)
    for t in usual.timesteps:
        x, noise = (torch.randn(8, 3, generator=random, dtype=torch.float64) for _ in range(2))
        one, other = (
            scheduler.step(noise, int(t), x, generator=torch.Generator().manual_seed(1)).prev_sample
            for scheduler in (usual, double)
        )
        apart = max(apart, (one - other).abs().max().item())
    return apart


ddpm = largest(lambda: DDPMScheduler(1000, **LINEAR, clip_sample=True), 1000)
ddim = largest(lambda: DDIMScheduler(1000, **LINEAR, clip_sample=True), 50)
print(f"diffusers {diffusers.__version__}: largest difference of one step: DDPM of 1000 steps {ddpm:.1e}, DDIM of 50 steps {ddim:.1e}")
raise SystemExit(0 if ddpm > 1e-5 else 1)
PY
python3 -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 diffusers==0.42.1
HF_HUB_OFFLINE=1 "$place/venv/bin/python" "$place/look.py"
