"""Health checks: warnings when validation shows that a training goes wrong, a line each."""

import math
from collections.abc import Callable
from typing import NamedTuple

GRACE_FRACTION = 0.2
"""No warning in this first share of the budget: an untrained model fails every check."""
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
    """A warning, with its `message`, for the values of one validated part which `triggers` it."""

    name: str
    part: str
    triggers: Callable[[float, int], bool]
    """Called with the value and latent_dim."""
    message: str


RULES = (
    Rule(
        name="posterior_collapse",
        part="active_units",
        triggers=lambda v, latent_dim: v <= COLLAPSED_UNITS * latent_dim,
        message="posterior collapse: {value:.0f} of {latent_dim} latents say anything about the"
        " image",
    ),
    Rule(
        name="constant_output",
        part="diversity",
        triggers=lambda v, _: v < CONSTANT_DIVERSITY,
        message="constant output: all generated images are nearly equal",
    ),
    Rule(
        name="mode_collapse",
        part="diversity",
        triggers=lambda v, _: CONSTANT_DIVERSITY <= v < COLLAPSED_DIVERSITY,
        message="mode collapse: generated images vary {value:.2f} times as much as real ones"
        f" (warning below {COLLAPSED_DIVERSITY})",
    ),
    Rule(
        name="certain_discriminator",
        part="jensen_shannon",
        triggers=lambda v, _: v > JS_SATURATION * math.log(2),
        message="dead discriminator: it recognizes all generated images (Jensen-Shannon estimate"
        " {value:.3f} of at most 0.693 nats), which leaves the generator little gradient",
    ),
    Rule(
        name="dead_discriminator",
        part="real_logit_std",
        triggers=lambda v, _: v < 1e-6,
        message="dead discriminator: it gives every image the same logit",
    ),
    Rule(
        name="pinned_weights",
        part="clip_saturation",
        triggers=lambda v, _: v > CLIP_SATURATION,
        message="critic weights pinned at the clip bound: {value:.0%} of them; a larger"
        " zoo.wgan.clip or a lower learning rate lets the critic express more functions",
    ),
)


def flag_row(row: dict[str, float], budget_fraction: float, latent_dim: int) -> None:
    """Put 1 under "alarm/<name>" of a row of the history for every rule that it triggers.

    Parameters
    ----------
    row : with what the validation images showed as "val/<part>"; unchanged without
    budget_fraction : share of the training's budget that is spent, in [0, 1]
    """
    for rule in RULES if budget_fraction >= GRACE_FRACTION else ():
        value = row.get(f"val/{rule.part}")
        if value is not None and rule.triggers(value, latent_dim):
            row[f"alarm/{rule.name}"] = 1.0


def active_messages(row: dict[str, float], latent_dim: int) -> dict[str, str]:
    """The warnings of one row, as name -> line."""
    return {
        rule.name: rule.message.format(value=row[f"val/{rule.part}"], latent_dim=latent_dim)
        for rule in RULES
        if row.get(f"alarm/{rule.name}")
    }


def new_messages(history: list[dict[str, float]], latent_dim: int) -> list[str]:
    """The warnings of the last row that no earlier row gave, so that each is shown once."""
    *earlier, last = history
    messages = active_messages(last, latent_dim)
    return [
        message
        for name, message in messages.items()
        if not any(row.get(f"alarm/{name}") for row in earlier)
    ]


def summarize(history: list[dict[str, float]], latent_dim: int) -> list[str]:
    """The warnings of a whole training, a line each: the latest message, and when it applied."""
    validated = [row for row in history if any(k.startswith("val/") for k in row)]
    lines = []
    for rule in RULES:
        rows = [row for row in validated if row.get(f"alarm/{rule.name}")]
        if rows:
            first, last = (f"{row['images']:,.0f}" for row in (rows[0], rows[-1]))
            when = f"at {last} images" if len(rows) == 1 else f"from {first} to {last} images"
            end = "still at the end" if rows[-1] is validated[-1] else "not at the end"
            lines.append(f"{active_messages(rows[-1], latent_dim)[rule.name]}; {when}, {end}")
    return lines
