"""Trackers: TensorBoard's event files read back; W&B only as far as it goes without its package."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from honmono.errors import Refused
from honmono.runs.directory import RunDirectory
from honmono.runs.trackers import open_trackers


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "gan-grid")


def test_tensorboard_holds_rows_and_pictures_and_hides_what_a_resume_repeats(run: RunDirectory) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    Image.fromarray(np.full((20, 30), 77, np.uint8)).save(run.sample(20))
    for start, steps, loss in ((0, (10, 20, 30), 0.5), (20, (30, 40), 0.25)):
        (tracker,) = open_trackers(["tensorboard"], run, start)
        for step in steps:
            tracker.row({"step": step, "images": 64 * step, "generator.fake": loss, "metric.fid[mnist]": 10 * loss})
        if start == 0:
            tracker.picture(20, run.sample(20))
        tracker.close()
    events = accumulator.EventAccumulator(str(run.path / "tensorboard")).Reload()
    told = [(event.step, event.value) for event in events.Scalars("generator/fake")]
    assert told == [(10, 0.5), (20, 0.5), (30, 0.25), (40, 0.25)]
    assert [event.value for event in events.Scalars("images")] == [640.0, 1280.0, 1920.0, 2560.0]
    assert [event.value for event in events.Scalars("metric/fid[mnist]")] == [5.0, 5.0, 2.5, 2.5]
    (picture,) = events.Images("samples")
    assert (picture.step, picture.width, picture.height) == (20, 30, 20)


@pytest.mark.parametrize(("name", "package"), [("tensorboard", "torch.utils.tensorboard"), ("wandb", "wandb")])
def test_a_missing_package_is_refused_with_its_mend(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    monkeypatch.delitem(sys.modules, f"{package}.writer", raising=False)
    monkeypatch.setitem(sys.modules, package, None)  # what Python itself keeps for "not to be imported"
    with pytest.raises(Refused, match=rf"{name}: pip install 'honmono\[track\]'$"):
        open_trackers([name], run, 0)


def test_an_unknown_tracker_is_refused_before_any_is_opened(run: RunDirectory) -> None:
    with pytest.raises(Refused, match="'tensorbord'; did you mean 'tensorboard'"):
        open_trackers(["tensorboard", "tensorbord"], run, 0)
    assert not (run.path / "tensorboard").exists()
