"""Facts of the StyleGAN2 recipes."""

from math import isclose

from honmono.recipe.build import build_networks, count_parameters
from honmono.recipe.describe import nominal_data_spec
from honmono.recipe.lazy_terms import adapted_optimizer
from honmono.recipe.updates import due
from honmono.recipes.stylegan2 import stylegan2_folder, stylegan2_mnist


def test_it_is_small_on_mnist() -> None:
    recipe = stylegan2_mnist()
    generator, discriminator = build_networks(recipe, nominal_data_spec(recipe)).values()
    assert count_parameters(generator) == 117_016 and count_parameters(discriminator) == 276_273


def test_r1_is_computed_in_every_16th_step_and_adam_adapted() -> None:
    recipe = stylegan2_mnist()
    counts = [sum(group[0].terms == ("r1",) for group in due(recipe.updates, step)) for step in range(1, 33)]
    assert sum(counts) == 2 and counts[15] == counts[31] == 1
    words = adapted_optimizer(recipe, "discriminator").keywords
    assert isclose(words["lr"], 2e-3 * 16 / 17) and isclose(words["betas"][1], 0.99 ** (16 / 17))


def test_the_folder_s_classes_and_augmentation_follow_from_the_data() -> None:
    recipe = stylegan2_folder()
    assert recipe.conditional == "auto" and recipe.objective.augment.probability == "auto"  # type: ignore[attr-defined]
