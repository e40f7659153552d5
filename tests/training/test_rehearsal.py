"""Both losses are computed once before a run begins, so that what cannot work leaves nothing behind."""

from pathlib import Path

import pytest
import torch

from honmono.errors import Refused
from honmono.training.prepare import Call, prepare


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("dcgan-digits", {"objective.penalties": "(WeightDecay(('conv9',)),)"}, "no layer 'conv9'"),
        ("gan-grid", {"objective.scores": "probabilities"}, "between 0 and 1"),
        ("gan-grid", {"training.batch_size": "1"}, "batch norm of numbers takes two"),
    ],
)
def test_a_loss_that_cannot_be_computed_leaves_nothing_behind(
    here: Path, recipe: str, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        prepare(Call(recipe=recipe, changes=changes, steps=1))
    assert not (here / "runs").exists()


def test_the_rehearsal_leaves_no_trace(here: Path) -> None:
    rehearsed, fresh = (prepare(Call(recipe="dcgan-digits", seed=3)).trainer for _ in range(2))
    before = {name: tensor.clone() for name, tensor in fresh.networks["generator"].state_dict().items()}
    rehearsed.rehearse()
    assert rehearsed.clock.step == rehearsed.clock.images == 0
    for name, tensor in rehearsed.networks["generator"].state_dict().items():
        assert torch.equal(tensor, before[name])
    assert rehearsed.networks["generator"].state_dict()["grow.0.num_batches_tracked"] == 0


OWN = """
from dataclasses import dataclass, replace
from honmono.objectives.nonsaturating import NonSaturating
from honmono.registry import find

@dataclass(frozen=True)
class Careless(NonSaturating):
    slip: str = ""

    def generator_loss(self, players, batch, draws):
        if self.slip == "name":
            return players.genrator(draws.latent)
        return {"fake": players.discriminator(players.generator(draws.latent))}

def mine():
    return replace(find("gan-grid").make(), objective=Careless())
"""


@pytest.mark.parametrize(
    ("slip", "message"), [("name", "own.py, line 12: AttributeError: .*genrator"), ("", "'fake' has shape .*scalar")]
)
def test_a_slip_in_ones_own_objective_is_told_with_its_place(here: Path, slip: str, message: str) -> None:
    (here / "own.py").write_text(OWN)
    with pytest.raises(Refused, match=message):
        prepare(Call(recipe="own.py:mine", changes={"objective.slip": slip}, steps=1))
    assert not (here / "runs").exists()
