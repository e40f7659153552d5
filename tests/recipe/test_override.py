"""`--set`: every kind of value, and refusals that name the nearest right name or what is accepted."""

from functools import partial
from typing import Any

import pytest
from torch.optim import SGD

from honmono.data.mixtures import Ring
from honmono.errors import Refused
from honmono.metrics.fid import FID
from honmono.networks.dcgan import DCGANDiscriminator
from honmono.objectives.penalties import WeightDecay
from honmono.recipe.hyperparameters import leaves
from honmono.recipe.latents import Uniform
from honmono.recipe.override import override
from honmono.recipe.registry import find
from honmono.recipe.serialize import to_json
from honmono.recipe.updates import Simultaneous, Update, WarmUp
from honmono.recipe.value import Average, Pair, Recipe
from honmono.schedules import Constant, Cosine


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return find("gan-grid").make()


def field(recipe: Recipe, path: str) -> Any:
    value: Any = recipe
    for key in path.split("."):
        if isinstance(value, tuple):
            value = value[int(key)]
        else:
            value = value.keywords[key] if isinstance(value, partial) else getattr(value, key)
    return value


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("conditional", "true", True),
        ("conditional", "Off", False),
        ("generator.batch_norm", "False", False),
        ("training.steps", "1_000", 1_000),
        ("training.steps", " 7 ", 7),
        ("data.sigma", "1", 1.0),  # an int will do for a float
        ("optimizers.generator.lr", "2e-4", 2e-4),
        ("optimizers.discriminator.betas", "(0.1, 0.999)", (0.1, 0.999)),
        ("optimizers.discriminator.betas", "[0, 0.9]", (0.0, 0.9)),
        ("generator.widths", "(8, 16, 32)", (8, 16, 32)),
        ("generator.widths", "()", ()),
        ("data.samples", "none", None),
        ("data.limit", "None", None),
        ("data.limit", "12", 12),
        ("training.precision", "bf16", "bf16"),
        ("training.precision", "'fp64'", "fp64"),
        ("updates.0.count", "2", 2),
        ("updates.1.draws", "z", "z"),
        ("updates.0.count", "WarmUp(high=3)", WarmUp(high=3)),
        ("updates.0", "Update(discriminator, count=3)", Update("discriminator", count=3)),
        ("latent", "Uniform(3, low=0)", Uniform(3, low=0.0)),
        ("data", "Ring(modes=3, samples=none)", Ring(modes=3, samples=None)),
        ("training.average", "Average(halflife=1000)", Average(halflife=1_000)),
        ("training.average", "null", None),
        ("training.learning_rates.generator", "Cosine(images=1000)", Cosine(images=1_000)),
        ("training.learning_rates", "Pair(Cosine(end=0.1))", Pair(Cosine(end=0.1))),
        ("objective.penalties", "(WeightDecay(('conv2',), 1),)", (WeightDecay(("conv2",), 1.0),)),
        ("objective.scores", "probabilities", "probabilities"),
        ("metrics.0.fakes", "100", 100),
        ("metrics", "()", ()),
        ("metrics", "(FID(features=mnist, fakes=20),)", (FID(features="mnist", fakes=20),)),
        ("training.best", "fid[mnist]", "fid[mnist]"),
        ("training.measure_images", "none", None),
    ],
)
def test_a_text_becomes_a_value_of_its_field_s_type(recipe: Recipe, path: str, text: str, expected: Any) -> None:
    changed = override(recipe, {path: text})
    assert field(changed, path) == expected
    assert type(field(changed, path)) is type(expected)
    within = {name for name in {**leaves(recipe), **leaves(changed)} if name == path or name.startswith(f"{path}.")}
    untouched = leaves(recipe).keys() - within
    assert {name: leaves(changed)[name] for name in untouched} == {name: leaves(recipe)[name] for name in untouched}


def test_networks_optimizers_and_programs_by_their_constructors(recipe: Recipe) -> None:
    changed = override(
        recipe,
        {
            "optimizers.generator": "SGD(lr=0.1)",
            "discriminator": "DCGANDiscriminator(width=8)",
            "updates": "(Simultaneous((Update(generator), Update(discriminator))),)",
        },
    )
    assert changed.optimizers.generator.func is SGD
    assert changed.optimizers.generator.keywords["momentum"] == 0  # its other arguments are their defaults
    assert changed.optimizers.discriminator.keywords == recipe.optimizers.discriminator.keywords
    assert changed.networks["discriminator"].func is DCGANDiscriminator
    assert changed.updates == (Simultaneous((Update("generator"), Update("discriminator"))),)


def test_a_class_s_earlier_name_is_accepted(recipe: Recipe) -> None:
    changed = override(recipe, {"updates": "(Together((Update(generator), Update(discriminator))),)"})
    assert changed.updates == (Simultaneous((Update("generator"), Update("discriminator"))),)


def test_text_fields_take_any_text() -> None:
    digits = find("dcgan-digits").make()
    for text in ("my pictures/a=b", "64", "true", "hf:name", "(1", "{[]: 1}"):
        assert field(override(digits, {"data.source": text}), "data.source") == text
    assert field(override(digits, {"data.source": "none"}), "data.source") is None


def test_changes_apply_in_order_and_later_ones_may_need_earlier_ones(recipe: Recipe) -> None:
    changes = {"training.average": "Average()", "training.average.halflife": "5"}
    assert override(recipe, changes).training.average == Average(halflife=5)


def test_changes_that_need_each_other_are_taken_in_any_order() -> None:
    published = find("realness-cifar10-paper").make()
    changes = {"samples": "none", "range": "(-1, 1)", "redraw": "false"}  # exact anchors need a range and no draws
    changes = {f"objective.anchors.{name}": text for name, text in changes.items()}
    one, other = (override(published, dict(some)) for some in (changes.items(), reversed(changes.items())))
    assert to_json(one) == to_json(other) and field(one, "objective.anchors.samples") is None
    with pytest.raises(Refused, match="samples is none"):
        override(published, {name: text for name, text in changes.items() if "range" not in name})


def test_nothing_changed_is_the_same_recipe(recipe: Recipe) -> None:
    assert to_json(override(recipe, {})) == to_json(recipe)
    assert to_json(override(recipe, {"training.steps": "20000"})) == to_json(recipe)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("training.stpes", "no field 'stpes' there; did you mean 'training.steps'.* has: steps, batch_size, seed"),
        ("trainig.steps", "no field 'trainig' there; did you mean 'training.steps'"),
        ("generator.widht", "did you mean 'generator.widths'"),
        ("lr", "did you mean 'optimizers.generator.lr'"),
        ("batch_size", "did you mean 'training.batch_size'"),
        ("optimizers.lr", "no field 'lr' there.* has: generator, discriminator"),
        ("training.average.halflife", "training.average is none now"),
        ("training.steps.x", "training.steps is 20000 now"),
        ("updates.2.count", r"no field '2' there.*updates has: 0, 1"),
        ("updates.-1.count", r"no field '-1' there"),
        ("updates.0.cuont", "did you mean 'updates.0.count'"),
        ("generator.latent_dim", "no field 'latent_dim' there"),  # what the data says is not to be set
        ("generator.func", "no field 'func' there"),
        ("__class__", "no field '__class__' there"),
        ("", "no field '' there.*has: data, latent"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest_one(recipe: Recipe, path: str, message: str) -> None:
    with pytest.raises(Refused, match=message) as refusal:
        override(recipe, {path: "1"})
    assert str(refusal.value).startswith(f"--set {path}: ") and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("training.steps", "many", "expected int; it is 20000 now"),
        ("training.steps", "1.5", "expected int"),
        ("training.steps", "true", "expected int"),
        ("training.steps", "none", "expected int"),
        ("training.steps", "", "expected int"),
        ("training.steps", "{[]: 1}", "expected int"),
        ("training.steps", "0", "training.steps is 0: give at least 1"),
        ("data.sigma", "wide", "expected float; it is 0.05 now"),
        ("data.sigma", "true", "expected float"),
        ("data.limit", "all", "expected int or none; it is none now"),
        ("conditional", "1", "expected true or false or one of auto; it is false now"),
        ("training.precision", "fp16", "expected one of auto, fp32, bf16, fp64"),
        ("generator.widths", "8", r"expected \(int, \.\.\.\); it is \(128, 128, 128\) now"),
        ("generator.widths", "(8, x)", r"expected \(int, \.\.\.\)"),
        ("optimizers.generator.betas", "(0.5,)", r"expected \(float"),
        ("generator", "5", r"expected .*MLPGenerator\(\.\.\.\).*; it is MLPGenerator\(\.\.\.\) now"),
        ("generator", "MLPDiscriminator()", "MLPDiscriminator must accept the keyword.* latent_dim"),
        ("optimizers.generator", "MLPGenerator()", "MLPGenerator must accept the keyword.* params"),
        ("objective", "Grid()", r"expected .*NonSaturating\(\.\.\.\)"),
        ("objective.penalties", "(Average(),)", r"expected \(.*WeightDecay\(\.\.\.\), \.\.\.\); it is \(\) now"),
        ("training.learning_rates.generator", "0.5", r"Constant\(\.\.\.\) or Cosine\(\.\.\.\) or .*Linear\(\.\.\.\)"),
        ("training.average", "Avreage()", "no class is named Avreage; did you mean 'Average'"),
        ("training.average", "Average(halflif=1)", r"unexpected keyword argument 'halflif' \(it takes: halflife, ramp"),
        ("training.average", "Average(halflife=x)", r"Average\(halflife=x\): expected int"),
        ("training.average", "Average(1, 2.0, 3)", "Average: too many positional arguments"),
        ("training.average", "Average(**{})", "unexpected keyword argument"),
        ("latent", "Vector(3)", "abstract class"),
        ("updates", "(Update(generator),)", "at least one update of each player"),
        ("updates.0.count", "Linear()", r"expected int or Every\(\.\.\.\) or WarmUp\(\.\.\.\)"),
        ("data.side", "0", "the data has no modes"),
        ("metrics", "5", r"expected \(.*FID\(\.\.\.\).*; it is \(ModeCoverage\(\.\.\.\)\) now"),
        ("metrics", "(ModeCoverage(), ModeCoverage(fakes=5))", "metrics holds modes twice"),
        ("metrics.0.fakes", "many", "expected int; it is 2500 now"),
        ("training.measure_images", "0", "training.measure_images is 0: give at least 1"),
    ],
)
def test_an_ill_typed_value_is_refused_with_what_is_accepted(
    recipe: Recipe, path: str, text: str, message: str
) -> None:
    with pytest.raises(Refused, match=message) as refusal:
        override(recipe, {path: text})
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["__import__('os').system('true')", "print(1)", "open('x')", "exec('1')", "os.system"])
def test_no_text_runs_code(recipe: Recipe, text: str) -> None:
    with pytest.raises(Refused, match="expected int|no class is named"):
        override(recipe, {"training.steps": text})


def test_a_constant_can_become_any_schedule_and_back(recipe: Recipe) -> None:
    path = "training.learning_rates.discriminator"
    there = override(recipe, {path: "Linear(begin=5)"})
    assert override(there, {path: "Constant(0.5)"}).training.learning_rates.discriminator == Constant(0.5)
    assert override(there, {f"{path}.images": "9"}).training.learning_rates.generator == Constant()
