"""What the best honest classical generator beats, and which of them only copy."""

import measured
import numpy as np
import pytest
from scipy.stats import norm
from variants import sure, with_controls, with_fids

from genbench.evaluation.classical import classical_samples
from genbench.report.findings.classical import TITLES, classical_findings


def findings(results):
    return classical_findings(results.ranked(), results.controls.classical)


def test_models_are_beaten_or_beat_or_are_not_told_from_the_best_classical_generator(results):
    fids = {"vae": (5.0, 0.3), "wgan": (11.5, 0.3), "dcgan": (12.5, 0.3), "gan": (20.0, 0.3)}
    line, *_ = findings(with_fids(results, **fids))
    assert line == (
        "The mixture of Gaussians of the training images, statistics without a network, has an FID"
        " of 12.0: it beats gan, is not told from wgan and dcgan and is beaten by vae."
    )


@pytest.mark.parametrize("t, beaten", [(2.4, False), (2.9, True)])
def test_the_level_is_divided_by_the_number_of_models(results, t, beaten):
    """With 20 degrees of freedom, 2.4 has a p of 0.026 and 2.9 one of 0.009."""
    of_classical = 0.05 * 12.0 / 2.086
    fids = {m: (12.0 + t * (0.09 + of_classical**2) ** 0.5, 0.3) for m in ("vae", "wgan", "gan")}
    assert ("beats" in findings(with_fids(results, **fids))[0]) == beaten
    assert "beats" in findings(with_fids(results, vae=fids["vae"]))[0]


def test_a_classical_generator_that_copies_is_named_as_such_and_never_compared(results):
    lines = findings(results)
    assert lines[1:] == [
        "The kernel density of the training images has an FID of 5.00, but copies them (15.0% near"
        f" copies, p = {norm.cdf(-13.4):.0e})."
    ]
    assert lines[0].startswith("The mixture of Gaussians")
    assert results.controls.classical["kde"].metrics["fid"].value < 12.0


def test_an_honest_kernel_density_is_compared_like_any_other(results):
    honest = with_controls(results, "classical", kde={"copying_z": 0.0, "near_copies": 0.01})
    (line,) = findings(honest)
    assert line.startswith("The kernel density of") and "it beats vae, wgan, dcgan and gan." in line


def test_where_all_classical_generators_copy_none_is_compared(results):
    sets = {name: {"near_copies": sure(0.5, 0.01)} for name in results.controls.classical}
    lines = findings(with_controls(results, "classical", **sets))
    assert len(lines) == len(sets) and all("but copies them" in line for line in lines)
    assert lines[0].startswith("The kernel density") and lines[-1].startswith("The mean image")


def test_every_classical_generator_has_a_name_in_words(results):
    x = np.random.default_rng(0).integers(0, 256, (30, 1, 4, 4), np.uint8)
    made = [name for name, _ in classical_samples(x, x[:10], n=2, seed=0)]
    assert list(TITLES) == made and results.controls.classical.keys() == TITLES.keys()
    assert measured.N_PAIRS == 20  # the degrees of freedom above
