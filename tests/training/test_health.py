from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.training import health


def row(images=1000, budget_fraction=1.0, latent_dim=20, **validated):
    out = {"images": images} | {f"val/{part}": value for part, value in validated.items()}
    health.flag_row(out, budget_fraction, latent_dim)
    return out


def names(row):
    return {k.removeprefix("alarm/") for k in row if k.startswith("alarm/")}


@pytest.mark.parametrize(
    "part, sound, wrong, name",
    [
        ("active_units", 2, 1, "posterior_collapse"),
        ("active_units", 20, 0, "posterior_collapse"),
        ("diversity", 0.41, 0.39, "mode_collapse"),
        ("diversity", 0.021, 0.019, "constant_output"),
        ("jensen_shannon", 0.68, 0.69, "certain_discriminator"),
        ("real_logit_std", 1e-5, 1e-8, "dead_discriminator"),
        ("clip_saturation", 0.89, 0.91, "pinned_weights"),
    ],
)
def test_a_rule_triggers_beyond_its_threshold_alone(part, sound, wrong, name):
    assert name not in names(row(**{part: sound}))
    assert names(row(**{part: wrong})) == {name}


def test_nothing_triggers_in_an_untrained_model_or_where_nothing_was_measured():
    assert not names(row(budget_fraction=0.19, active_units=0, diversity=0.0))
    assert row(budget_fraction=0.2, active_units=0)["alarm/posterior_collapse"] == 1
    assert row() == {"images": 1000}


def test_collapse_is_a_share_of_the_latents():
    assert names(row(active_units=5, latent_dim=100)) == {"posterior_collapse"}
    assert not names(row(active_units=5, latent_dim=99))


def test_a_line_has_the_numbers():
    lines = health.active_messages(row(active_units=1.0, diversity=0.312), latent_dim=20)
    assert lines["posterior_collapse"] == (
        "posterior collapse: 1 of 20 latents say anything about the image"
    )
    assert "vary 0.31 times as much as real ones (warning below 0.4)" in lines["mode_collapse"]


def test_a_warning_is_new_in_the_first_row_that_gives_it():
    good, bad = {"diversity": 0.9}, {"diversity": 0.3}
    history = [row(1000, **good), row(2000, **bad), row(3000, **bad, active_units=0)]
    assert health.new_messages(history[:1], 20) == []
    (line,) = health.new_messages(history[:2], 20)
    assert line.startswith("mode collapse")
    (line,) = health.new_messages(history, 20)
    assert line.startswith("posterior collapse")
    assert health.new_messages([*history, row(4000, **good), row(5000, **bad)], 20) == []


def test_a_summary_has_a_line_per_warning_with_its_begin_and_end():
    good, bad = {"diversity": 0.9}, {"diversity": 0.3}
    history = [row(1000, **bad), row(2000, **bad), {"images": 2500.0}, row(3000, **good)]
    (line,) = health.summarize(history, 20)
    assert line.endswith("; from 1,000 to 2,000 images, not at the end")
    (line,) = health.summarize([*history, row(4000, diversity=0.2)], 20)
    assert "0.20 times" in line and line.endswith("; from 1,000 to 4,000 images, still at the end")
    (line,) = health.summarize([row(3000, **good), row(4000, **bad), {"images": 5000.0}], 20)
    assert line.endswith("; at 4,000 images, still at the end")
    assert health.summarize([row(1000, **good)], 20) == []


def test_every_rule_reads_a_part_that_some_model_validates():
    shipped = params.load(Path(__file__).parents[2] / "params.yaml")
    x, y = torch.rand(4, 1, 8, 8) * 2 - 1, torch.arange(4)
    parts = set()
    for name in registry.NAMES:
        model = registry.build(name, (1, 8, 8), 4, **shipped.build_args(name))
        parts |= model.diagnose(x, y).keys() | model.loss(model.update_order[0], x, y).keys()
    assert {rule.part for rule in health.RULES} <= parts
