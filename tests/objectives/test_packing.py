from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from honmono.objectives.base import Draws, Players, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1


REAL = torch.tensor([[1.0, 0], [0, 1], [2, 2], [-1, 3], [9, 9]])
FAKE = torch.tensor([[0.5, 0], [0, 0], [1, -1], [2, 0], [7, 7]])


class Linear(nn.Module):
    """The score of a pack (a, b) of two points is a_x + 2 a_y + 3 b_x + 4 b_y."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 2, 3, 4]))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        return sample @ self.weight


class Latents(nn.Module):
    """A generator whose fakes are its latents."""

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


Make = Callable[[nn.Module, nn.Module], Players]


def moment(real: Tensor = REAL, fake: Tensor = FAKE) -> tuple[Batch, Draws]:
    return Batch(real, None), Draws(fake, None)


@pytest.mark.parametrize("together", [False, True])
def test_scores_of_a_linear_discriminator_by_hand(as_players: Make, together: bool) -> None:
    players, objective = as_players(Latents(), Linear()), NonSaturating(pack=2, together=together)
    real, fake = torch.tensor([5.0, 15.0]), torch.tensor([0.5, 5.0])  # the fifth sample fills no pack
    terms = objective.discriminator_loss(Step(players, *moment()))
    torch.testing.assert_close(terms["real"], softplus(-real).mean())
    torch.testing.assert_close(terms["fake"], softplus(fake).mean())
    torch.testing.assert_close(objective.generator_loss(Step(players, *moment()))["fake"], softplus(-fake).mean())


def test_packs_may_change_places_and_members_may_not(as_players: Make) -> None:
    players, objective = as_players(Latents(), Linear()), NonSaturating(pack=2)

    def loss(order: list[int]) -> float:
        return objective.discriminator_loss(Step(players, *moment(REAL[order])))["real"].item()

    assert loss([2, 3, 0, 1]) == pytest.approx(loss([0, 1, 2, 3]))
    assert abs(loss([0, 2, 1, 3]) - loss([0, 1, 2, 3])) > 1e-3


def test_every_fake_of_a_pack_has_its_gradient(as_players: Make) -> None:
    fake = FAKE.clone().requires_grad_()
    NonSaturating(pack=2).generator_loss(Step(as_players(Latents(), Linear()), *moment(fake=fake)))["fake"].backward()
    assert fake.grad is not None
    share = -torch.sigmoid(-torch.tensor([0.5, 5.0])) / 2
    torch.testing.assert_close(fake.grad[:4].view(2, 4), share[:, None] * torch.tensor([1.0, 2, 3, 4]))
    assert fake.grad[4].abs().max() == 0


def test_penalties_see_packs(as_players: Make) -> None:
    objective = NonSaturating(pack=2, penalties=(R1(2.0),))
    terms = objective.discriminator_loss(Step(as_players(Latents(), Linear()), *moment()))
    assert terms["r1"].item() == pytest.approx(1 + 4 + 9 + 16)


@pytest.mark.parametrize("pack", [1, 2, 3])
def test_pictures_are_joined_along_their_channels(as_players: Make, pack: int) -> None:
    torch.manual_seed(0)
    generator = DCGANGenerator(latent_dim=3, sample_shape=(3, 8, 8), width=4)
    discriminator = DCGANDiscriminator(sample_shape=(3 * pack, 8, 8), width=4)
    real, latent = torch.randn(6, 3, 8, 8), torch.randn(6, 3)
    terms = NonSaturating(pack=pack).discriminator_loss(
        Step(as_players(generator, discriminator), *moment(real, latent))
    )
    joined = torch.stack([torch.cat([*real[start : start + pack]]) for start in range(0, 6, pack)])
    assert torch.equal(terms["real"], softplus(-discriminator(joined)).mean())


def test_a_pack_of_one_is_the_sample_itself() -> None:
    assert NonSaturating().packed(REAL, torch.zeros(5, dtype=torch.int64)) is REAL


def test_refusals(as_players: Make) -> None:
    players, labels = as_players(Latents(), Linear()), torch.zeros(5, dtype=torch.int64)
    with pytest.raises(Refused, match=r"objective.pack is 0"):
        NonSaturating(pack=0)
    with pytest.raises(Refused, match=r"objective.pack=2 .* --set conditional=false"):
        NonSaturating(pack=2).discriminator_loss(Step(players, Batch(REAL, labels), Draws(FAKE, labels)))
    with pytest.raises(Refused, match=r"objective.pack=6 .* the batch has 5"):
        NonSaturating(pack=6).generator_loss(Step(players, *moment()))
