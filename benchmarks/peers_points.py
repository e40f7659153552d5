"""The loop of the package particlegan on 100 Gaussians beside ours: processor seconds of a whole training.

    python benchmarks/peers_points.py MACHINE [--package UPDATES]   # into results/peers-points-MACHINE.json

particlegan 0.9.4 ("E22") trains a table of 20,000 points in the plane, to which it adds noise of the data's own size,
by 7,000 updates of 2,048 samples. `Loop` is such a training, written from its documentation: the same table,
discriminator, loss, penalty and optimizer, without what the package does besides (learning rates by its own
statistics, birth and death of rows), so its time is a lower bound. With --package so many updates of the package itself
are timed too, in an environment of their own. Blocks of steps of both alternate in one process, with one thread.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from honmono.devices import choose
from honmono.files import write_json
from honmono.recipes.rpgan import rpgan_grid_100
from honmono.runs.environment import environment
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer


ROOT = Path(__file__).parents[1]
PEER = "particlegan==0.9.4"
UPDATES, BATCH, ROWS, NOISE = 7_000, 2_048, 20_000, 0.029
ROUNDS, BLOCK = 6, 5  # the first round is not counted


def main() -> None:
    parser = argparse.ArgumentParser(description="Times particlegan's loop on 100 Gaussians beside rpgan-grid-100.")
    parser.add_argument("machine")
    parser.add_argument("--package", type=int, default=0, metavar="UPDATES")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ours, theirs = Trainer(rpgan_grid_100(), rpgan_grid_100().data.open(), Engine(choose("cpu"))), Loop()
    blocks = [(block(ours.step), block(theirs.update)) for _ in range(ROUNDS)][1:]
    training = rpgan_grid_100().training
    steps = {"rpgan-grid-100": training.steps, "loop": UPDATES}
    samples = {"rpgan-grid-100": training.steps * training.batch_size, "loop": UPDATES * BATCH}
    milliseconds = dict(zip(steps, (1000 * median(one) for one in zip(*blocks, strict=True)), strict=True))
    found: dict[str, Any] = {
        "peer": PEER,
        "threads": 1,
        "samples": samples,
        "steps": steps,
        "cpu_milliseconds_per_step": milliseconds,
        "cpu_seconds_of_training": {name: milliseconds[name] / 1000 * steps[name] for name in steps},
        "environment": environment(["benchmarks/peers_points.py", *sys.argv[1:]]),
    }
    if arguments.package:
        found["package_cpu_seconds_per_update"] = timed_package(arguments.package)
    write_json(ROOT / "benchmarks" / "results" / f"peers-points-{arguments.machine}.json", found)
    print(json.dumps(found, indent=2))


def block(step: Callable[[], object]) -> float:
    """Processor seconds of a step, over a block of them."""
    before = time.process_time()
    for _ in range(BLOCK):
        step()
    return (time.process_time() - before) / BLOCK


class Critic(nn.Module):
    """Fourier features of the spacing's three lowest frequencies -> three hidden layers of 128 -> one score."""

    frequencies: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("frequencies", 2 * torch.pi * torch.arange(1.0, 4.0))
        sizes, layers = (2 + 2 * 2 * 3, 128, 128, 128), list[nn.Module]()
        for before, after in zip(sizes, sizes[1:], strict=False):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(128, 1))

    def forward(self, x: Tensor) -> Tensor:
        angle = (x[..., None] * self.frequencies).flatten(1)
        return self.layers(torch.cat([x, angle.sin(), angle.cos()], 1)).squeeze(1)


class Loop:
    """A table of points as generator, trained by the relativistic loss with a penalty on real and fake samples."""

    def __init__(self) -> None:
        self.table = nn.Parameter(10 * torch.rand(ROWS, 2) - 5)
        self.generator, self.critic = nn.Linear(2, 2), Critic()
        slow = {"lr": 0.00425, "betas": (0.0, 0.999), "amsgrad": True}
        self.of_critic = torch.optim.Adam(self.critic.parameters(), **slow)
        players = [{"params": self.generator.parameters()}, {"params": [self.table], "lr": 0.0085}]
        self.of_generator = torch.optim.Adam(players, **slow)

    def update(self) -> None:
        """One update of the critic and one of generator and table."""
        real = torch.randint(10, (BATCH, 2)) - 4.5 + 0.03 * torch.randn(BATCH, 2)
        with torch.no_grad():
            fake = self.fakes()
        real, fake = real.requires_grad_(), fake.requires_grad_()
        of_real, of_fake = self.critic(real), self.critic(fake)
        gradients = torch.autograd.grad(of_real.sum() + of_fake.sum(), (real, fake), create_graph=True)
        penalty = sum(gradient.square().sum(1).mean() for gradient in gradients)
        self.of_critic.zero_grad()
        (softplus(of_fake - of_real).mean() + 1.5 * penalty).backward()
        self.of_critic.step()
        self.critic.requires_grad_(False)
        self.of_generator.zero_grad()
        softplus(self.critic(real.detach()) - self.critic(self.fakes())).mean().backward()
        self.of_generator.step()
        self.critic.requires_grad_(True)

    def fakes(self) -> Tensor:
        """Rows of the table, through the generator, with noise."""
        rows = self.table[torch.randint(ROWS, (BATCH,))]
        return self.generator(rows) + NOISE * torch.randn(BATCH, 2)


PACKAGE = f"""
import sys, time, torch
from particlegan import GANTrainer, get_recipe, init
sys.path.insert(0, sys.argv[1])
from peers_points import Critic
torch.set_num_threads(1)
recipe = get_recipe("e22", num_particles={ROWS}, z_dim=2, batch_size={BATCH}, output_noise_std={NOISE})
generator, critic, prior = torch.nn.Linear(2, 2), Critic(), recipe.make_prior()
torch.nn.init.eye_(generator.weight); torch.nn.init.zeros_(generator.bias)
torch.nn.init.uniform_(next(prior.parameters()), -5, 5)
init.deterministic_orthogonal_(critic, seed=1)
trainer, times = GANTrainer(recipe, generator, critic, prior=prior, seed=0), []
for _ in range(int(sys.argv[2]) + 1):
    before = time.process_time()
    trainer.step(torch.randint(10, ({BATCH}, 2)) - 4.5 + 0.03 * torch.randn({BATCH}, 2))
    times.append(time.process_time() - before)
print(sum(times[1:]) / (len(times) - 1))
"""


def timed_package(updates: int) -> float:
    """Processor seconds of an update of the package itself, the mean of so many, after the first."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python, here = str(Path(folder) / "bin" / "python"), next(p for p in sys.path if p.endswith("site-packages"))
        pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", f"{folder}/peer"]
        subprocess.run([*pip, PEER], check=True)
        words = os.environ | {"PYTHONPATH": os.pathsep.join([f"{folder}/peer", str(ROOT / "src"), here])}
        command = [python, "-c", PACKAGE, str(ROOT / "benchmarks"), str(updates)]
        return float(subprocess.run(command, env=words, stdout=subprocess.PIPE, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
