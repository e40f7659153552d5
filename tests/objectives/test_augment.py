from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from honmono.data.base import Batch
from honmono.errors import Refused
from honmono.objectives.augment import Adaptive, DiffAugment
from honmono.objectives.base import Draws, Players, Step
from honmono.objectives.nonsaturating import NonSaturating
from honmono.objectives.penalties import R1, R2
from honmono.objectives.relativistic import Relativistic
from honmono.recipes.folder import ResidualDiscriminator, ResidualGenerator


PICTURES = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
N = DiffAugment.numbers
Make = Callable[[nn.Module, nn.Module], Players]


def uniform(count: int, **places: float) -> Tensor:
    """Numbers that change nothing, but for those named: b, s, c (colour), y, x (translation), v, u (cutout)."""
    numbers = torch.full((count, N), 0.5)
    numbers[:, :3] = 0.0  # all three are on
    for name, value in places.items():
        numbers[:, 3 + "bscyxvu".index(name)] = value
    return numbers


def only(**fields: object) -> DiffAugment:
    return DiffAugment(**({"colour": False, "translation": 0.0, "cutout": 0.0} | fields))  # type: ignore[arg-type]


def test_probability_0_leaves_pictures_as_they_are() -> None:
    numbers = torch.rand(6, N)
    assert torch.equal(DiffAugment(probability=0.0)(PICTURES, numbers), PICTURES)
    assert torch.equal(only()(PICTURES, numbers), PICTURES)
    assert not torch.equal(DiffAugment()(PICTURES, numbers), PICTURES)


def test_each_change_comes_to_its_share_of_the_pictures() -> None:
    pictures = torch.ones(4000, 1, 4, 4)
    changed = only(cutout=0.5, probability=0.3)(pictures, torch.rand(4000, N)) != pictures
    assert changed.flatten(1).any(1).float().mean().item() == pytest.approx(0.3, abs=0.03)


def test_colours_by_hand() -> None:
    picture = torch.tensor([0.2, -0.4, 0.8]).view(1, 3, 1, 1)
    brighter = only(colour=True)(picture, uniform(1, b=1.0))
    torch.testing.assert_close(brighter, picture + 0.5)
    grey = only(colour=True)(picture, uniform(1, s=0.0))
    torch.testing.assert_close(grey, torch.full_like(picture, 0.2))
    vivid = only(colour=True)(picture, uniform(1, s=1.0))  # distances to the grey, 0.2, are doubled
    torch.testing.assert_close(vivid.flatten(), torch.tensor([0.2, -1.0, 1.4]))
    flat = only(colour=True)(picture, uniform(1, c=0.0))
    torch.testing.assert_close(flat.flatten(), torch.tensor([0.2, -0.1, 0.5]))


def test_translation_moves_whole_pixels_and_lets_zeros_in() -> None:
    moved = only(translation=0.25)(PICTURES, uniform(6, y=0.999, x=0.0))  # by 2 down and 2 to the left
    assert torch.equal(moved[:, :, 2:, :-2], PICTURES[:, :, :-2, 2:])
    assert moved[:, :, :2].abs().max() == 0 and moved[:, :, :, -2:].abs().max() == 0
    still = only(translation=0.25)(PICTURES, uniform(6))
    assert torch.equal(still, PICTURES)
    corner = torch.zeros(5000, 1, 8, 8)
    corner[:, :, 4, 4] = 1.0
    places = only(translation=0.125)(corner, torch.rand(5000, N)).mean((0, 1))
    torch.testing.assert_close(places[3:6, 3:6], torch.full((3, 3), 1 / 9), atol=0.02, rtol=0)


def test_cutout_empties_a_square_whose_centre_is_anywhere() -> None:
    ones = torch.ones(1, 3, 8, 8)
    middle = only(cutout=0.5)(ones, uniform(1))
    assert middle.sum().item() == 3 * (64 - 16) and middle[:, :, 2:6, 2:6].abs().max() == 0
    corner = only(cutout=0.5)(ones, uniform(1, v=0.0, u=0.999))  # three quarters of the square lie outside
    assert corner[0, 0, :2, 5:].sum() == 0 and corner.sum().item() == 3 * (64 - 6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_reals_and_fakes_meet_the_same_changes(channels: int) -> None:
    """The same pictures, once as reals and once as fakes, keep the same moments."""
    same, numbers = torch.rand(1, channels, 8, 8).expand(4000, -1, -1, -1) * 2 - 1, torch.rand(4000, 2 * N)
    augment = DiffAugment()
    real, fake = augment(same, numbers[:, N:]), augment(same, numbers[:, :N])
    assert not torch.equal(real, fake)
    torch.testing.assert_close(real.mean(0), fake.mean(0), atol=0.08, rtol=0)
    torch.testing.assert_close(real.std(0), fake.std(0), atol=0.08, rtol=0)


def test_gradients_pass_exactly() -> None:
    picture = PICTURES[:2, :2, :4, :4].double().requires_grad_()
    numbers = torch.rand(2, N, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(lambda x: DiffAugment()(x, numbers).square(), (picture,))
    assert torch.autograd.gradgradcheck(lambda x: DiffAugment()(x, numbers).square(), (picture,))


def test_a_sample_s_changes_are_its_own() -> None:
    numbers = torch.rand(6, N)
    whole = DiffAugment()(PICTURES, numbers)
    parts = [DiffAugment()(PICTURES[place], numbers[place]) for place in (slice(0, 2), slice(2, 6))]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=1e-6)


class Seen(nn.Module):
    """A discriminator that remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Tensor] = []
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
        self.shown.append(sample.detach())
        return (self.weight * sample).flatten(1).sum(1)


class Latents(nn.Module):
    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        return latent


@pytest.mark.parametrize("pack", [1, 2])
def test_the_discriminator_sees_augmented_pictures_and_nothing_else(as_players: Make, pack: int) -> None:
    discriminator, augment, numbers = Seen(), DiffAugment(), torch.rand(6, 2 * N)
    objective = Relativistic(augment=augment, pack=pack)
    assert objective.num_uniform() == 2 * N
    players = as_players(Latents(), discriminator)
    batch, draws = Batch(PICTURES, None), Draws(-PICTURES, None, uniform=numbers)
    real, fake = (
        objective.packed(augment(one, part), None)
        for one, part in ((PICTURES, numbers[:, N:]), (-PICTURES, numbers[:, :N]))
    )
    objective.discriminator_loss(Step(players, batch, draws))
    objective.generator_loss(Step(players, batch, draws))
    for shown, expected in zip(discriminator.shown, (real, fake, fake, real), strict=True):
        assert torch.equal(shown, expected)


def test_penalties_see_augmented_pictures(as_players: Make) -> None:
    class Square(nn.Module):
        def forward(self, sample: Tensor, label: Tensor | None = None) -> Tensor:
            return sample.flatten(1).square().sum(1) / 2  # its gradient is the sample

    numbers = torch.rand(6, 2 * N)
    objective = NonSaturating(augment=DiffAugment(), penalties=(R1(2.0), R2(2.0, every=2)))
    terms = objective.discriminator_loss(
        Step(as_players(Latents(), Square()), Batch(PICTURES, None), Draws(-PICTURES, None, uniform=numbers))
    )
    real, fake = DiffAugment()(PICTURES, numbers[:, N:]), DiffAugment()(-PICTURES, numbers[:, :N])
    torch.testing.assert_close(terms["r1"], real.flatten(1).square().sum(1).mean())
    torch.testing.assert_close(terms["r2"], fake[::2].flatten(1).square().sum(1).mean())


def test_a_penalty_beside_augmentation_can_be_compiled(as_players: Make) -> None:
    torch.manual_seed(0)
    objective = NonSaturating(augment=DiffAugment(), penalties=(R1(2.0), R2(2.0, every=2)))
    discriminator = ResidualDiscriminator(sample_shape=(3, 8, 8), width=4)
    draws = Draws(-PICTURES, None, uniform=torch.rand(6, objective.num_uniform()))
    step = Step(as_players(Latents(), discriminator), Batch(PICTURES, None), draws)
    compiled = torch.compile(objective.discriminator_loss, backend="eager", fullgraph=True)
    for name, value in objective.discriminator_loss(step).items():
        torch.testing.assert_close(compiled(step)[name], value)


def test_the_generator_learns_through_the_changes(as_players: Make) -> None:
    torch.manual_seed(0)
    generator = ResidualGenerator(latent_dim=4, sample_shape=(3, 8, 8), width=4)
    discriminator = ResidualDiscriminator(sample_shape=(3, 8, 8), width=4)
    objective, numbers = Relativistic(augment=DiffAugment()), torch.rand(6, 2 * N)
    draws = Draws(torch.randn(6, 4), None, uniform=numbers)
    objective.generator_loss(Step(as_players(generator, discriminator), Batch(PICTURES, None), draws))[
        "pair"
    ].backward()
    assert all(one.grad is not None and one.grad.abs().max() > 0 for one in generator.grow.parameters())


def test_auto_follows_the_number_of_pictures() -> None:
    augment = DiffAugment(probability="auto")
    assert augment.resolve_auto(300, ()).probability == augment.resolve_auto(9_999, ()).probability == Adaptive()
    assert augment.resolve_auto(10_000, ()).probability == augment.resolve_auto(None, ()).probability == 0.0
    assert DiffAugment(probability=0.4).resolve_auto(300, ()).probability == 0.4


def test_auto_augments_the_rare_classes_of_a_set_that_is_not_small() -> None:
    augment = DiffAugment(probability="auto", classes="auto")
    rare = DiffAugment(probability=Adaptive(images=50_000, of_classes=True), classes=(1,))
    assert augment.resolve_auto(27_150, (3_000, 150, 3_000, 0)) == rare
    assert augment.resolve_auto(60_000, (6_000,) * 10) == DiffAugment(probability=0.0)
    assert augment.resolve_auto(9_999, (9_000, 999)) == DiffAugment(probability=Adaptive())  # small
    assert augment.resolve_auto(60_000, ()) == DiffAugment(probability=0.0)  # no labels are learned
    assert DiffAugment(probability=0.4, classes="auto").resolve_auto(27_150, (27_000, 150)) == DiffAugment(
        probability=0.4
    )


def test_only_the_named_classes_are_changed() -> None:
    augment, label = DiffAugment(classes=(1, 4)), torch.arange(6)
    numbers = torch.rand(6, N, generator=torch.Generator().manual_seed(0))
    changed = augment(PICTURES, numbers, label)
    everywhere = DiffAugment()(PICTURES, numbers)
    assert torch.equal(changed[[1, 4]], everywhere[[1, 4]])
    torch.testing.assert_close(changed[[0, 2, 3, 5]], PICTURES[[0, 2, 3, 5]], rtol=0, atol=1e-6)
    assert (changed[1] - PICTURES[1]).abs().max() > 0.1
    with pytest.raises(Refused, match="objective.augment.classes"):
        augment(PICTURES, numbers)


def test_where_nothing_is_changed_nothing_is_drawn() -> None:
    assert NonSaturating().num_uniform() == NonSaturating(augment=DiffAugment(probability=0.0)).num_uniform() == 0


def test_refusals(as_players: Make) -> None:
    with pytest.raises(Refused, match=r"objective.augment.cutout is 1.5"):
        DiffAugment(cutout=1.5)
    points = torch.randn(6, 2)
    with pytest.raises(Refused, match=r"--set objective.augment=none"):
        NonSaturating(augment=DiffAugment()).generator_loss(
            Step(as_players(Latents(), Seen()), Batch(points, None), Draws(points, None, uniform=torch.rand(6, 2 * N)))
        )


def test_colours_change_and_transparency_does_not() -> None:
    transparent = torch.cat([PICTURES, torch.rand(6, 1, 8, 8)], dim=1)
    numbers = uniform(6, b=0.9, s=0.2, c=0.7)
    colours = DiffAugment(probability=1.0, translation=0, cutout=0)
    changed = colours(transparent, numbers)
    assert torch.equal(changed[:, 3], transparent[:, 3])
    assert torch.equal(changed[:, :3], colours(PICTURES, numbers))
