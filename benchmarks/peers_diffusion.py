"""Flows and diffusions of ours beside those of others: diffusers' schedulers and U-Net, torchcfm's flow matching.

    python benchmarks/peers_diffusion.py    # into results/peers-diffusion.json

It installs both into a temporary environment (torch and what else honmono needs as constraints.txt pins them), and goes
through whole schedules there: every beta and alpha_bar, every step of ancestral sampling and of DDIM, from the same
noise. The exit status is 1 where anything differs by more than 1e-6. diffusers keeps its tables in float32, where
1 - alpha_bar of the least noisy steps has three digits left, and we keep ours in float64: so it is given float64 tables
for this, and how far its own lead away in one step is written beside. The U-Nets are compared by parameters and by the
time of a training step.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any


ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "peers-diffusion.json"
PEERS = ("diffusers==0.42.1", "pot==0.9.7.post1")
ALONE = "torchcfm==1.0.7"  # without what it names besides: its flow matching needs torch, SciPy and POT
TOLERANCE = 1e-6
INSIDE = "--inside"
BATCH, ROUNDS = 4, 8  # of training steps; the first round is not counted


def main() -> None:
    if INSIDE in sys.argv:
        print(json.dumps(compare()))
        return
    with tempfile.TemporaryDirectory() as folder:
        python = install(Path(folder))
        words = os.environ | {"PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"}
        run = subprocess.run([python, __file__, INSIDE], env=words, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(run.stdout.splitlines()[-1])
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    if worst := [name for name, apart in found["largest_difference"].items() if not apart <= TOLERANCE]:
        sys.exit(f"more than {TOLERANCE} apart: {', '.join(worst)}")


def install(folder: Path) -> str:
    """An environment with the peers and what honmono needs; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *needs, *PEERS], check=True)
    subprocess.run([*pip, "--no-deps", ALONE], check=True)
    return python


def compare() -> dict[str, Any]:
    """Within that environment: the largest difference of each comparison, and the U-Nets beside each other."""
    import torch

    from honmono.runs.environment import environment

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return {
        "peers": [*PEERS, ALONE],
        "largest_difference": dict([*schedules(), *trajectories(), *flows()]),
        "largest_difference_by_float32_tables": dict(steps()),
        "unet": unets(),
        "threads": torch.get_num_threads(),
        "environment": environment(["benchmarks/peers_diffusion.py"]),
    }


def pairs() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Our schedules, and how diffusers names them."""
    from honmono.objectives.noise_schedules import CosineNoise, LinearNoise

    linear = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02}
    return {"linear": (LinearNoise(), linear), "cosine": (CosineNoise(), {"beta_schedule": "squaredcos_cap_v2"})}


def schedules() -> Iterator[tuple[str, float]]:
    diffusers = importlib.import_module("diffusers")
    for name, (ours, words) in pairs().items():
        theirs = diffusers.DDPMScheduler(1000, **words)
        yield f"betas, {name}", float(abs(theirs.betas.numpy() - ours.betas()).max())
        yield f"alpha_bars, {name}", float(abs(theirs.alphas_cumprod.numpy() - ours.alpha_bars()).max())


def peers(words: dict[str, Any], eta: float, count: int) -> tuple[Any, dict[str, Any]]:
    """diffusers' scheduler for DDIM of so many steps, or for DDPM's own sampling, and the arguments of its steps."""
    diffusers = importlib.import_module("diffusers")
    if count == 1000 and eta == 1:
        scheduler = diffusers.DDPMScheduler(1000, **words, variance_type="fixed_small", clip_sample=True)
        return scheduler, {}
    scheduler = diffusers.DDIMScheduler(1000, **words, timestep_spacing="trailing", clip_sample=True)
    return scheduler, {"eta": eta, "use_clipped_model_output": True}


CASES = ((1.0, 1000), (0.0, 1000), (0.0, 50), (0.5, 50), (1.0, 10))


def network(x: Any, t: Any, label: Any = None) -> Any:
    """Something smooth in place of a trained network."""
    return (2 * x).sin() * (1 + t).view(-1, 1)


def steps() -> Iterator[tuple[str, float]]:
    """Each step from a sample of its own, with diffusers' tables as they are."""
    import torch

    from honmono.objectives.diffusion import predicted_real
    from honmono.recipe.samplers import DDIM

    random = torch.Generator().manual_seed(0)
    for name, (ours, words) in pairs().items():
        for eta, count in CASES:
            scheduler, extra = peers(words, eta, count)
            scheduler.set_timesteps(count)
            sampler, apart = DDIM(steps=count, eta=eta), 0.0
            for at, now, then in sampler.way(ours):
                x = torch.randn(8, 3, generator=random, dtype=torch.float64)
                eps, seed = network(x, torch.full((8,), at / 1000, dtype=x.dtype)), torch.Generator().manual_seed(at)
                theirs = scheduler.step(eps, at, x, generator=torch.Generator().manual_seed(at), **extra).prev_sample
                mean, std = sampler.move(x, eps, predicted_real(x, eps, now), now, then)
                added = std * torch.randn(8, 3, generator=seed, dtype=x.dtype)
                apart = max(apart, (mean + added - theirs).abs().max().item())
            yield f"each step, {name}, eta {eta:g}, {count} steps", apart


def trajectories() -> Iterator[tuple[str, float]]:
    """From noise to samples, with diffusers' tables in float64."""
    import torch

    from honmono.recipe.samplers import DDIM

    noise = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for name, (ours, words) in pairs().items():
        for eta, count in CASES:
            scheduler, extra = peers(words, eta, count)
            scheduler.betas = torch.from_numpy(ours.betas())
            scheduler.alphas = 1 - scheduler.betas
            scheduler.alphas_cumprod = scheduler.alphas.cumprod(0)
            scheduler.set_timesteps(count)
            one, other, x = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1), noise
            for at in scheduler.timesteps:
                eps = network(x, torch.full((8,), int(at) / 1000, dtype=x.dtype))
                x = scheduler.step(eps, at, x, generator=one, **extra).prev_sample

            def draw(number: int, random: Any = other) -> Any:
                return torch.randn(8, 3, generator=random, dtype=torch.float64)

            sample = DDIM(steps=count, eta=eta)(network, noise, schedule=ours, draw=draw)
            yield f"all steps, {name}, eta {eta:g}, {count} steps", (sample - x).abs().max().item()


def flows() -> Iterator[tuple[str, float]]:
    """Path and target, and the optimal pairing with its cost."""
    import torch

    from honmono.objectives.flow_matching import on_path, optimal_pairing, velocity

    torchcfm = importlib.import_module("torchcfm.conditional_flow_matching")
    random = torch.Generator().manual_seed(0)
    noise, real = (torch.randn(64, 1, 6, 6, generator=random) for _ in range(2))
    t = torch.rand(64, generator=random)
    _, path, target = torchcfm.ConditionalFlowMatcher(sigma=0.0).sample_location_and_conditional_flow(noise, real, t)
    yield "path of a flow", (on_path(noise, real, t.view(-1, 1, 1, 1)) - path).abs().max().item()
    yield "target of a flow", (velocity(noise, real) - target).abs().max().item()
    matcher = torchcfm.ExactOptimalTransportConditionalFlowMatcher(sigma=0.0)
    plan = torch.from_numpy(matcher.ot_sampler.get_map(noise, real))  # (noise, real), 1 / 64 for each pair
    order = optimal_pairing(noise, real)
    yield "optimal pairing", (64 * plan[order, torch.arange(64)] - 1).abs().max().item()


def unets() -> dict[str, Any]:
    """flow-cifar10's network and theirs with equal channels, blocks and places of attention, without labels:
    parameters, and the median of interleaved training steps.

    diffusers leaves out the group norm of the middle attention where time scales and shifts: 512 parameters fewer.
    """
    import torch

    import honmono

    torch.manual_seed(0)
    ours = honmono.find("flow-cifar10").make().generator(sample_shape=(3, 32, 32))
    theirs = importlib.import_module("diffusers").UNet2DModel(
        sample_size=32,
        block_out_channels=(128, 256, 256, 256),
        layers_per_block=2,
        down_block_types=("DownBlock2D", *3 * ("AttnDownBlock2D",)),
        up_block_types=(*3 * ("AttnUpBlock2D",), "UpBlock2D"),
        attention_head_dim=64,
        dropout=0.1,
        norm_eps=1e-5,
        resnet_time_scale_shift="scale_shift",
    )
    x, t, target = torch.randn(BATCH, 3, 32, 32), torch.rand(BATCH), torch.randn(BATCH, 3, 32, 32)
    training = {
        "ours": step_of(ours, lambda: ours(x, t), target),
        "theirs": step_of(theirs, lambda: theirs(x, 1000 * t).sample, target),
    }
    seconds: dict[str, list[float]] = {name: [] for name in training}
    for _ in range(ROUNDS):
        for name, step in training.items():
            before = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - before)
    found = {name: round(1000 * median(times[1:]), 1) for name, times in seconds.items()}
    sizes = {name: sum(p.numel() for p in module.parameters()) for name, module in (("ours", ours), ("theirs", theirs))}
    ratio = round(found["ours"] / found["theirs"], 3)
    return {"parameters": sizes, "ms_per_step": found, "ratio": ratio, "batch": BATCH, "precision": "fp32, eager"}


def step_of(module: Any, forward: Callable[[], Any], target: Any) -> Callable[[], None]:
    import torch

    optimizer = torch.optim.Adam(module.parameters(), 1e-4)

    def step() -> None:
        optimizer.zero_grad()
        (forward() - target).square().mean().backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
