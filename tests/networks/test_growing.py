"""Pictures at a stage, and what every growing network keeps of where it stands."""

import torch

from honmono.networks.growing import at_stage, enlarged, halved
from honmono.networks.pggan import PGGANDiscriminator


def test_a_stage_is_shown_the_means_of_blocks() -> None:
    real = torch.arange(16.0).view(1, 1, 4, 4)
    assert at_stage(real, 2, None).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert at_stage(real, 4, None) is real


def test_reals_fade_in_from_their_coarser_version() -> None:
    real = torch.arange(16.0).view(1, 1, 4, 4)
    coarse = torch.tensor([[2.5, 2.5, 4.5, 4.5], [2.5, 2.5, 4.5, 4.5], [10.5, 10.5, 12.5, 12.5]])
    coarse = torch.cat([coarse, coarse[2:]])[None, None]
    assert torch.equal(at_stage(real, 4, torch.tensor(0.0)), coarse)
    assert torch.equal(at_stage(real, 4, torch.tensor(1.0)), real)
    torch.testing.assert_close(at_stage(real, 4, torch.tensor(0.25)), 0.75 * coarse + 0.25 * real)


def test_at_alpha_0_reals_are_those_of_the_stage_before_enlarged() -> None:
    real = torch.randn(2, 3, 32, 32)
    shown = at_stage(real, 16, torch.tensor(0.0))
    torch.testing.assert_close(shown, enlarged(at_stage(real, 8, None), 16))
    torch.testing.assert_close(halved(shown), at_stage(real, 8, None))


def test_where_a_network_stands_is_in_no_checkpoint() -> None:
    network = PGGANDiscriminator(sample_shape=(1, 16, 16), features=16)
    assert network.sizes == (4, 8, 16) and (network.stage, network.fading) == (2, False)
    network.set_stage(1, 0.3)
    assert (network.stage, network.fading) == (1, True)
    assert "alpha" not in network.state_dict()
    assert network.to(torch.float64).alpha.dtype == torch.float64
