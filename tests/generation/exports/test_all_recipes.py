"""Which recipes of pictures become ONNX files, and which cannot, with the reason."""

import json
from collections.abc import Callable

import pytest

import honmono
from honmono.errors import Refused
from honmono.generation.load import TrainedRun
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.registry import entries


onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
PICTURES = [name for name, entry in sorted(entries().items()) if len(nominal_data_spec(entry.make()).sample_shape) == 3]
# Not realness-ffhq1024-paper: such weights amplify float32's rounding to 0.00013 (docs/guide.md).
LARGE = {"pggan-folder": {"data.size": "1024"}, "realness-celeba256-paper": {}}
CANNOT: dict[str, str] = {}  # names of recipes, and a part of what is said


@pytest.mark.slow
@pytest.mark.parametrize("name", PICTURES)
def test_it_draws_the_same_pictures_or_says_why_not(name: str, stirred: Callable[..., TrainedRun]) -> None:
    """Compared with PyTorch as it is written; the generator's weights and running statistics are not those it began
    with, and it was left in training mode."""
    _exported(name, stirred(name))


@pytest.mark.huge
@pytest.mark.parametrize("name", LARGE)
def test_it_does_so_at_full_size(name: str, full_size: Callable[..., TrainedRun]) -> None:
    """`make test ARGS="-m huge tests/generation/exports"`: up to 1,024 pixels a side, minutes and GiBs each."""
    _exported(name, full_size(name, **LARGE[name]))


def _exported(name: str, run: TrainedRun) -> None:
    if run.model.sampler.evaluations > 1:
        run = run.with_sampler(steps=1, guidance=2.0 if run.classes else 1.0)
    if name in CANNOT:
        with pytest.raises(Refused, match=CANNOT[name]):
            honmono.export(run)
        return
    said = {one.key: one.value for one in onnx.load(honmono.export(run)).metadata_props}
    assert json.loads(said["parity"])["largest_difference"] <= 1e-4 and said["batch_norm"] == run.recipe.sampling
