"""The table of metrics, continued: what is shown in detail and compared nowhere else."""

from .metric import Metric, rate

DETECTION = (
    rate(
        "auroc",
        "AUROC",
        "Chance that an anomalous image scores above a test image: 1 perfect, 0.5 guessing. Small:"
        " 95% interval (DeLong).",
        chance=0.5,
    ),
    rate("aupr", "AP", "Average precision, the anomalous images being the positives."),
    rate("aupr_normal", "AP normal", "The same, the test images being the positives."),
    rate("fpr95", "FPR95", "False alarms when 95% of the anomalies are found.", better="lower"),
)
SHIFT = (
    Metric("mean_in", "mean test", note="Mean score of test images; small: +- a standard error."),
    Metric("mean_out", "mean OOD", note="Mean score of the other images, likewise."),
    Metric(
        "effect",
        "effect",
        note="Cohen's d: by how many standard deviations the others score higher.",
        decimals=2,
    ),
    Metric("n_in", "n test"),
    Metric("n_out", "n OOD"),
)
DECISIONS = (
    Metric(
        "threshold",
        "threshold",
        note="An image that scores above it is called an anomaly.",
        decimals="each",
    ),
    Metric("tp", "TP", note="Corrupted images found (FN: missed; FP: false alarms; TN: intact)."),
    Metric("fp", "FP"),
    Metric("tn", "TN"),
    Metric("fn", "FN"),
    rate("precision", "precision", "Share of the alarms that are right."),
    rate("recall", "recall", "Share of the corrupted images that are found."),
    rate("f1", "F1", "Harmonic mean of precision and recall."),
)
FACTORS = (
    rate("mig", "MIG", "Gap between the two latents with the most information on a factor, mean."),
    rate("sap", "SAP", "The same for linear prediction."),
    rate("dci_disentanglement", "DCI disentanglement", "Does each latent serve one factor?"),
    rate("dci_completeness", "DCI completeness", "Is each factor in one latent?"),
    rate("dci_informativeness", "DCI informativeness", "Can factors be predicted from codes?"),
    rate("factor_vae", "FactorVAE", "Does the latent that varies least name the fixed factor?"),
)
COST = (
    Metric("parameters", "parameters", note="Of all the model's networks."),
    Metric(
        "flops",
        "MFLOPs",
        note="Millions of floating-point operations per image seen in training, of matrix products"
        " and convolutions. Counted, and so the same on every machine; MLflow has the seconds.",
    ),
)
VALIDATION = (
    Metric("val/negative_elbo", "negative ELBO", "lower", "Nats per validation image."),
    Metric("val/reconstruction", "reconstruction", "lower", "Its first part, the distortion."),
    Metric("val/kl", "KL", note="Its second part, the rate."),
    Metric("val/active_units", "active", note="Latents whose mean varies by more than 0.01."),
    Metric("generator/loss", "generator loss", decimals="each"),
    Metric("discriminator/loss", "discriminator loss"),
    rate(
        "val/jensen_shannon",
        "JS",
        "Jensen-Shannon divergence that the discriminator sees, in nats: 0 where it cannot tell"
        " real from generated, 0.693 where it always can.",
        better="",
    ),
    Metric("critic/loss", "critic loss", decimals="each"),
    Metric(
        "val/earth_movers_distance",
        "EMD",
        note="Earth mover's distance that the critic sees, in units of its own steepness: not to"
        " be compared between networks.",
        decimals="each",
    ),
    rate(
        "val/diversity",
        "diversity",
        "How much generated images vary, as a share of real ones.",
        better="",
    ),
    Metric("n_warnings", "warnings", note="Health checks that failed in training."),
)
