"""The one table of metrics: what each is called, which way is better, what it says."""

from .metric import Metric, rate

QUALITY = (
    Metric(
        "fid",
        "FID",
        "lower",
        "Fréchet distance between features of real test images and of generated ones; 0 for equal"
        " sets. It depends on extractor and n: compare inside this table only.",
        headline=True,
        by_extractor=True,
    ),
    Metric(
        "fid_infinity",
        "FID∞",
        "lower",
        "FID extrapolated to infinitely many images; with few images it may fall below 0.",
        by_extractor=True,
    ),
    Metric(
        "is",
        "IS",
        "higher",
        "Inception score: confident about each image, and all classes equally often.",
        by_extractor=True,
    ),
    Metric(
        "kid",
        "KID",
        "lower",
        "Squared kernel distance of the same features; unbiased, so near 0 for equal sets.",
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
        "In how many real images' balls of five neighbors a generated image is, over five; about"
        " 1 for real ones.",
        by_extractor=True,
    ),
    rate(
        "coverage",
        "coverage",
        "Share of real images with a generated one inside their ball of five neighbors.",
        headline=True,
        by_extractor=True,
    ),
)
SAMPLES = (
    Metric(
        "classes_covered",
        "classes",
        "higher",
        "Classes that get at least a tenth of their share of the generated images.",
        headline=True,
    ),
    rate(
        "class_entropy",
        "entropy",
        "Of the classes of generated images, in nats; the logarithm of the number of classes if all"
        " are equally frequent.",
    ),
    rate(
        "label_accuracy",
        "labels",
        "Share of generated images that the classifier assigns to the class they were generated for"
        " (conditional models).",
        headline=True,
    ),
    rate(
        "memorization_ratio",
        "memorization",
        "Mean distance to the nearest training image over that to the nearest of as many test"
        " images: about 1, and far below it if training images are copied.",
        better="",
        headline=True,
        by_extractor=True,
    ),
    rate(
        "duplicates",
        "duplicates",
        "Share of generated images with a near-duplicate among them; 0.01 of the real ones have"
        " one. The number of images over this share estimates how many different ones the model"
        " can make (birthday paradox).",
        better="lower",
        by_extractor=True,
    ),
    Metric(
        "negative_elbo",
        "\N{MINUS SIGN}ELBO",
        "lower",
        "Upper bound of -log p(x) of test images in nats per image (VAEs). Compare equal"
        " likelihoods only: densities of color pixels may fall below 0.",
        headline=True,
    ),
)
LATENT = (
    Metric(
        "path_length",
        "path length",
        "lower",
        "Perceptual path length: squared speed at which the classifier's features change between"
        " random latents, mean; 1 if all paths were straight, even and as long as two real images"
        " are apart. Lower is smoother, but a model that makes one image only has 0.",
        headline=True,
    ),
    Metric("path_length_median", "median", "lower", "The same, of the middle path."),
    Metric("psnr", "PSNR", "higher", "Of reconstructions of test images, in dB."),
    rate("ssim", "SSIM", "Structural similarity of the same, 1 where equal."),
    Metric(
        "rate",
        "rate",
        note="KL of the posterior to the prior in nats per test image: what the code costs.",
    ),
    Metric(
        "distortion",
        "distortion",
        note="Negative log-likelihood of test images given their codes, in nats. Rate + distortion"
        " is the negative ELBO.",
    ),
    Metric("importance_weighted", "IWAE", "lower", "Importance-weighted bound of -log p(x), nats."),
    Metric(
        "active_units",
        "active",
        note="Active units: latents whose posterior mean varies by more than 0.01 over images.",
        headline=True,
    ),
    Metric(
        "mutual_information",
        "information",
        "higher",
        "Mutual information of image and code in nats, at most the logarithm of the number of"
        " images measured.",
    ),
    Metric(
        "marginal_kl",
        "marginal KL",
        "lower",
        "The rest of the rate: how far all codes together are from the prior, in nats; too high"
        " where the information is at its limit.",
    ),
    Metric(
        "mmd",
        "MMD",
        "lower",
        "Squared maximum mean discrepancy of sampled codes and the prior; about 0 for equal ones.",
    ),
    rate(
        "arithmetic_accuracy",
        "arithmetic",
        "Latent arithmetic: share of test images that the classifier sees as another class once the"
        " means of the two classes were subtracted from and added to their codes; conditional"
        " models are also given the class.",
    ),
    rate(
        "knn_accuracy",
        "kNN",
        "Share of test images whose class most of their neighbors in latent space have (VAEs).",
        headline=True,
    ),
)
HEADLINES = (
    *(metric for metric in (*QUALITY, *SAMPLES, *LATENT) if metric.headline),
    rate(
        "corruption_auroc",
        "corruption AUROC",
        "Of the model's main score, corrupted against intact test images: 1 perfect, 0.5 guessing,"
        " below it reversed.",
        chance=0.5,
        headline=True,
    ),
    rate(
        "ood_auroc",
        "OOD AUROC",
        "The same, images of other datasets against test images, mean over these datasets.",
        chance=0.5,
        headline=True,
    ),
)
"""What a model is compared by, at most 14 numbers; everything else is details."""
