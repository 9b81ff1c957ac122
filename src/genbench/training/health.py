"""Alarms: what validation shows of a training that goes wrong, in one readable line each."""

import math
from collections.abc import Callable
from typing import NamedTuple

GRACE_FRACTION = 0.2
"""No alarm in this share of the budget, at the start: an untrained model fails every test."""
COLLAPSED_UNITS = 0.05
"""Share of the latents at or below which the posterior counts as collapsed."""
COLLAPSED_DIVERSITY = 0.4
"""Generated images that vary by less than this share of the real ones' variation: a collapse."""
CONSTANT_DIVERSITY = 0.02
JS_SATURATION = 0.99
"""Share of log 2, the most that the Jensen-Shannon divergence can be."""
CLIP_SATURATION = 0.9
"""Share of the critic's weights at the clip bound."""


class Rule(NamedTuple):
    """An alarm: it `rings` for values of one validated part, and `says` what that means."""

    name: str
    part: str
    rings: Callable[[float, int], bool]
    says: str


RULES = (
    Rule(
        "posterior_collapse",
        "active_units",
        lambda v, latents: v <= COLLAPSED_UNITS * latents,
        "posterior collapse: {value:.0f} of {latents} latents say anything about the image",
    ),
    Rule(
        "constant_output",
        "diversity",
        lambda v, _: v < CONSTANT_DIVERSITY,
        "constant output: all generated images are nearly equal",
    ),
    Rule(
        "mode_collapse",
        "diversity",
        lambda v, _: CONSTANT_DIVERSITY <= v < COLLAPSED_DIVERSITY,
        "mode collapse: generated images vary {value:.2f} times as much as real ones"
        f" (alarm below {COLLAPSED_DIVERSITY})",
    ),
    Rule(
        "certain_discriminator",
        "jensen_shannon",
        lambda v, _: v > JS_SATURATION * math.log(2),
        "dead discriminator: it knows all generated images for sure (Jensen-Shannon estimate"
        " {value:.3f} of at most 0.693 nats), which leaves the generator little gradient",
    ),
    Rule(
        "dead_discriminator",
        "real_logit_std",
        lambda v, _: v < 1e-6,
        "dead discriminator: it gives every image the same verdict",
    ),
    Rule(
        "pinned_weights",
        "clip_saturation",
        lambda v, _: v > CLIP_SATURATION,
        "critic weights pinned at the clip bound: {value:.0%} of them; a larger zoo.wgan.clip or a"
        " lower learning rate leaves it more shapes",
    ),
)


def flag_row(row: dict[str, float], *, spent: float, latents: int) -> None:
    """Put 1 under "alarm/<name>" of a row of the history for every alarm that rings there.

    Parameters
    ----------
    row : with what was measured on validation images as "val/<part>"; unchanged without
    spent : share of the training's budget, in [0, 1]; below QUIET nothing rings
    latents : latent_dim of the model
    """
    for rule in RULES if spent >= GRACE_FRACTION else ():
        value = row.get(f"val/{rule.part}")
        if value is not None and rule.rings(value, latents):
            row[f"alarm/{rule.name}"] = 1.0


def active_messages(row: dict[str, float], latents: int) -> dict[str, str]:
    """The alarms of one row, as name -> line."""
    return {
        rule.name: rule.says.format(value=row[f"val/{rule.part}"], latents=latents)
        for rule in RULES
        if row.get(f"alarm/{rule.name}")
    }


def summarize(history: list[dict[str, float]], latents: int) -> list[str]:
    """The alarms of a whole training, a line each: the last words, when, and how it ended."""
    checked = [row for row in history if any(k.startswith("val/") for k in row)]
    out = []
    for rule in RULES:
        rang = [row for row in checked if row.get(f"alarm/{rule.name}")]
        if rang:
            first, last = (f"{rang[i]['images']:,.0f}" for i in (0, -1))
            when = f"at {last} images" if len(rang) == 1 else f"from {first} to {last} images"
            end = "still at the end" if rang[-1] is checked[-1] else "not at the end"
            out.append(f"{active_messages(rang[-1], latents)[rule.name]}; {when}, {end}")
    return out
