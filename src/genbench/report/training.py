"""The report's chapter on training: alarms, curves and snapshots of every model."""

import re

from ..params import Params
from . import charts
from .gallery import Gallery, row, strip
from .html import Html, join, tag
from .results import DatasetResults, Result

PARTS = {
    "loss": "What each player minimises.",
    "negative_elbo": "Upper bound of the negative log-likelihood, nats per image.",
    "reconstruction": "Negative log-likelihood of images given their codes, nats per image.",
    "kl": "Divergence of the codes from the prior, nats per image.",
    "kl_layers": "The same per stochastic layer, the top one first.",
    "bits_per_dim": "The negative ELBO as bits per pixel and channel.",
    "active_units": "Latents that say something about the image: their mean varies over images.",
    "perceptual": "Squared distance of the classifier's features, image to reconstruction.",
    "verdict": "Probability of being real that the discriminator gives; 0.5 when it cannot tell.",
    "unbounded_verdict": "What the discriminator says: above 0 real. Its loss stops at 1 and -1.",
    "jensen_shannon": "Estimated Jensen-Shannon divergence, log 2 - loss / 2: 0 to 0.693 nats.",
    "earth_movers_distance": (
        "Critic on real minus generated images: the earth mover's distance up to the critic's"
        " steepness, which a gradient penalty holds near 1."
    ),
    "penalty": "Mean of (|gradient of the critic| - 1) squared, between real and generated images.",
    "gradient_norm": "Length of the gradient by all of the mover's weights.",
    "diversity": "How much generated images vary, as a share of real ones (root mean square).",
    "real_logit_std": "Standard deviation of the verdicts on real images.",
    "clip_saturation": "Share of the critic's weights that stand at the clip bound.",
}
SHARED = {
    "real": ("verdict", "real images", 0),
    "fake": ("verdict", "generated images", 1),
    "real_logit": ("unbounded_verdict", "real images", 0),
    "fake_logit": ("unbounded_verdict", "generated images", 1),
}
"""Parts that share a chart: its name, their label and their colour there."""
LAYER = re.compile(r"kl_layer_(\d+)")


def training_chapter(study: DatasetResults, p: Params, gallery: Gallery) -> Html:
    """Alarms, curves and snapshots of every model."""
    parts = []
    for r in study.ranked():
        shots = [
            gallery.copy(path, f"{r.model}/{path.name}", f"{int(path.stem):,} images")
            for path in r.snapshots
        ]
        drawn = [
            gallery.chart(
                charts.curves,
                f"{r.model}/{part}.svg",
                lines,
                part,
                caption=PARTS.get(part, part),
            )
            for part, lines in panels(r).items()
        ]
        alarms = [tag("p", tag("b", "Alarm: "), line, class_="alarm") for line in r.alarms]
        parts += [tag("h4", r.model), *alarms, row(drawn), strip(shots)]
    note = "Every model on its own axes. Below: the same latents decoded at points of the training."
    return join(tag("p", note), *parts)


def panels(r: Result) -> dict[str, list[charts.Line]]:
    """The history as drawn: one per part of what was recorded, with a line per player.

    Dashed is what validation images show: the first player's losses, and diagnostics.
    """
    names = dict.fromkeys(name for line in r.history for name in line)
    names = [name for name in names if name != "images" and not name.startswith("alarm/")]
    players = list(dict.fromkeys(name.split("/")[0] for name in names))
    out: dict[str, list[charts.Line]] = {}
    for name in names:
        player, part = name.split("/", 1)
        owner = players[0] if player == "val" else player
        label, colour = owner if len(players) > 2 else "training", players.index(owner)
        if part in SHARED:
            part, label, colour = SHARED[part]
        elif layer := LAYER.fullmatch(part):
            part, label, colour = "kl_layers", f"layer {layer[1]}", int(layer[1]) - 1
        known = [line for line in r.history if name in line]
        x, y = ([line[k] for line in known] for k in ("images", name))
        out.setdefault(part, []).append(charts.Line(label, x, y, colour, player == "val"))
    return out
