"""The DCGAN article's network with each of its quirks removed, one at a time, and all at once."""

from honmono.studies.study import Case, Study, Trace


AS_PUBLISHED = "as the article"
LOGITS = {"objective.scores": "logits", "discriminator.sigmoid": "false"}
RUNNING = {"sampling": "running"}
NO_DECAY = {"objective.penalties": "()"}
MOMENTUM = {"optimizers.discriminator.betas": "(0.5, 0.999)"}
SYMMETRIC = {"generator.padding": "symmetric", "discriminator.padding": "symmetric"}
ZERO_BIAS = {"generator.random_bias": "false", "discriminator.random_bias": "false"}
PROJECTION = {"generator.project_batch_norm": "true"}
RELU = {"generator.activation": "relu"}
NORMALISED = {"discriminator.batch_norm": "true"}
ALL_PICTURES = {"data.limit": "none"}
EVERY = LOGITS | RUNNING | NO_DECAY | MOMENTUM | SYMMETRIC | ZERO_BIAS | PROJECTION | RELU | NORMALISED | ALL_PICTURES


def without(label: str, quirk: str, ordinary: str, changes: dict[str, str]) -> Case:
    """The article's recipe with one quirk removed."""
    settings = {"the quirk": quirk, "here instead": ordinary}
    return Case(label=label, recipe="dcgan-mnist-article", changes=changes, settings=settings)


STUDY = Study(
    name="dcgan-quirks",
    article="FaBo DNN docs, 'MNIST DCGAN', and its notebook DCGAN_mnist.ipynb (TensorFlow 1)",
    asks="which of the article's quirks matter, and what do they do to the pictures?",
    facts=(
        "51 epochs of batches of 100, about 31 s each in the notebook, which takes the first 30,000 pictures; five"
        " pictures every second epoch.",
        "It shows the pictures of epoch 50 without a comment.",
        "Its losses are those below: G's returns to ln 2 = 0.693, its maximum, again and again.",
        "It says that the paper average-pools D's last convolution; the paper flattens it into one sigmoid.",
    ),
    inferred=(
        "Readable digits from about epoch 16, and a pale grey background in late epochs: this is our reading of the"
        " notebook's pictures.",
        "Our pictures are taken after that number of epochs; the article's 'epoch 16' is after 17.",
        "One seed each: differences smaller than those between seeds mean nothing (use --seeds 3).",
        "The article computes both losses after an epoch's last update, on one new z; ours are those of the nearest"
        " logged step, each player's before its own update and on its own latents.",
        "Kernels are 4x4 in every case, the last one too; the paper's authors have 5x5.",
        "The number of steps is the same for all cases: with 60,000 pictures this is 25.5 epochs.",
        "Losses of logits cannot be compared with losses of a doubled sigmoid, which are between 1.006 and 2.006 for D"
        " and between 0.313 and 0.693 for G.",
    ),
    cases=(
        Case(
            label=AS_PUBLISHED,
            recipe="dcgan-mnist-article",
            settings={"the quirk": "all of them", "here instead": ""},
            published="our reading of its pictures: readable from about epoch 16, pale in late epochs",
        ),
        without("one sigmoid", "the loss takes a sigmoid's output for a logit", "logits", LOGITS),
        without("batch norm by running averages", "pictures made without batch norm", "running averages", RUNNING),
        without(
            "batch norm by batch statistics",
            "pictures made without batch norm",
            "batch statistics",
            {"sampling": "batch"},
        ),
        without("no weight decay", "0.001 on D's second and third convolution", "none", NO_DECAY),
        without("beta1 0.5 in D", "Adam's beta1 0.1 in D", "0.5", MOMENTUM),
        without("symmetric padding", "TensorFlow's SAME, an odd pixel after", "as torch pads", SYMMETRIC),
        without("biases initialised to 0", "biases initialised from N(0, 0.02)", "0", ZERO_BIAS),
        without("batch norm on the projection", "none there", "batch norm", PROJECTION),
        without("ReLU in G", "LeakyReLU in G", "ReLU", RELU),
        without("batch norm in D", "none there", "after its 2nd and 3rd convolution", NORMALISED),
        without("all 60,000 pictures", "the first 30,000", "all of them", ALL_PICTURES),
        without("none of the quirks", "all of them", "none", EVERY),
    ),
    changes={"training.sample_every": 300},
    frames=(0.04, 0.16, 0.32, 0.6, 0.8, 1.0),
    epoch=30_000,
    traces=(
        Trace(
            title="Losses of D (with its weight decay) and of G",
            of="losses",
            published={
                0: (1.4879, 0.6688),
                1: (1.4624, 0.6929),
                3: (1.3893, 0.4719),
                7: (1.0920, 0.6848),
                10: (1.3995, 0.6930),
                20: (1.3060, 0.5711),
                30: (1.3540, 0.6427),
                40: (1.3136, 0.5742),
                49: (1.4074, 0.6915),
                50: (1.4042, 0.6910),
            },
            cases=(AS_PUBLISHED,),
        ),
    ),
)
