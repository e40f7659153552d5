"""The conditional GAN of its article beside its paper's and today's: does each draw the digit that it is asked for?"""

from honmono.studies.study import Case, Study


SEEDS = (0, 1, 2)
# The article's two sets of pictures for all: free latents, and one latent in all cells, so that labels alone change.
GRIDS = "(SampleGrid(columns=10), SampleGrid(name='one-latent', latent='one', columns=10))"


STUDY = Study(
    name="cgan-labels",
    article="Neural Pocket, 'Conditional GAN in TensorFlow' (Qiita, in Japanese)",
    asks="does a conditional GAN draw the digit that it is asked for, and do labels change the digit alone?",
    facts=(
        "2,000 steps of 64 pictures, 'about 3 epochs', took about 15 minutes.",
        "Compared with the article's conditional VAE the characters are relatively 'readable'; few are hard to read.",
        "With one latent for all labels they are drawn clearly too.",
        "Pictures of steps 2,000 and 2,100, each with free latents and with one latent for all cells.",
        "It measures nothing: how often the digit asked for is drawn is our question.",
    ),
    inferred=(
        "2,000 steps are 2.3 epochs of its 55,000 pictures.",
        "Its pictures are 8x8 cells with label i % 10; here a column is one digit.",
        "The paper's network is written from memory of the paper, and trains for 100 epochs, far longer than they.",
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
            changes={"training.sample_every": "3000"},
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
