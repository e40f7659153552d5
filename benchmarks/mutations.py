"""Whether the tests that hold recipes to their articles notice a change: one mutation of the code after another.

    python benchmarks/mutations.py [--json FILE]

Each mutation replaces one text in a temporary copy of the package, and the tests of its article run on that copy:
`caught by` is the first that fails. The copy without a change must pass. Takes some minutes.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple


ROOT = Path(__file__).parents[1]
TESTS = {
    "000": "test_realness.py",
    "001": "test_gan.py",
    "002": "test_cgan.py",
    "003": "test_wgan.py",
    "004": "test_dcgan.py",
}
D_THEN_G = '(Update("discriminator", draws="z", real="x"), Update("generator", draws="z", real="x"))'
G_G_D = '(Update("generator", draws="z", real="x", count=2), Update("discriminator", draws="z", real="x"))'
CRITIC_THEN_G = '(Update("discriminator", real="x"), Update("generator", real="x"))'


class Mutation(NamedTuple):
    """articles: those whose tests run. file: in the package. `old` must be there once."""

    articles: str
    what: str
    file: str
    old: str
    new: str


MUTATIONS = (
    Mutation(
        "000",
        "sign: G's distance from A0",
        "objectives/realness.py",
        'away = {"fake": -self.distance',
        'away = {"fake": self.distance',
    ),
    Mutation(
        "000",
        "padding: D's last convolution repeats the border",
        "recipes/realness.py",
        "nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Flatten()",
        'nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate"), nn.ReLU(), nn.Flatten()',
    ),
    Mutation(
        "000",
        "constant: Adam's beta1 is 0.1",
        "recipes/realness.py",
        "lr=1e-4, betas=(0.0, 0.9)",
        "lr=1e-4, betas=(0.1, 0.9)",
    ),
    Mutation(
        "000",
        "order: A0 is drawn before A1",
        "objectives/anchors.py",
        "real, fake = (self._probabilities(anchor, random) for anchor in (self.real, self.fake))",
        "fake, real = (self._probabilities(anchor, random) for anchor in (self.fake, self.real))",
    ),
    Mutation("001", "constant: LeakyReLU's slope is 0.1", "networks/mlp.py", "nn.LeakyReLU, 0.2", "nn.LeakyReLU, 0.1"),
    Mutation(
        "001",
        "draws: G's update has fakes of its own",
        "recipes/gan.py",
        D_THEN_G,
        D_THEN_G.replace('"generator", draws="z"', '"generator", draws="y"'),
    ),
    Mutation(
        "001",
        "sign: fakes are to be taken for reals",
        "objectives/nonsaturating.py",
        "binary_cross_entropy(score, torch.zeros_like(score))",
        "binary_cross_entropy(score, torch.ones_like(score))",
    ),
    Mutation(
        "001",
        "padding: the PGGAN's D repeats the border",
        "recipes/pggan.py",
        "nn.Conv2d(before, after, 4, 2, 1, bias=False)",
        'nn.Conv2d(before, after, 4, 2, 1, bias=False, padding_mode="replicate")',
    ),
    Mutation("001", "filter: pictures are enlarged by Lanczos's", "recipes/pggan.py", '"bilinear"', '"lanczos"'),
    Mutation(
        "001",
        "statistics: the PGGAN's D's rest in G's updates",
        "recipes/pggan.py",
        'discriminator_statistics="all"',
        'discriminator_statistics="own"',
    ),
    Mutation("001", "pixels: grids are not stretched", "recipes/gan.py", "rows=4, stretch=True", "rows=4"),
    Mutation("001", "constant: its rate is 1e-4", "recipes/pggan.py", "Adam, lr=2e-4", "Adam, lr=1e-4"),
    Mutation(
        "002 004",
        "padding: the odd pixel before, not after",
        "networks/same_padding.py",
        "return total // 2, total - total // 2",
        "return total - total // 2, total // 2",
    ),
    Mutation(
        "002",
        "order: D's update before G's two",
        "recipes/cgan.py",
        G_G_D,
        '(Update("discriminator", draws="z", real="x"), Update("generator", draws="z", real="x", count=2))',
    ),
    Mutation(
        "002",
        "draws: labels of fakes are drawn, not the reals'",
        "recipes/cgan.py",
        'conditional=True,\n        fake_labels="real"',
        'conditional=True,\n        fake_labels="uniform"',
    ),
    Mutation(
        "002",
        "constant: LeakyReLU's slope is 0.2",
        "recipes/cgan.py",
        "SameDCGANDiscriminator, first_batch_norm=True, slope=0.1",
        "SameDCGANDiscriminator, first_batch_norm=True, slope=0.2",
    ),
    Mutation(
        "002",
        "constant: moving averages keep 0.8, not 0.9",
        "networks/dcgan_same.py",
        "(channels, eps=eps)",
        "(channels, eps=eps, momentum=0.2)",
    ),
    Mutation(
        "002",
        "constant: moving variances are divided by n - 1",
        "networks/batch_norm.py",
        "(variance - kept) * ((n - 1) / n)",
        "(variance - kept)",
    ),
    Mutation(
        "002",
        "statistics: D's rest in G's updates",
        "recipes/cgan.py",
        'discriminator_statistics="all"',
        'discriminator_statistics="own"',
    ),
    Mutation(
        "002",
        "pixels: x * 255 + 127.5",
        "recipes/cgan.py",
        "SampleGrid(columns=8, offset=0.5)",
        "SampleGrid(columns=8)",
    ),
    Mutation(
        "003",
        "sign: real scores are high",
        "recipes/wgan.py",
        'Wasserstein(real_scores="low"',
        'Wasserstein(real_scores="high"',
    ),
    Mutation(
        "003",
        "order: clipped before the critic's update",
        "recipes/wgan.py",
        "clip=Clip(bound=0.1)",
        'clip=Clip(bound=0.1, when="before")',
    ),
    Mutation(
        "003",
        "order: G's update before the critic's",
        "recipes/wgan.py",
        CRITIC_THEN_G,
        '(Update("generator", real="x"), Update("discriminator", real="x"))',
    ),
    Mutation(
        "003", "constant: decay is 2e-5", "recipes/wgan.py", "InverseByUpdate(decay=1e-5", "InverseByUpdate(decay=2e-5"
    ),
    Mutation(
        "003",
        "constant: decay counts steps, not updates",
        "training/trainer.py",
        'self._updates[name] if schedule.counts == "updates"',
        'self.clock.step - 1 if schedule.counts == "updates"',
    ),
    Mutation(
        "002 003 004",
        "constant: Adam's eps is that of the next update",
        "recipe/adam.py",
        "self._updates(group) + 1",
        "self._updates(group) + 2",
    ),
    Mutation("003", "constant: the loss is a sum of two means", "recipes/wgan.py", "factor=0.5", "factor=1.0"),
    Mutation(
        "000 003 004",
        "order: the two latents of a step change places",
        "training/inputs.py",
        '"draws", self._clock.step, self._drawn)',
        '"draws", self._clock.step, self._drawn ^ 1)',
    ),
    Mutation(
        "002 003 004",
        "constant: latents are from 0 to 1",
        "recipe/latents.py",
        "low: float = -1.0",
        "low: float = 0.0",
    ),
    Mutation(
        "004",
        "constant: D's beta1 is 0.5",
        "recipes/dcgan_article.py",
        "for beta1 in (0.5, 0.1)",
        "for beta1 in (0.5, 0.5)",
    ),
    Mutation(
        "004",
        "constant: the first convolution decays too",
        "recipes/dcgan_article.py",
        'WeightDecay(("conv2", "conv3"), 0.001)',
        'WeightDecay(("conv1", "conv2", "conv3"), 0.001)',
    ),
    Mutation("004", "no sigmoid in D", "recipes/dcgan_article.py", "sigmoid: bool = True", "sigmoid: bool = False"),
    Mutation(
        "004", "pixels: rounded to the nearest", "recipes/dcgan_article.py", 'rounding="down"', 'rounding="nearest"'
    ),
    Mutation("004", "samples with batch norm", "recipes/dcgan_article.py", 'sampling="identity",', 'sampling="batch",'),
)


def outcome(article: str, package: Path) -> tuple[bool, list[str]]:
    """Whether the article's tests pass on a copy of the package, and the first that does not."""
    test = ROOT / "tests" / "articles" / TESTS[article]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", str(test), "-xq", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) \S*/(test_\w+\.py.*?)(?: - .*)?$", run.stdout, re.MULTILINE)
    if run.returncode not in (0, 1) or bool(failed) != bool(run.returncode):
        raise SystemExit(f"{test.name} could not run:\n{run.stdout}{run.stderr}")
    return not failed, failed


def mutate(package: Path, mutation: Mutation) -> None:
    file = package / mutation.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.file} has {text.count(mutation.old)} times what is to be changed: {mutation.old}")
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def results(folder: Path) -> list[dict[str, object]]:
    found = []
    for number, mutation in enumerate((None, *MUTATIONS)):
        package = folder / str(number) / "honmono"
        shutil.copytree(ROOT / "src" / "honmono", package, ignore=shutil.ignore_patterns("__pycache__"))
        if mutation is not None:
            mutate(package, mutation)
        articles = list(TESTS) if mutation is None else mutation.articles.split()
        for article in articles:
            passed, failed = outcome(article, package)
            what, file = (mutation.what, mutation.file) if mutation else ("nothing is changed", "")
            found.append(
                {"article": article, "mutation": what, "file": file, "caught_by": None if passed else failed[0]}
            )
            print(f"{article}  {what:<52}{found[-1]['caught_by'] or 'passes'}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="a file to write the table to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = results(Path(folder))
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    if arguments.json:
        table = {"commit": commit.stdout.strip(), "mutations": rows}
        arguments.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    wrong = [row for row in rows if bool(row["caught_by"]) == (row["mutation"] == "nothing is changed")]
    print(f"{len(MUTATIONS)} mutations, {len(wrong)} of {len(rows)} outcomes not as they should be")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
