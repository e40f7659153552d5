"""Every recipe in which nothing couples samples gives the same run in two processes as in one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from honmono.recipe.build import build_networks, couples
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.override import override
from honmono.recipe.registry import entries
from honmono.recipe.serialize import to_json
from honmono.recipe.value import Recipe, resolve_auto
from honmono.training.trainer import Trainer


SOURCE = Path(__file__).parents[2] / "src"
STEPS = 2
# For each recipe a file of all tensors after two steps in float64, of the process that writes.
TRAIN = f"""
import json, pathlib, sys
from safetensors.torch import save_file
from honmono.devices import choose
from honmono.recipe.serialize import recipe_from_json
from honmono.training.engine import Engine
from honmono.training.trainer import Trainer

folder = pathlib.Path(sys.argv[1])
for name, recipe in json.loads((folder / "recipes.json").read_text()).items():
    recipe = recipe_from_json(recipe)
    engine = Engine(choose("cpu", "fp64", "off"))
    assert engine.processes == 2
    trainer = Trainer(recipe, recipe.data.open(), engine)
    for _ in range({STEPS}):
        trainer.step()
    flat = {{f"{{group}}/{{key}}": one for group, members in trainer.tensors().items() for key, one in members.items()}}
    if engine.writes:
        copies = {{key: one.detach().clone().contiguous() for key, one in flat.items()}}
        save_file(copies, folder / f"{{name}}.safetensors")
"""


def independent(recipe: Recipe) -> bool:
    """Whether nothing couples samples and no network draws random numbers of its own."""
    data_spec = nominal_data_spec(recipe)
    recipe = resolve_auto(recipe, [100] * len(data_spec.classes), None)
    networks = build_networks(recipe, data_spec)
    drops = any(isinstance(part, nn.Dropout) and part.p for one in networks.values() for part in one.modules())
    return not couples(recipe, networks) and not drops


def test_two_processes_equal_one(
    tmp_path: Path, on_small_data: Callable[[Recipe], Recipe], in_training: Callable[..., Trainer]
) -> None:
    every = {name: on_small_data(override(entry.make(), entry.tiny)) for name, entry in entries().items()}
    chosen = {name: recipe for name, recipe in every.items() if independent(recipe)}
    assert {"wgan-gp-grid", "gan-mnist-article"} <= set(chosen)
    whole = {name: in_training(recipe, "fp64") for name, recipe in chosen.items()}  # packs the data, too
    (tmp_path / "recipes.json").write_text(json.dumps({name: to_json(recipe) for name, recipe in chosen.items()}))
    (tmp_path / "train.py").write_text(TRAIN)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, str(tmp_path / "train.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name, trainer in whole.items():
        for _ in range(STEPS):
            trainer.step()
        theirs = load_file(tmp_path / f"{name}.safetensors")
        for group, members in trainer.tensors().items():
            for key, tensor in members.items():
                apart = (tensor - theirs[f"{group}/{key}"]).abs().max().item() if tensor.numel() else 0.0
                assert apart < 1e-9, f"{name}: {group} {key} differs by {apart}"
