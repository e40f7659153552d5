"""A recipe in a user's own file, with its own network and objective: trained, gone on with, loaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import honmono
from honmono.errors import Refused


Command = Callable[..., Any]

MINE = '''
"""A GAN of my own."""

from dataclasses import dataclass
from functools import partial

from torch import nn
from torch.optim import SGD

from honmono.data.pictures import Pictures
from honmono.recipe.latents import Normal
from honmono.networks.mlp import MLPDiscriminator
from honmono.objectives.logit import LogitObjective
from honmono.recipe.value import Pair, Recipe, Training


class Flat(nn.Module):
    def __init__(self, *, latent_dim, sample_shape, num_classes=0, scale=1.0):
        super().__init__()
        self.layer, self.shape, self.scale = nn.Linear(latent_dim, 64), sample_shape, scale

    def forward(self, latent, label=None):
        return self.scale * self.layer(latent).unflatten(1, self.shape)


@dataclass(frozen=True)
class Critic(LogitObjective):
    weight: float = 1.0

    def discriminator_terms(self, real, fake):
        return {"real": -self.weight * real.mean(), "fake": self.weight * fake.mean()}

    def generator_terms(self, fake):
        return {"fake": -self.weight * fake.mean()}

    def bounds(self):
        return {}


def my_gan():
    return Recipe(
        data=Pictures(source="digits"),
        latent=Normal(4),
        generator=partial(Flat),
        discriminator=partial(MLPDiscriminator, widths=(8,)),
        objective=Critic(),
        optimizers=Pair(partial(SGD, lr=0.01)),
        training=Training(steps=2, batch_size=16, precision="fp32"),
    )
'''


@pytest.fixture
def mine(here: Path) -> str:
    (here / "mine.py").write_text(MINE)
    return "mine.py:my_gan"


def test_it_is_shown_and_trained_by_its_path(call: Command, mine: str) -> None:
    fields = json.loads(call("show", mine, "--json", "--set", "generator.scale=2").out)["fields"]
    assert fields["objective"] == "Critic" and fields["objective.weight"] == 1.0
    assert fields["generator"] == "Flat" and fields["generator.scale"] == 2.0
    said = call("train", mine, "--steps", 2, "--set", "objective.weight=0.5")
    assert said.code == 0 and said.out == "pictures: runs/00001-my-gan/samples/000000002.png\n"
    run = Path("runs/00001-my-gan")
    assert (run / "recipe.py").read_text() == MINE
    objective = json.loads((run / "recipe.json").read_text())["recipe"]["objective"]
    own = {"$class": "recipe.py:Critic", "weight": 0.5}
    assert objective == own | {"together": True, "penalties": [], "pack": 1, "augment": None}


def test_its_code_is_run_again_only_when_it_is_trusted(
    call: Command, refused: Callable[..., str], here: Path, mine: str
) -> None:
    assert call("train", mine, "--run", "run", "--steps", 1).code == 0
    (here / "mine.py").unlink()  # the run has its own copy
    for words in (["sample", "run"], ["interpolate", "run"], ["train", "--resume", "run", "--steps", 2]):
        line = refused(*words)
        assert "the recipe needs recipe.py:" in line and "--trust-code" in line
    assert call("train", "--resume", "run", "--steps", 2, "--trust-code").code == 0
    said = call("sample", "run", "--trust-code", "--raw", "--num", 3)
    assert said.code == 0 and said.out == "run/samples.npy\n"
    with pytest.raises(Refused, match="not part of honmono"):
        honmono.load("run")
    assert honmono.load("run", trust_code=True).step == 2


def test_the_same_command_again_names_the_code_itself(call: Command, mine: str) -> None:
    assert call("train", mine, "--run", "halves", "--steps", 1).code == 0
    assert "going on from step 1" in call("train", mine, "--run", "halves", "--steps", 3).err
    assert call("train", mine, "--run", "straight", "--steps", 3).code == 0
    halves, straight = (honmono.load(run, trust_code=True).sample(8) for run in ("halves", "straight"))
    assert torch.equal(halves, straight)


def test_a_change_in_it_is_refused_or_told(call: Command, refused: Callable[..., str], here: Path, mine: str) -> None:
    assert call("train", mine, "--run", "run", "--steps", 1).code == 0
    assert "objective.weight: 1.0 in the run, 2.0 now" in refused(
        "train", mine, "--run", "run", "--set", "objective.weight=2"
    )
    (here / "other.py").write_text(MINE.replace("weight * fake.mean()", "weight * fake.exp().mean()"))
    warning = "other.py differs from the recipe.py"
    assert warning in call("train", "other.py:my_gan", "--run", "run", "--steps", 2).err
    assert "differs from the recipe.py" not in call("train", mine, "--run", "run", "--steps", 3).err


def test_the_function_takes_it_too(here: Path, mine: str) -> None:
    trained = honmono.train(str(here / mine), steps=1, changes={"generator.scale": "0"})
    assert trained.sample(3).shape == (3, 1, 8, 8) and not trained.sample(3).any()
    assert trained.run.path == Path("runs/00001-my-gan")
