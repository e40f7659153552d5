import math

import pytest
import torch

from honmono.benchmark import timing
from honmono.benchmark.plain_loop import PlainLoop
from honmono.devices import choose
from honmono.recipe.override import override
from honmono.recipe.registry import entries, find
from honmono.recipe.updates import every_update
from honmono.training.engine import Engine


def tiny(name):
    entry = find(name)
    return override(entry.make(), entry.tiny)


def test_a_row_has_the_promised_columns(monkeypatch):
    monkeypatch.setattr(timing, "BLOCK_SECONDS", 0.01)
    monkeypatch.setattr(timing, "MATRIX", 64)
    (row,) = timing.measure_all("gan-grid", device="cpu", precision="auto", compile="auto")
    assert tuple(row) == timing.COLUMNS
    assert (row["recipe"], row["batch_size"], row["device"], row["precision"]) == ("gan-grid", 512, "cpu", "fp32")
    assert all(row[column] > 0 for column in timing.COLUMNS[4:])
    assert row["ratio"] == pytest.approx(row["reference_ms_per_step"] / row["ms_per_step"], rel=0.01)


@pytest.mark.parametrize("name", sorted(entries()))
def test_noise_stands_in_for_data_that_is_not_at_hand(name, monkeypatch):
    monkeypatch.setattr(timing, "BLOCK_SECONDS", 0.01)
    monkeypatch.setattr(timing, "ROUNDS", 1)
    row = timing.measure(tiny(name), Engine(choose("cpu", "fp32", "off")), None, name)
    assert math.isfinite(row["gflops_per_second"]) and row["gflops_per_second"] > 0


@pytest.mark.parametrize(
    "name", ["gan-mnist-article", "dcgan-mnist-article", "dcgan-digits", "pacgan-grid", "realness-toy"]
)
def test_the_plain_loop_moves_both_players(name):
    recipe = tiny(name)
    loop = PlainLoop(recipe, timing.Noise(timing.nominal_data_spec(recipe)), torch.device("cpu"))
    networks = [player.module for player in (loop.players.generator, loop.players.discriminator)]
    before = [[p.detach().clone() for p in network.parameters()] for network in networks]
    loop.step()
    for network, old in zip(networks, before, strict=True):
        assert any(not torch.equal(p, o) for p, o in zip(network.parameters(), old, strict=True))


def test_arithmetic_is_counted_as_matrix_products():
    """gan-mnist-article at batch 64: 2 flops for each weight and sample, forward, and again for each gradient taken."""
    recipe = find("gan-mnist-article").make()
    noise = timing.Noise(timing.nominal_data_spec(recipe))
    gflop = timing.gflop_of_step(recipe, noise, Engine(choose("cpu", "fp32")))
    generator = 100 * 256 + 256 * 512 + 512 * 1024 + 1024 * 784
    discriminator = 784 * 1024 + 1024 * 512 + 512
    first_g, first_d = 100 * 256, 784 * 1024  # no gradient is taken of latents, nor of pictures in D's own update
    d_update = 2 * (3 * discriminator - first_d)
    g_update = (3 * generator - first_g) + 2 * discriminator  # its pass forward serves both updates
    assert gflop == pytest.approx(2 * 64 * (d_update + g_update) / 1e9, rel=1e-3)


def test_what_warms_up_is_timed_in_an_ordinary_step(monkeypatch):
    """Five updates of the critic and one of G on both sides, not the hundred of the first steps."""
    timed: list[tuple[int, ...]] = []

    def interleaved(ours, theirs, finish, multiple):
        trainer, plain = ours.__self__, theirs.__self__
        programs = [
            [update.times(1) for update in every_update(one)] for one in (trainer.recipe.updates, plain.recipe.updates)
        ]
        timed.extend(tuple(program) for program in programs)
        return 1.0, 1.0

    monkeypatch.setattr(timing, "interleaved", interleaved)
    timing.measure(find("wgan-grid-paper").make(), Engine(choose("cpu", "fp32", "off")), None, "wgan-grid-paper")
    assert timed == [(5, 1), (5, 1)]
