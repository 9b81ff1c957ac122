from pathlib import Path

import fabricated
import numpy as np
import pytest

from genbench.anomaly.results import DetectionResults, load_scores
from genbench.evaluation.results import Controls
from genbench.latent.results import LatentResults
from genbench.results import points
from genbench.results.points import SweepPoint, TrialResults, load_points
from genbench.results.processed import load_processed
from genbench.results.run import collect
from genbench.training.results import load_training
from genbench.utils import files
from genbench.utils.errors import InputError

SIZES = {"train": 9, "val": 5, "test": 7}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return fabricated.tree(tmp_path_factory.mktemp("results"))


def test_models_are_ranked_by_frechet_distance_from_low_to_high(folders):
    results = collect(fabricated.params(), *folders)[0]
    assert [result.model for result in results.models] == ["gan", "dcgan", "wgan", "vae"]
    assert [result.model for result in results.ranked()] == ["vae", "wgan", "dcgan", "gan"]


def test_everything_of_a_model_is_read_from_its_own_folders(folders):
    data, details = folders
    for results in collect(fabricated.params(), data, details):
        for result in results.models:
            place = Path(results.dataset) / result.model
            assert result.training.folder == data / "models" / place
            assert result.training.summary == load_training(data / "models" / place).summary
            assert result.paths == {
                "sample": data / "samples" / place,
                **{stage: details / stage / place for stage in ("evaluate", "anomaly", "latent")},
            }
            scores = {
                (part.kind, part.name): part.scores
                for part in load_scores(details / "anomaly" / place / "scores.npz")
            }
            assert result.scores.keys() == result.main_scores.keys() == scores.keys()
            for key, values in result.main_scores.items():
                assert result.scores[key].keys() == scores[key].keys()
                assert np.array_equal(values, scores[key][result.detection.main_score])


def test_the_scores_of_baselines_are_read_from_their_own_folder(folders):
    data, details = folders
    for results in collect(fabricated.params(), data, details):
        for part in load_scores(details / "baselines" / results.dataset / "scores.npz"):
            for score, values in part.scores.items():
                assert np.array_equal(results.baseline_scores[part.kind, part.name][score], values)


def test_controls_are_those_of_their_dataset(folders):
    data, details = folders
    for results in collect(fabricated.params(), data, details):
        folder = details / "controls" / results.dataset
        assert results.controls_folder == folder
        assert results.controls == Controls.load(folder / "metrics.json")
        assert results.control_detection == DetectionResults.load(folder / "detection.json")
        held_out = results.controls.planted["held_out"].metrics["classes_covered"]
        assert held_out.value == len(results.classes)


@pytest.mark.parametrize("file", ["metrics.json", "detection.json"])
def test_controls_that_are_missing_are_named(tmp_path, file):
    data, details = fabricated.tree(tmp_path, datasets=["digits"])
    (details / "controls" / "digits" / file).unlink()
    with pytest.raises(InputError, match=f"controls/digits/{file} is missing"):
        collect(fabricated.params(datasets=["digits"]), data, details)


def test_a_missing_result_is_named(tmp_path):
    data, details = fabricated.tree(tmp_path)
    (details / "evaluate" / "digits" / "wgan" / "metrics.json").unlink()
    results, other = collect(fabricated.params(), data, details)
    assert [result.model for result in results.models] == ["gan", "dcgan", "vae"]
    (failed,) = results.failures
    assert failed.name == "wgan" and "stage evaluate did not finish" in str(failed)
    assert len(other.models) == 4 and not other.failures


def test_a_result_of_something_else_is_named(tmp_path):
    data, details = fabricated.tree(tmp_path)
    files.save_json(details / "evaluate" / "digits" / "wgan" / "metrics.json", {"fid": 1.0})
    with pytest.raises(
        InputError,
        match="wgan/metrics.json is damaged, or .*protocol is missing.*writes it again",
    ):
        collect(fabricated.params(), data, details)


def test_a_dataset_has_the_sizes_names_and_images_of_its_file(folders):
    for results in collect(fabricated.params(), *folders):
        arrays = files.load_arrays(folders[0] / "processed" / f"{results.dataset}.npz")
        assert results.classes == fabricated.class_names(results.dataset)
        assert results.ood_datasets == [fabricated.OOD, "noise"]
        assert results.processed.preprocessing["noise"] == "as they <i>are</i>"
        assert results.processed.n_images == {"train": 20, "val": 20, "test": 20}
        np.testing.assert_array_equal(results.processed.test_x, arrays["test_x"])


def test_a_point_has_metrics_of_its_samples_values_of_its_training_and_its_size(folders):
    (point,) = load_points("digits", [["vae-4-16-0"]], *folders)
    values = {key: point.value(key) for key in ("fid", "val/loss", "parameters", "flops")}
    assert values == {
        "fid": pytest.approx(300 / 4 + 16 / 7, rel=1e-5),
        "val/loss": 22.5,
        "parameters": 16000,
        "flops": 320000.0,
    }
    assert point.value("n_warnings") == 0


def test_a_point_has_its_factors_and_points_come_in_the_order_of_the_grid(folders, tmp_path):
    names = points.grid_names(fabricated.params())
    assert names == [[f"vae-{a}-{b}-0"] for a in (4, 16) for b in (16, 32)]
    sweep = fabricated.params().sweep.model_copy(update={"seeds": [0, 3]})
    names = points.beta_names(fabricated.params(sweep=sweep.model_dump()))
    assert names == [["beta_vae-0.5-0", "beta_vae-0.5-3"], ["beta_vae-4-0", "beta_vae-4-3"]]
    (point,) = load_points("digits", [["vae-4-16-0"]], *folders)
    latent = LatentResults(metrics={}, factors={"mig": 0.25})
    (first,) = point.trials
    trial = first.trial.model_copy(update={"latent": latent})
    assert SweepPoint([TrialResults(first.training, trial)]).value("mig") == 0.25


def test_the_parts_of_a_dataset_have_their_own_sizes(tmp_path):
    arrays = {f"{part}_y": np.zeros(n, int) for part, n in SIZES.items()}
    arrays |= {"test_x": np.zeros((7, 1, 8, 8), np.uint8), "classes": np.array(["a"])}
    files.save_npz(tmp_path / "d.npz", ood_names=np.array([], dtype=str), **arrays)
    assert load_processed(tmp_path / "d.npz").n_images == SIZES
