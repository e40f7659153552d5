"""Time and label as one vector, labels that are hidden, and guidance by them."""

import pytest
import torch

from honmono.networks.conditioning import NO_LABEL, TimeAndLabel, drop_labels, guided, sinusoidal


def test_sinusoids_are_those_of_ddpm_s_steps() -> None:
    waves = sinusoidal(torch.tensor([0.0, 0.25], dtype=torch.float64), 4)
    expected = torch.tensor([250.0, 2.5], dtype=torch.float64)  # frequencies 1 and 0.01
    assert waves[0].tolist() == [1, 1, 0, 0]
    torch.testing.assert_close(waves[1], torch.cat([expected.cos(), expected.sin()]))


def test_bfloat16_times_still_give_full_waves() -> None:
    assert sinusoidal(torch.zeros(1, dtype=torch.bfloat16), 4).dtype == torch.float32


def test_no_labels_and_hidden_labels_are_one_condition() -> None:
    torch.manual_seed(0)
    condition, t = TimeAndLabel(8, 16, num_classes=3), torch.tensor([0.1, 0.5, 0.9])
    hidden = condition(t, torch.full((3,), NO_LABEL))
    assert torch.equal(condition(t, None), hidden)
    apart = (condition(t, torch.tensor([NO_LABEL, 0, 2])) - hidden).abs().amax(1)
    assert apart[0] == 0 and apart[1:].min() > 0.1


def test_labels_are_dropped_where_their_numbers_are_low() -> None:
    label, uniform = torch.tensor([0, 1, 2, 3]), torch.tensor([0.05, 0.1, 0.5, 0.99])
    assert drop_labels(label, uniform, 0.1).tolist() == [NO_LABEL, 1, 2, 3]
    assert drop_labels(label, uniform, 0.0).tolist() == [0, 1, 2, 3]
    assert drop_labels(label, uniform, 1.0).tolist() == [NO_LABEL] * 4


@pytest.mark.parametrize(("scale", "value", "evaluations"), [(0, 2, 1), (1, 5, 1), (3, 11, 2), (0.5, 3.5, 2)])
def test_guidance_goes_beyond_the_label(scale: float, value: float, evaluations: int) -> None:
    seen: list[torch.Tensor | None] = []

    def network(x: torch.Tensor, t: torch.Tensor, label: torch.Tensor | None) -> torch.Tensor:
        seen.append(label)
        return x + (1 if label is None else 4)  # v_none = 2 and v_label = 5 at x = 1

    x = torch.ones(2, 1)
    assert guided(network, torch.tensor([0, 1]), scale)(x, torch.zeros(2)).tolist() == [[value]] * 2
    assert len(seen) == evaluations
