"""The table of metrics, continued: detection, and the size of a model."""

from .metric import Metric, rate

AUROC = rate(
    "auroc",
    "AUROC",
    "Chance that an anomalous image scores above a test image: 1 perfect, 0.5 guessing. Small: 95%"
    " interval over images (DeLong).",
    chance=0.5,
)
PIXEL_AUROC = rate(
    "pixel_auroc",
    "pixel AUROC",
    "Chance that a pixel of the anomaly has a larger error than a normal pixel: 1 perfect, 0.5"
    " guessing. Small: 95% interval over images.",
    chance=0.5,
)
DETECTION = (
    AUROC,
    rate("aupr", "AP", "Average precision, the anomalous images being the positives."),
    rate("aupr_normal", "AP of test images", "The same, the test images being the positives."),
    rate(
        "fpr95",
        "FPR95",
        "False positive rate where 95% of the anomalies are found.",
        better="lower",
    ),
)
SHIFT = (
    Metric(
        "mean_in",
        "mean of test images",
        note="Mean score; small: one standard error to either side.",
    ),
    Metric("mean_out", "mean of OOD images", note="The same of the other dataset's images."),
    Metric(
        "effect",
        "effect",
        note="Cohen's d: by how many standard deviations the other images score higher.",
        decimals=2,
    ),
    Metric("n_in", "n test"),
    Metric("n_out", "n OOD"),
)
DECISIONS = (
    Metric(
        "threshold",
        "threshold",
        note="An image that scores above it is classified as an anomaly.",
        decimals="each",
    ),
    Metric(
        "tp",
        "TP",
        note="True positives: anomalous images found (FN: missed; FP: test images above the"
        " threshold; TN: below it).",
    ),
    Metric("fp", "FP"),
    Metric("tn", "TN"),
    Metric("fn", "FN"),
    rate("precision", "precision", "Share of the images above the threshold that are anomalous."),
    rate("recall", "recall", "Share of the anomalous images above the threshold."),
    rate("f1", "F1", "Harmonic mean of precision and recall."),
)
PARAMETERS = Metric("parameters", "parameters", note="Of all the model's networks.")
FLOPS = Metric(
    "flops",
    "FLOPs per image",
    note="Floating-point operations of training per image seen, of matrix products and"
    " convolutions. Counted, and so the same on every machine; MLflow has the seconds.",
)
WARNINGS = Metric("n_warnings", "warnings", note="Health checks that failed in training.")
SEEDS = (
    Metric("n_trainings", "trainings", note="With results, each of another seed."),
    Metric(
        "mean",
        "mean FID",
        "lower",
        "Over trainings; small: 95% interval of the mean of all possible trainings (Student's t).",
    ),
    Metric("deviation", "standard deviation", note="Of the FID over trainings."),
    Metric("lowest", "lowest"),
    Metric("highest", "highest"),
    Metric(
        "another",
        "one more training",
        note="Small: the interval that holds the FID of one more training in 95% of cases.",
    ),
    Metric(
        "of_training",
        "of training",
        note="Standard deviation of the FID that another training brings, without that of samples.",
    ),
    Metric(
        "of_sample",
        "of sample",
        note="Standard deviation of the FID that another sample of generated images brings.",
    ),
    Metric(
        "of_test",
        "of test images",
        note="Standard deviation of the FID that other test images bring, to all models together.",
    ),
)
"""Of the FID over several trainings of a model."""
PAIRS = (
    Metric(
        "difference",
        "difference of mean FIDs",
        note="The first model less the second; small: 95% interval (Welch).",
    ),
    rate(
        "chance",
        "chance of a lower FID",
        "That a new training of the first model has a lower FID than one of the second; small: 95%"
        " interval (Newcombe).",
        better="",
    ),
    Metric("p", "p", note="Of equal means, by Welch's test; not corrected.", decimals="p"),
    Metric(
        "needed",
        "trainings needed",
        note="Of each model, to tell such a difference apart in 80% of cases, corrected for the"
        " number of pairs; at most 1,000.",
    ),
)
"""Of two models with several trainings each."""
