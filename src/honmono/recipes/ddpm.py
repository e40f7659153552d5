"""Denoising diffusion (Ho et al., DDPM, 2020, arXiv:2006.11239), sampled by DDIM (arXiv:2010.02502)."""

from dataclasses import replace

from honmono.objectives.diffusion import DDPM
from honmono.recipe import DDIM, Recipe, recipe
from honmono.recipes.flow import TINY, flow_mnist


@recipe(
    "ddpm-mnist",
    source="Ho et al. 2020 (arXiv:2006.11239), cosine schedule (arXiv:2102.09672), DDIM (arXiv:2010.02502)",
    data="MNIST",
    summary="conditional diffusion on MNIST: the network and training of flow-mnist, trained to predict noise",
    quirks=(
        "noise grows by the cosine schedule (objective.schedule: CosineNoise(); the paper's: LinearNoise())",
        "samples are made in 25 steps of DDIM with guidance 1.25, 50 evaluations of the network, and without new noise"
        " (sampler; DDPM's own way: sampler.eta=1 with sampler.steps=1000)",
    ),
    tiny=TINY,
)
def ddpm_mnist() -> Recipe:
    return replace(flow_mnist(), objective=DDPM(), sampler=DDIM(steps=25, guidance=1.25))
