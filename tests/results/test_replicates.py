"""Further trainings of a model: which there are, what is read, what the headlines become."""

import fabricated
import numpy as np
import pytest

from genbench.results.metrics import CORRUPTION_AUROC, FID, QUALITY
from genbench.results.points import replicate_names
from genbench.results.run import collect
from genbench.results.summary import headlines, summarize, training_headlines
from genbench.results.trainings import over_trainings
from genbench.utils import files

SEEDS = [0, 1, 2]
(PRECISION,) = (metric for metric in QUALITY if metric.key == "precision")


@pytest.fixture
def folders(tmp_path):
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    for seed, shift in ((1, 6.0), (2, 3.0)):
        for model in fabricated.MODELS:
            fabricated.replicate(data, details, "digits", model, seed, shift)
    return data, details


def params(**changes):
    return fabricated.params(datasets=["digits"], seeds=SEEDS, **changes)


def read(folders, model):
    (results,) = collect(params(), *folders)
    return next(result for result in results.models if result.model == model)


def test_a_seed_that_is_the_first_one_has_no_training_of_its_own():
    assert replicate_names(params(), "vae") == {1: "vae-1", 2: "vae-2"}
    assert replicate_names(params(seed=2), "vae") == {0: "vae-0", 1: "vae-1"}


def test_the_mean_over_trainings_is_the_number_and_its_interval_is_of_the_trainings(folders):
    result = read(folders, "vae")
    first = result.quality.metrics["fid"].value
    assert [each.seed for each in result.trainings] == SEEDS
    assert result.values("fid") == pytest.approx([first, first + 6, first + 3])
    mean = result.mean(FID)
    interval = over_trainings(result.values("fid")).mean
    assert (mean.value, mean.high) == (interval.value, interval.high)
    assert mean.value == pytest.approx(first + 3)
    assert result.estimate("fid").value == first, "the first training is as it was"


def test_no_interval_leaves_what_a_metric_can_be(folders):
    path = folders[1] / "replicate" / "digits" / "vae-1.json"
    record = files.load_json(path)
    record["quality"]["metrics"]["precision"]["value"] = 0.01
    files.save_json(path, record)
    result = read(folders, "vae")
    free, mean = over_trainings(result.values("precision")).mean, result.mean(PRECISION)
    assert free.low < 0 == mean.low and free.high > 1 == mean.high


def test_headlines_are_means_over_all_trainings_and_those_of_a_training_its_own(folders):
    result = read(folders, "vae")
    own = [training_headlines(each) for each in result.trainings]
    means = headlines(result)
    for key in ("fid_classifier", "corruption_auroc", "negative_elbo"):
        assert means[key] == pytest.approx(np.mean([each[key] for each in own]))
    assert own[1]["fid_classifier"] - own[0]["fid_classifier"] == pytest.approx(6)
    assert CORRUPTION_AUROC.key in own[2]


def test_a_training_that_failed_is_in_no_mean_and_has_a_row(folders):
    fabricated.diverge(*folders, "digits", "vae-1")
    (results,) = collect(params(), *folders)
    result = next(each for each in results.models if each.model == "vae")
    assert [each.seed for each in result.trainings] == [0, 2]
    assert "model/loss not finite" in str(result.failed_seeds[1])
    rows = summarize([results])["digits"]
    assert rows["vae-1"] == {"failed_after_images": 3000}
    assert rows["vae"]["fid_classifier"] == pytest.approx(np.mean(result.values("fid")))


def test_a_training_that_is_not_there_yet_is_said_to_be_unfinished(folders):
    (folders[1] / "replicate" / "digits" / "gan-2.json").unlink()
    result = read(folders, "gan")
    assert str(result.failed_seeds[2]).endswith("the stage replicate did not finish")
