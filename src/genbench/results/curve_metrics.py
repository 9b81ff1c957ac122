"""The table of metrics, continued: what is recorded over a training."""

from .latent_metrics import ACTIVE_UNITS
from .metric import Metric, rate

PROBABILITY = "Probability of being real that the discriminator gives; 0.5 where it cannot tell."
LOGIT = "Mean logit of the discriminator, above 0 for real. Its loss stops at 1 and -1."
PARTS = (
    Metric("loss", "loss", note="What each player minimizes.", decimals="each"),
    Metric(
        "negative_elbo",
        "negative ELBO",
        "lower",
        "Upper bound of the negative log-likelihood: reconstruction + KL, nats per image.",
    ),
    Metric(
        "reconstruction",
        "reconstruction",
        "lower",
        "Negative log-likelihood of images given their codes (distortion), nats per image.",
    ),
    Metric("kl", "KL", note="Divergence of the codes from the prior (rate), nats per image."),
    Metric("kl_layers", "KL by layer", note="The same per stochastic layer, the top one first."),
    Metric(
        "total_correlation",
        "total correlation",
        note="Of the codes: 0 if they are independent. The part of the KL that beta_tc_vae weighs.",
    ),
    Metric(
        "bits_per_dim",
        "bits per dimension",
        "lower",
        "The negative ELBO in bits per pixel and channel.",
    ),
    ACTIVE_UNITS,
    Metric(
        "perceptual",
        "perceptual loss",
        "lower",
        "Squared distance between the classifier's features of image and reconstruction.",
    ),
    Metric("probability", "discriminator output", note=PROBABILITY),
    Metric("logit", "discriminator logit", note=LOGIT),
    rate(
        "jensen_shannon",
        "Jensen-Shannon divergence",
        "As the discriminator estimates it, log 2 - loss / 2, in nats: 0 where it cannot tell real"
        " from generated, 0.693 where it always can.",
        better="",
    ),
    Metric(
        "earth_movers_distance",
        "earth mover's distance",
        note="As the critic estimates it, up to its own steepness, which a gradient penalty holds"
        " near 1: not to be compared between networks.",
        decimals="each",
    ),
    Metric(
        "penalty",
        "gradient penalty",
        note="Mean of (|gradient of the critic| - 1) squared, between real and generated images.",
    ),
    Metric(
        "pixel_error",
        "pixel error",
        "lower",
        "Mean squared error of decode(encode(x)), over pixels.",
    ),
    Metric(
        "feature_error",
        "feature error",
        "lower",
        "The same in the features of the critic.",
    ),
    Metric(
        "cycle_error",
        "cycle error",
        "lower",
        "The pixel error of generated images: whether the encoder finds their latents.",
    ),
    Metric(
        "gradient_norm", "gradient norm", note="Of the gradient by all weights that are updated."
    ),
    rate(
        "diversity",
        "diversity",
        "How much generated images vary, as a share of real ones (root mean square).",
        better="",
    ),
    Metric(
        "real_logit_std",
        "logit standard deviation",
        note="Standard deviation of the discriminator's or critic's output on real images.",
    ),
    rate(
        "clip_saturation",
        "clip saturation",
        "Share of the critic's weights at the clip bound.",
        better="",
    ),
)
BY_PART = {metric.key: metric for metric in PARTS}


def part_metric(part: str) -> Metric:
    """What a recorded part is; a model of one's own may record one that the table lacks."""
    return BY_PART.get(part, Metric(part, part, note=part))


def curve_metric(player: str, part: str) -> Metric:
    """The same of one player: its key is "<player>/<part>", "val" being the validation images."""
    metric = part_metric(part)
    label = metric.label if player == "val" else f"{player} {metric.label}"
    return metric._replace(key=f"{player}/{part}", label=label)
