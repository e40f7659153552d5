"""What a run on points in the plane keeps for its contours."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import honmono
from honmono.objectives.coulomb import Coulomb
from honmono.recipe.override import override
from honmono.recipe.value import Recipe
from honmono.reports.figures.landscape import landscapes_in, load
from honmono.reports.figures.run import plot
from honmono.runs.directory import RunDirectory
from honmono.schedules import Geometric
from honmono.training.score_maps import MESH, POINTS, ScoreMaps
from honmono.training.trainer import Trainer


Build = Callable[..., Trainer]


def test_scores_stand_where_their_places_are(points: Recipe, in_training: Build, tmp_path: Path) -> None:
    trainer = in_training(points)
    run = RunDirectory.create(tmp_path, "gan-grid")
    before = {name: tensor.clone() for name, tensor in trainer.networks["discriminator"].state_dict().items()}
    ScoreMaps(trainer, run).fake(7)
    found = load(run.samples / "000000007.npz")
    assert found.points.shape == (POINTS, 2) and set(found.values) == {"scores"}
    scores = found.values["scores"]
    assert scores.shape == (MESH, MESH) and scores.dtype == np.float32
    first, second = (np.linspace(found.low[i], found.high[i], MESH) for i in (0, 1))
    place = torch.tensor([[first[90], second[10]]], dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(
            scores[10, 90], trainer.networks["discriminator"](place).numpy()[0], atol=1e-5, rtol=0
        )
    reals = torch.cat([batch.real for batch, _ in zip(trainer.reals(), range(2), strict=False)])
    assert (found.low < reals.amin(0).numpy()).all() and (found.high > reals.amax(0).numpy()).all()
    assert all(torch.equal(t, before[n]) for n, t in trainer.networks["discriminator"].state_dict().items())


def test_charges_leave_their_true_potential_too(points: Recipe, in_training: Build, tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "coulomb-grid")
    ScoreMaps(in_training(replace(points, objective=Coulomb(eps=0.5))), run).fake(0)
    found = load(landscapes_in(run.samples)[0])
    assert set(found.values) == {"scores", "potential"}
    assert found.values["potential"].min() < 0  # the reals lie apart, so their places are low


def test_the_potential_is_that_of_the_moment(points: Recipe, in_training: Build, tmp_path: Path) -> None:
    """Of an eps that wanes, the one that the clock has."""
    run, drawn = RunDirectory.create(tmp_path, "coulomb-grid"), {}
    for name, images in (("first", 0), ("last", 64)):
        trainer = in_training(replace(points, objective=Coulomb(eps=1.0, schedule=Geometric(end=0.1, images=64))))
        trainer.clock.images = images
        ScoreMaps(trainer, run).fake(images)
        drawn[name] = load(landscapes_in(run.samples)[-1]).values["potential"]
    trainer = in_training(replace(points, objective=Coulomb(eps=0.1)))
    ScoreMaps(trainer, run).fake(100)
    np.testing.assert_allclose(
        drawn["last"], load(landscapes_in(run.samples)[-1]).values["potential"], rtol=1e-4, atol=1e-4
    )
    assert drawn["last"].min() < 2 * drawn["first"].min()  # sharper wells


def test_packed_samples_and_pictures_have_none(points: Recipe, in_training: Build, tmp_path: Path) -> None:
    packed = override(points, {"objective.pack": "2"})
    landscapes = ScoreMaps(in_training(packed), RunDirectory.create(tmp_path, "gan-grid"))
    landscapes.real()
    landscapes.fake(0)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_run_leaves_its_mixture_and_a_film_of_contours(points: Recipe, tmp_path: Path) -> None:
    small = override(points, {"training.sample_every": "2"})
    honmono.train(small, run=tmp_path / "run", steps=4, device="cpu")
    run = RunDirectory.open(tmp_path / "run")
    assert [path.stem for path in landscapes_in(run.samples)] == ["000000000", "000000002", "000000004"]
    with np.load(run.samples / "real.npz", allow_pickle=False) as file:
        assert file["points"].shape == (32, 2) and file["modes"] == 25  # an epoch's
    written = {path.relative_to(tmp_path / "out").as_posix() for path in plot(run.path, tmp_path / "out")}
    assert {"mixture.png", "landscape.gif"} <= written
    assert len(list((tmp_path / "out" / "landscape").glob("*.png"))) == 3
