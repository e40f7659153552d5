"""The default recipe, small enough for its run to be kept."""

from honmono.recipe.override import override
from honmono.recipes.dcgan import dcgan_digits


def tiny_digits():
    return override(dcgan_digits(), {"generator.width": "2", "discriminator.width": "2", "latent.dim": "4"})
