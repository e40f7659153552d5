"""Training steps of DCGAN at 64x64 beside what people would take instead: PyTorch's example, and torchgan.

    python benchmarks/peers_dcgan.py MACHINE    # into results/peers-dcgan-MACHINE.json

It installs torchgan into a temporary environment, torch and what else honmono needs as constraints.txt pins them.
torchgan imports torchvision for pictures and metrics, not for its steps, and torchvision's wheels load with CUDA builds
of torch alone: an empty module takes its place. Networks, batch and pictures are the peer's in both loops: for torchgan
its own classes, its losses and its trainer; for the example of PyTorch (pytorch/examples, dcgan) the network and loop
that it describes, written here. Ours trains the same network as a recipe, as `honmono train` would here, and in
float32. Steps are interleaved in one process; peak memory is of a process for each loop, without what the process had
before its loop.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any


ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TORCHGAN = "torchgan==0.1.0"
SIDE, NOISE, BATCH, PICTURES = 64, 100, 64, 1_024
ADAM: dict[str, Any] = {"lr": 2e-4, "betas": (0.5, 0.999)}
NAMES = ("example", "torchgan")
CHOICES = {
    "as trained": ("auto", "auto"),
    "fp32": ("fp32", "off"),
    "fp32, compiled losses": ("fp32", "losses"),
    "fp32, compiled step": ("fp32", "step"),
}
STEPS = 8  # for peak memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machine", help="for the file's name: epyc-2-cores, say")
    parser.add_argument("--inside", nargs="*", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside is not None:
        print(json.dumps(memory(*asked.inside) if asked.inside else compare()))
        return
    with TemporaryDirectory() as folder:
        python = install(Path(folder))
        found = call(python, asked.machine)
        found["peak_MiB"] = {
            name: {whose: call(python, asked.machine, name, whose) for whose in ("ours", "theirs")} for name in NAMES
        }
    RESULTS.joinpath(f"peers-dcgan-{asked.machine}.json").write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


def install(folder: Path) -> str:
    """An environment with the peers and what honmono needs; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pip = [python, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *needs], check=True)
    subprocess.run([*pip, "--no-deps", TORCHGAN], check=True)
    return python


def call(python: str, *words: str) -> Any:
    machine, *inside = words
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    line = [python, __file__, machine, "--inside", *inside]
    run = subprocess.run(line, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def compare() -> dict[str, Any]:
    from honmono.benchmark import timing
    from honmono.runs.environment import environment

    rows = []
    for name in NAMES:
        for label, choices in CHOICES.items():
            step, finish = ours(name, *choices)
            their_step = theirs(name)
            mine, other = timing.interleaved(step, as_usual(their_step), finish)
            row = {"peer": name, "ours is": label, "ms_per_step": round(1e3 * mine, 1)}
            rows.append(row | {"their_ms_per_step": round(1e3 * other, 1), "ratio": round(other / mine, 2)})
            print(rows[-1], file=sys.stderr, flush=True)
    return {"what": "DCGAN, 64x64, batch of 64: median ms of a step, interleaved", "rows": rows} | {
        "peer": TORCHGAN,
        "hardware": environment(["benchmarks/peers_dcgan.py", *sys.argv[1:]]),
    }


def memory(name: str, whose: str) -> float:
    """MiB that a loop adds to its process's peak."""
    import torch

    from honmono.devices import peak_memory

    cpu = torch.device("cpu")
    before = peak_memory(cpu)
    step = ours(name, "fp32", "off")[0] if whose == "ours" else theirs(name)
    for _ in range(STEPS):
        step()
    return round((peak_memory(cpu) - before) / 2**20, 1)


def as_usual(step: Callable[[], Any]) -> Callable[[], Any]:
    """A step without the deterministic kernels that our engine turns on for the whole process."""
    import torch

    def run() -> None:
        torch.use_deterministic_algorithms(False)
        step()
        torch.use_deterministic_algorithms(True, warn_only=True)

    return run


def networks(name: str) -> tuple[Any, Any]:
    """The peer's generator and discriminator; the example's returns logits here, and its loop adds the sigmoid."""
    if name == "example":
        return example_generator(), example_discriminator()
    models = torchgan("models")
    return (
        models.DCGANGenerator(encoding_dims=NOISE, out_size=SIDE, out_channels=3, step_channels=64),
        models.DCGANDiscriminator(in_size=SIDE, in_channels=3, step_channels=64),
    )


def torchgan(part: str) -> Any:
    sys.modules.setdefault("torchvision", ModuleType("torchvision"))
    return importlib.import_module(f"torchgan.{part}")


def example_generator() -> Any:
    from torch import nn

    layers: list[nn.Module] = []
    for before, after, stride, padding in ((NOISE, 512, 1, 0), (512, 256, 2, 1), (256, 128, 2, 1), (128, 64, 2, 1)):
        layers += [nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return initialised(nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh()))


def example_discriminator() -> Any:
    from torch import nn

    layers: list[nn.Module] = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for width in (64, 128, 256):
        convolution = nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False)
        layers += [convolution, nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
    return initialised(nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False)))


def initialised(network: Any) -> Any:
    """Weights from N(0, 0.02), batch norm's scales from N(1, 0.02)."""
    from torch import nn

    for layer in network:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
    return network


def ours(name: str, precision: Any, compiled: Any) -> tuple[Callable[[], Any], Callable[[], None]]:
    """A step of a recipe with the peer's networks, and how to wait for it."""
    from honmono.benchmark.timing import Noise
    from honmono.data.base import DataSpec
    from honmono.devices import choose
    from honmono.training.engine import Engine
    from honmono.training.trainer import Trainer

    engine = Engine(choose("cpu", precision, compiled))
    trainer = Trainer(recipe_of(name), Noise(DataSpec((3, SIDE, SIDE), ())), engine)
    return trainer.step, engine.finish


def recipe_of(name: str) -> Any:
    from torch import nn
    from torch.optim import Adam

    import honmono
    from honmono.recipe import Normal, Pair, Update

    networks_of_peer = dict(zip(("generator", "discriminator"), networks(name), strict=True))

    class Generator(nn.Module):
        def __init__(self, **_: Any) -> None:
            super().__init__()
            self.network = networks_of_peer["generator"]

        def forward(self, latent: Any, label: Any = None) -> Any:
            return self.network(latent.unflatten(1, (NOISE, 1, 1)))

    class Discriminator(nn.Module):
        def __init__(self, **_: Any) -> None:
            super().__init__()
            self.network = networks_of_peer["discriminator"]

        def forward(self, x: Any, label: Any = None) -> Any:
            return self.network(x).flatten()

    parent = honmono.find("dcgan-64-paper").make()
    draws = "step" if name == "example" else None  # the example's fakes serve both updates
    return replace(
        parent,
        latent=Normal(NOISE),
        generator=partial(Generator),
        discriminator=partial(Discriminator),
        optimizers=Pair(partial(Adam, **ADAM)),
        updates=(Update("discriminator", draws=draws), Update("generator", draws=draws)),
        training=replace(parent.training, batch_size=BATCH),
        grids=parent.grids[:1],
        metrics=(),
    )


def theirs(name: str) -> Callable[[], Any]:
    import torch

    generator, discriminator = networks(name)
    pictures = torch.rand(PICTURES, 3, SIDE, SIDE) * 2 - 1
    return example_loop(generator, discriminator, pictures) if name == "example" else torchgan_loop(pictures)


def example_loop(generator: Any, discriminator: Any, pictures: Any) -> Callable[[], None]:
    import torch
    from torch.nn import BCELoss

    loss = BCELoss()
    optimizers = {network: torch.optim.Adam(network.parameters(), **ADAM) for network in (generator, discriminator)}

    def score(x: Any) -> Any:
        return torch.sigmoid(discriminator(x)).flatten()

    def step() -> None:
        real = pictures[torch.randint(len(pictures), (BATCH,))]
        ones, zeros = torch.ones(BATCH), torch.zeros(BATCH)
        discriminator.zero_grad()
        loss(score(real), ones).backward()
        fake = generator(torch.randn(BATCH, NOISE, 1, 1))
        loss(score(fake.detach()), zeros).backward()
        optimizers[discriminator].step()
        generator.zero_grad()
        loss(score(fake), ones).backward()
        optimizers[generator].step()

    return step


def torchgan_loop(pictures: Any) -> Callable[[], None]:
    import torch

    losses, models = torchgan("losses"), torchgan("models")
    optimizer = {"name": torch.optim.Adam, "args": ADAM}
    networks = {
        "generator": {
            "name": models.DCGANGenerator,
            "args": {"encoding_dims": NOISE, "out_size": SIDE, "out_channels": 3, "step_channels": 64},
            "optimizer": optimizer,
        },
        "discriminator": {
            "name": models.DCGANDiscriminator,
            "args": {"in_size": SIDE, "in_channels": 3, "step_channels": 64},
            "optimizer": optimizer,
        },
    }
    trainer = torchgan("trainer").Trainer(
        networks,
        [losses.MinimaxGeneratorLoss(), losses.MinimaxDiscriminatorLoss()],
        device=torch.device("cpu"),
        batch_size=BATCH,
        sample_size=BATCH,
        log_dir=None,
    )
    for network in (trainer.generator, trainer.discriminator):
        network.train()

    def step() -> None:
        trainer.real_inputs = pictures[torch.randint(len(pictures), (BATCH,))]
        trainer.train_iter()

    return step


if __name__ == "__main__":
    main()
