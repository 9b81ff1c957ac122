"""The table of metrics, continued: latent spaces and their embeddings."""

from .metric import Metric, rate

ACTIVE_UNITS = Metric(
    "active_units",
    "active units",
    note="Latents whose posterior mean varies by more than 0.01 over images.",
    headline=True,
)
LATENT = (
    Metric(
        "path_length",
        "path length",
        "lower",
        "Perceptual path length, normalized: squared speed at which the classifier's features"
        " change along interpolations between random latents, mean; 1 if all paths were straight,"
        " even and as long as two real images are apart. Lower is smoother, but a model that makes"
        " one image only has 0.",
        headline=True,
    ),
    Metric("path_length_median", "median path", "lower", "The same, median over the paths."),
    Metric("psnr", "PSNR", "higher", "Of reconstructions of test images, in dB."),
    rate("ssim", "SSIM", "Structural similarity of the same; 1 where equal."),
    Metric(
        "rate",
        "rate",
        note="KL of the posterior to the prior in nats per test image: the cost of the code. A"
        " conditional model is given the class, here and in the next columns.",
        decimals="each",
    ),
    Metric(
        "distortion",
        "distortion",
        note="Negative log-likelihood of test images given their codes, in nats. Rate + distortion"
        " is the negative ELBO.",
        decimals="each",
    ),
    Metric("importance_weighted", "IWAE", "lower", "Importance-weighted bound of -log p(x), nats."),
    ACTIVE_UNITS,
    Metric(
        "mutual_information",
        "mutual information",
        "higher",
        "Of image and latent code in nats, at most the logarithm of the number of images measured.",
    ),
    Metric(
        "marginal_kl",
        "marginal KL",
        "lower",
        "The rest of the rate: KL of the aggregate posterior to the prior in nats; overestimated"
        " where the mutual information is at its limit.",
    ),
    Metric(
        "mmd",
        "MMD",
        "lower",
        "Squared maximum mean discrepancy of sampled codes and the prior; about 0 for equal ones.",
    ),
    rate(
        "arithmetic_accuracy",
        "latent arithmetic",
        "Share of test images that the classifier assigns to another class once the mean of its"
        " codes was added to their codes and that of their own class subtracted; conditional models"
        " are also given the class.",
    ),
)
KNN_ACCURACY = rate(
    "knn_accuracy",
    "kNN accuracy",
    "Share of test images whose class is that of most of their neighbors among the codes (VAEs).",
    headline=True,
)
EMBEDDING = (
    KNN_ACCURACY,
    rate("knn_accuracy_map", "in the embedding", "The same of neighbors in the embedding."),
    rate("silhouette", "silhouette", "Separation of the classes among the codes, -1 to 1."),
    rate(
        "trustworthiness",
        "trustworthiness",
        "1 if neighbors in the embedding are neighbors in the space.",
    ),
    rate(
        "stability",
        "stability",
        "Share of neighbors that a second embedding, from a random start, shows as well.",
    ),
    Metric("n", "n"),
)
FACTORS = (
    rate(
        "mig",
        "MIG",
        "Mutual information gap between the two latents that are most informative of a factor,"
        " mean.",
    ),
    rate("sap", "SAP", "The same for linear prediction of the factor."),
    rate("dci_disentanglement", "DCI disentanglement", "Does each latent encode one factor only?"),
    rate("dci_completeness", "DCI completeness", "Is each factor encoded by one latent only?"),
    rate("dci_informativeness", "DCI informativeness", "Can factors be predicted from codes?"),
    rate(
        "factor_vae",
        "FactorVAE score",
        "Does the latent that varies least identify the factor that was fixed?",
    ),
)
