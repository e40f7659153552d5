"""Both players' gradients are taken once before a run begins, so that what cannot work leaves nothing behind."""

from pathlib import Path

import pytest
import torch

from honmono.errors import Refused
from honmono.training.options import TrainOptions
from honmono.training.session import prepare


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("dcgan-digits", {"objective.penalties": "(WeightDecay(('conv9',)),)"}, "no layer 'conv9'"),
        ("gan-grid", {"objective.scores": "probabilities"}, "between 0 and 1"),
        ("gan-grid", {"training.batch_size": "1"}, "BatchNorm1d"),
    ],
)
def test_a_loss_that_cannot_be_computed_leaves_nothing_behind(
    here: Path, recipe: str, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        prepare(TrainOptions(recipe=recipe, changes=changes, steps=1))
    assert not (here / "runs").exists()


def test_the_rehearsal_leaves_no_trace(here: Path) -> None:
    rehearsed, fresh = (prepare(TrainOptions(recipe="dcgan-digits", seed=3)).trainer for _ in range(2))
    random = torch.get_rng_state()
    before = {name: tensor.clone() for name, tensor in fresh.networks["generator"].state_dict().items()}
    rehearsed.rehearse()
    assert torch.equal(torch.get_rng_state(), random)
    assert all(p.grad is None for network in rehearsed.networks.values() for p in network.parameters())
    assert rehearsed.clock.step == rehearsed.clock.images == 0
    for name, tensor in rehearsed.networks["generator"].state_dict().items():
        assert torch.equal(tensor, before[name])
    assert rehearsed.networks["generator"].state_dict()["grow.0.num_batches_tracked"] == 0


OWN = """
from dataclasses import dataclass, replace
from honmono.objectives.nonsaturating import NonSaturating
from honmono.recipe.registry import find

@dataclass(frozen=True)
class Careless(NonSaturating):
    slip: str = ""

    def generator_loss(self, step):
        if self.slip == "name":
            return step.players.genrator(step.draws.latent)
        return {"fake": step.players.discriminator(step.players.generator(step.draws.latent))}

def mine():
    return replace(find("gan-grid").make(), objective=Careless())
"""


@pytest.mark.parametrize(
    ("slip", "message"), [("name", "own.py, line 12: AttributeError: .*genrator"), ("", "'fake' has shape .*scalar")]
)
def test_a_slip_in_ones_own_objective_is_told_with_its_place(here: Path, slip: str, message: str) -> None:
    (here / "own.py").write_text(OWN)
    with pytest.raises(Refused, match=message):
        prepare(TrainOptions(recipe="own.py:mine", changes={"objective.slip": slip}, steps=1))
    assert not (here / "runs").exists()


NETWORK = """
from dataclasses import dataclass, replace
from functools import partial
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1
from honmono.recipes.gan import gan_grid

class Own(nn.Module):
    def __init__(self, sample_shape, num_classes, slip: str = ""):
        super().__init__()
        self.slip, self.first, self.last = slip, nn.Linear(2, 32), nn.Linear(32, 1)
        self.heads = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, sample, label=None):
        x = self.first(sample).relu()
        parts = x.unflatten(1, (8, 4))
        if self.slip == "heads":
            x = self.heads(parts, parts, parts, need_weights=False)[0].flatten(1)
        if self.slip == "attention":
            x = scaled_dot_product_attention(parts, parts, parts).flatten(1)
        if self.slip == "distance":
            x = torch.cdist(x[:, None], x[:, None]).flatten(1) + x
        if self.slip == "root":
            x = x * (self.first.bias - self.first.bias.detach()).square().sum().sqrt()
        if self.slip == "detach":
            x = x.detach()
        score = self.last(x).squeeze(1)
        if self.slip == "detach":
            score = score.detach()
        return score.sigmoid() if self.slip == "sigmoid" else score

@dataclass(frozen=True)
class Greedy(NonSaturating):
    def generator_loss(self, step):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

def mine():
    objective = NonSaturating(penalties=(R1(1.0),))
    return replace(gan_grid(), discriminator=partial(Own), objective=objective)

def greedy():
    return replace(gan_grid(), objective=Greedy())
"""


@pytest.mark.parametrize(
    ("slip", "precision", "message"),
    [
        ("heads", "fp32", r"torch has none for scaled_dot_product.*honmono\.networks\.attention, .*penalties=\(\)"),
        ("distance", "fp32", "torch has none for cdist"),
        ("root", "fp32", r"the discriminator's gradient of first\.bias is NaN or infinite .* under the root"),
        ("detach", "fp32", "the discriminator's loss does not depend on its parameters"),
        ("heads", "bf16", "torch has none for scaled_dot_product"),
        ("attention", "bf16", "RuntimeError: .*--precision fp32"),
        ("sigmoid", "bf16", r"sigmoid in bfloat16.*outputs\.bounded.*--precision fp32"),
    ],
)
def test_one_s_own_network_without_gradients_leaves_nothing_behind(
    here: Path, slip: str, precision: str, message: str
) -> None:
    (here / "own.py").write_text(NETWORK)
    with pytest.raises(Refused, match=message) as refusal:
        prepare(TrainOptions(recipe="own.py:mine", changes={"discriminator.slip": slip}, steps=1, precision=precision))
    assert "\n" not in str(refusal.value)
    assert not (here / "runs").exists()


@pytest.mark.parametrize(("slip", "precision"), [("", "bf16"), ("attention", "fp32"), ("sigmoid", "fp32")])
def test_one_s_own_network_with_gradients_is_trained(here: Path, slip: str, precision: str) -> None:
    (here / "own.py").write_text(NETWORK)
    call = TrainOptions(recipe="own.py:mine", changes={"discriminator.slip": slip}, steps=1, precision=precision)
    assert all(loss.isfinite() for loss in prepare(call).trainer.step().values())


def test_a_batch_that_memory_does_not_suffice_for_leaves_nothing_behind(here: Path) -> None:
    (here / "own.py").write_text(NETWORK)
    with pytest.raises(Refused, match="an update of the generator with 256 samples needs more memory .*--batch-size"):
        prepare(TrainOptions(recipe="own.py:greedy", steps=1, batch_size=256, compile="off"))
    assert not (here / "runs").exists()
    prepare(TrainOptions(recipe="own.py:greedy", steps=1, compile="on"))  # which takes less memory
