"""The one table of metrics: what each is called, which way is better, what it says."""

from math import inf

from .latent_metrics import KNN_ACCURACY, LATENT
from .metric import Metric, rate

FID = Metric(
    "fid",
    "FID",
    "lower",
    "Fréchet distance between features of real test images and of generated ones; 0 for equal"
    " sets. It depends on extractor and n: compare within this table only.",
    headline=True,
    by_extractor=True,
    limits=(0.0, inf),
)
QUALITY = (
    FID,
    Metric(
        "fid_infinity",
        "FID∞",
        "lower",
        "FID extrapolated to infinitely many images; for few images it can be below 0.",
        by_extractor=True,
    ),
    Metric(
        "is",
        "IS",
        "higher",
        "Inception score: high if the class of each image is clear and all classes are equally"
        " frequent.",
        by_extractor=True,
        limits=(1.0, inf),
    ),
    Metric(
        "kid",
        "KID",
        "lower",
        "Squared kernel distance (MMD) of the same features; unbiased, so near 0 for equal sets.",
        headline=True,
        by_extractor=True,
    ),
    rate(
        "precision",
        "precision",
        "Share of generated images inside the real manifold: within the distance of a real"
        " image's third nearest neighbor.",
        headline=True,
        by_extractor=True,
    ),
    rate(
        "recall",
        "recall",
        "Share of real images inside the generated manifold, likewise.",
        headline=True,
        by_extractor=True,
    ),
    rate(
        "density",
        "density",
        "In how many real images' balls of five nearest neighbors a generated image falls, over"
        " five; about 1 for real images.",
        by_extractor=True,
        limits=(0.0, inf),
    ),
    rate(
        "coverage",
        "coverage",
        "Share of real images with a generated one in their ball of five nearest neighbors.",
        headline=True,
        by_extractor=True,
    ),
)
SAMPLES = (
    Metric(
        "classes_covered",
        "classes",
        "higher",
        "Classes that get at least a tenth of the share that they have of the test images.",
        headline=True,
    ),
    rate(
        "class_entropy",
        "class entropy",
        "Entropy of the classes of generated images in nats: the logarithm of the number of"
        " classes if all are equally frequent.",
        limits=(0.0, inf),
    ),
    rate(
        "label_accuracy",
        "label accuracy",
        "Share of generated images that the classifier assigns to the class they were generated for"
        " (conditional models).",
        headline=True,
    ),
    Metric(
        "copying_z",
        "copying z",
        "",
        "Rank test: are generated images nearer to training images than test images are, in the"
        " classifier's features? Standard normal if they are like unseen real ones; below"
        " −2.33 (p < 0.01) copied; far above 0: unlike the training images.",
        2,
        headline=True,
    ),
    rate(
        "near_copies",
        "near copies",
        "Share of generated images that are nearer to a training image than all but 0.01 of the"
        " unseen test images are.",
        better="",
    ),
    rate(
        "duplicates",
        "duplicates",
        "Share of generated images with a near-duplicate among them; 0.01 of the distinct real"
        " ones have one. With n images and this share s, the model can generate about"
        " -n / log(1 - s) different ones (birthday paradox).",
        better="lower",
        by_extractor=True,
    ),
)
BOUND = Metric(
    "negative_elbo",
    "negative ELBO",
    "lower",
    "Upper bound of -log p(x) of test images in nats per image (VAEs; of conditional ones, p(x)"
    " is the sum over all classes by their shares). Kinds of likelihood do not compare: bernoulli"
    " takes gray for a probability, a density of color pixels may fall below 0.",
    headline=True,
)
CORRUPTION_AUROC = rate(
    "corruption_auroc",
    "corruption AUROC",
    "Of the model's main score, corrupted against intact test images; in the columns beside it,"
    " images of other datasets against test images. 1 perfect, 0.5 guessing, below it (marked)"
    " reversed.",
    chance=0.5,
    headline=True,
)
OOD_AUROC = rate(
    "ood_auroc",
    "OOD AUROC",
    "Of the model's main score, images of other datasets against test images, mean over these"
    " datasets.",
    chance=0.5,
    headline=True,
)
DEFECT_AUROC = rate(
    "defect_auroc",
    "defect AUROC",
    "Of the model's main score, images of all defects together against normal test images.",
    chance=0.5,
    headline=True,
)
DETECTION = (CORRUPTION_AUROC, OOD_AUROC, DEFECT_AUROC)
HEADLINES = tuple(
    metric
    for metric in (*QUALITY, *SAMPLES, BOUND, *LATENT, KNN_ACCURACY, *DETECTION)
    if metric.headline
)
"""What a model is compared by; everything else is details. At most 14 numbers of each model: where
there are defects there are no classes, and no numbers of classes."""
