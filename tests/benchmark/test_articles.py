"""benchmarks/articles: the articles' loops train, with the articles' networks, and do the steps of tests/articles."""

import importlib
import math
import runpy
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn


ROOT = Path(__file__).parents[2]
STEPS = 2
COUNTS = {  # parameters of G and D
    "realness_gan": (80_323, 38_900),
    "mlp_gan": (1_486_352, 1_329_153),
    "pggan": (3_444_480, 2_633_472),
    "conditional_gan": (1_484_035, 1_050_241),
    "wgan": (33_922, 33_537),
    "dcgan": (1_070_657, 660_929),
}


@pytest.fixture
def loop_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """An article's module, imported as its benchmark does."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return lambda name: importlib.import_module(f"articles.{name}")


@pytest.fixture
def float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def transcription(name: str) -> SimpleNamespace:
    """The names of a file of tests/articles."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "articles" / f"{name}.py")))


def weights(network: nn.Module) -> list[Tensor]:
    """Parameters and then moving averages, as the transcriptions have them."""
    averages = [buffer for name, buffer in network.named_buffers() if "num_batches" not in name]
    return [*(parameter.detach() for parameter in network.parameters()), *averages]


def begun(gan: Any) -> Any:
    """What a transcription begins with: a copy of a GAN's weights, and how many pictures are in a batch."""
    players = {"generator": gan.generator, "discriminator": gan.discriminator}
    start = {name: [one.clone() for one in weights(network)] for name, network in players.items()}
    return SimpleNamespace(start=start, recipe=SimpleNamespace(training=SimpleNamespace(batch_size=4)))


class Noise:
    """Random numbers that a transcription takes, the same that a loop has drawn after the same seed."""

    def __init__(self) -> None:
        torch.manual_seed(1)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape)


def data_of(name: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    shape = {"realness_gan": (32, 32, 3), "wgan": (2,)}.get(name, (28, 28))
    data = random.normal(size=(number, 2)) if name == "wgan" else random.integers(256, size=(number, *shape))
    return (data if name == "wgan" else data.astype(np.uint8)), np.arange(number) % 10


@pytest.mark.parametrize("data", ["memory", "article"])
@pytest.mark.parametrize("name", COUNTS)
def test_a_loop_trains(name: str, data: str, loop_of: Callable) -> None:
    """Beyond an epoch of 11 samples in batches of 4."""
    module = loop_of(name)
    losses = list(islice(module.loop(*data_of(name, 11), data, batch_size=4), 4))
    assert len(losses) == 4 and all(math.isfinite(float(loss)) for pair in losses for loss in pair)


@pytest.mark.parametrize("name", COUNTS)
def test_networks_have_the_articles_parameters(name: str, loop_of: Callable) -> None:
    module = loop_of(name)
    players = {
        "realness_gan": lambda: (lambda gan: (gan.generator, gan.discriminator))(module.GAN()),
        "mlp_gan": lambda: (module.Generator(100), module.Discriminator()),
        "pggan": lambda: (module.Generator(100, 4), module.Discriminator(4)),
        "wgan": lambda: (module.model_elu(4, 2), module.model_elu(2, 1)),
    }.get(name, lambda: (module.Generator(), module.Discriminator()))()
    assert tuple(sum(one.numel() for one in player.parameters()) for player in players) == COUNTS[name]


@pytest.mark.usefixtures("float64")
def test_realness_gan_does_its_article_s_step(loop_of: Callable) -> None:
    gan = loop_of("realness_gan").GAN()
    expected = transcription("test_realness").GAN(begun(gan), Noise())
    expected.real_anchor, expected.fake_anchor = gan.real_anchor, gan.fake_anchor
    reals = torch.rand(STEPS, 4, 3, 32, 32)
    Noise()
    found = [gan.step(real) for real in reals]
    Noise()
    literal = [(expected.train_discriminator(real), expected.train_generator(real, 19)) for real in reals]
    assert found == [pytest.approx(pair, rel=1e-9) for pair in literal]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name, size, behind", [("mlp_gan", 28, ()), ("pggan", 32, (1, 1))])
def test_both_gans_of_an_article_do_its_step(name: str, size: int, behind: tuple, loop_of: Callable) -> None:
    module, written = loop_of(name), transcription("test_gan")
    depth = (4,) if name == "pggan" else ()
    players = [module.Generator(100, *depth), module.Discriminator(*depth)]
    networks = {
        "mlp_gan": lambda: (written.mlp_generator(100), written.mlp_discriminator()),
        "pggan": lambda: (written.pggan_generator(100), written.pggan_discriminator()),
    }[name]()
    start = begun(SimpleNamespace(generator=players[0], discriminator=players[1]))
    expected = written.Loop(*networks, start, Noise())
    reals = list(torch.rand(STEPS, 4, 1, size, size) * 2 - 1)
    optimizers = [torch.optim.Adam(player.parameters(), lr=0.0002, betas=(0.5, 0.999)) for player in players]
    batches = [(real, None) for real in reals]
    Noise()
    if name == "pggan":
        found = list(module.train_pggan(*players, nn.BCELoss(), *optimizers, batches, "cpu"))
    else:
        found = list(module.train_gan(*players, batches, nn.BCELoss(), *optimizers, 100, "cpu"))
    Noise()
    for real in reals:
        expected.step(real, 100, behind)
    assert [float(d) for d, _ in found] == pytest.approx(expected.losses["discriminator"], rel=1e-9)
    assert [float(g) for _, g in found] == pytest.approx(expected.losses["generator"], rel=1e-9)


@pytest.mark.usefixtures("float64")
def test_the_conditional_gan_does_its_article_s_step(loop_of: Callable) -> None:
    """Its moving averages, too."""
    gan = loop_of("conditional_gan").CGAN()
    article = transcription("conftest")
    for number, player in enumerate((gan.generator, gan.discriminator)):
        article.set_weights(player, torch.Generator().manual_seed(number))
    expected = transcription("test_cgan").CGAN(article, begun(gan), 10, (28, 14, 7, 4), (256, 128, 64))
    found, literal = [], []
    for _ in range(STEPS):
        real, label, z = torch.rand(4, 3, 28, 28) - 0.5, torch.randint(10, (4,)), torch.rand(4, 100) * 2 - 1
        found.append(gan.step(real, label, z))
        expected.run_generator(z, label)
        g_loss = expected.run_generator(z, label)
        literal.append((expected.run_discriminator(z, label, real.permute(0, 2, 3, 1)), g_loss))
    assert found == [pytest.approx(pair, rel=1e-9) for pair in literal]
    assert expected.g.differences(weights(gan.generator)) == {}
    assert expected.d.differences(weights(gan.discriminator)) == {}


@pytest.mark.usefixtures("float64")
def test_wgan_does_its_article_s_step(loop_of: Callable) -> None:
    gan = loop_of("wgan").WGAN()
    written, article = transcription("test_wgan"), transcription("conftest")
    for number, player in enumerate((gan.generator, gan.discriminator)):
        article.set_weights(player, torch.Generator().manual_seed(number))
    expected = written.WGAN(article, begun(gan), written.SETTINGS["success"])
    found, literal = [], []
    for _ in range(STEPS):
        points, *noise = torch.randn(64, 2), torch.rand(64, 4), torch.rand(64, 4)
        found.append((gan.update_discriminator(points, noise[0]), gan.update_generator(noise[1])))
        literal.append((expected.train_critic(points, noise[0]), expected.train_generator(noise[1])))
    assert found == [pytest.approx(pair, rel=1e-9) for pair in literal]
    assert expected.discriminator.differences(weights(gan.discriminator)) == {}


@pytest.mark.usefixtures("float64")
def test_dcgan_does_its_article_s_step(loop_of: Callable) -> None:
    gan = loop_of("dcgan").DCGAN()
    article = transcription("conftest")
    expected = transcription("test_dcgan").DCGAN(article.TensorFlow, article, begun(gan))
    found, literal = [], []
    for _ in range(STEPS):
        x, *noise = torch.rand(4, 784) * 2 - 1, torch.rand(4, 100), torch.rand(4, 100)
        found.append((float(gan.run_opt_d(x, noise[0])), float(gan.run_opt_g(noise[1]))))
        literal.append((expected.train_discriminator(x, noise[0]), expected.train_generator(noise[1])))
    assert found == [pytest.approx(pair, rel=1e-9) for pair in literal]
    assert expected.dis.differences(weights(gan.discriminator)) == {}
