"""The conditional GAN of an article, of the paper and of today: does each generate the digit of its label?"""

from honmono.studies.study import Case, Study


SEEDS = (0, 1, 2)
# The article's two grids for every case: a latent for each cell, and one latent for all, so that only labels change.
GRIDS = "(SampleGrid(columns=10), SampleGrid(name='one-latent', latent='one', columns=10))"


STUDY = Study(
    name="cgan-labels",
    article="Neural Pocket, 'Conditional GAN in TensorFlow' (Qiita, in Japanese)",
    asks="does a conditional GAN generate the digit of its label, and does the label change only the digit?",
    facts=(
        "2,000 steps of 64 pictures, 'about 3 epochs', took about 15 minutes.",
        "Its digits are relatively 'readable' compared with the article's conditional VAE; few are hard to read.",
        "With one latent for all labels they are clear too.",
        "It shows pictures of steps 2,000 and 2,100, each with a latent for each cell and with one latent for all.",
        "It measures nothing: how often the digit matches its label is our question.",
    ),
    inferred=(
        "2,000 steps are 2.3 epochs of its 55,000 pictures.",
        "Its pictures are 8x8 cells with label i % 10; here each column is one digit.",
        "The paper's network is written from memory of the paper, and trains far longer: 100 epochs.",
    ),
    cases=(
        Case(
            label="the article's",
            recipe="cgan-mnist-article",
            seeds=SEEDS,
            settings={"networks": "convolutional", "updates": "G, G, D on one latent", "pictures": "134,400"},
            published="readable after 2,000 steps",
        ),
        Case(
            label="the paper's",
            recipe="cgan-mnist-paper",
            changes={"training.sample_every": 3_000},
            seeds=SEEDS,
            settings={"networks": "fully connected, maxout", "updates": "D, G", "pictures": "6,000,000"},
        ),
        Case(
            label="today's",
            recipe="cgan-mnist",
            seeds=SEEDS,
            settings={"networks": "convolutional, projection", "updates": "D, G", "pictures": "128,000"},
        ),
    ),
    changes={"grids": GRIDS},
    frames=(0.25, 0.5, 0.95, 1.0),
    epoch=54_999,
)
