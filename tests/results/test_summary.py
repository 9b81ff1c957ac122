import fabricated
import pytest

from genbench.report import results
from genbench.utils import files


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return fabricated.tree(tmp_path_factory.mktemp("results"))


def numbers(folders, **changes):
    return results.flat(results.collect(fabricated.params(**changes), *folders))


def test_the_summary_has_what_the_params_name_whatever_else_lies_there(folders):
    found = numbers(folders, datasets=["digits"], models=["vae", "gan"])
    points = {f"sweep-vae-{latent_dim}-{width}" for latent_dim in (4, 16) for width in (16, 32)}
    points |= {"beta-0.5", "beta-4"}
    assert found.keys() == {"digits"}
    assert found["digits"].keys() == {"vae", "gan", "classifier", "floor", "ceiling"} | points


def test_the_summary_is_dataset_model_metric_and_every_leaf_a_number(folders):
    for models in numbers(folders).values():
        for metrics in models.values():
            assert metrics and all(isinstance(v, int | float) for v in metrics.values())


def test_numbers_of_the_main_score_stand_for_the_model(folders):
    r = results.collect(fabricated.params(), *folders)[0].results[3]
    assert r.main_score == "negative_elbo" and len(r.anomaly) == 2
    found, partner = r.numbers(), fabricated.PARTNER
    assert found["anomaly_auroc"] == r.anomaly["negative_elbo"]["auroc"]
    assert found["anomaly_recall"] == r.anomaly["negative_elbo"]["recall"]
    assert found[f"ood_{partner}_fpr95"] == r.ood[partner]["negative_elbo"]["fpr95"]


def test_only_a_model_with_codes_has_knn_accuracy_and_validation_losses(folders):
    found = numbers(folders)["digits"]
    own = {"knn_accuracy", "val_loss", "val_reconstruction", "val_kl"}
    assert own <= found["vae"].keys()
    assert not own & found["gan"].keys()


def test_every_quality_number_has_its_n_beside_it(folders):
    found = numbers(folders)["digits"]["vae"]
    assert {"n_real", "n_fake", "anomaly_n", "ood_noise_n_out"} <= found.keys()


def test_models_are_ranked_by_frechet_distance_from_low_to_high(folders):
    study = results.collect(fabricated.params(), *folders)[0]
    assert [r.model for r in study.results] == ["gan", "dcgan", "wgan", "vae"]
    assert [r.model for r in study.ranked()] == ["vae", "wgan", "dcgan", "gan"]


def test_a_model_without_scores_has_no_detection_numbers(tmp_path):
    data, metrics = fabricated.tree(tmp_path)
    nothing = {"main_score": None, "anomaly": {}, "ood": {"noise": {}}}
    files.save_json(metrics / "anomaly" / "digits" / "gan.json", nothing)
    found = numbers((data, metrics))["digits"]["gan"]
    assert not [k for k in found if k.startswith(("anomaly", "ood"))]


def test_a_sweep_point_that_was_not_run_is_left_out(tmp_path):
    data, metrics = fabricated.tree(tmp_path)
    (metrics / "sweep" / "digits-vae-4-16.json").unlink()
    assert "sweep-vae-4-16" not in numbers((data, metrics))["digits"]


def test_a_missing_result_is_named(tmp_path):
    data, metrics = fabricated.tree(tmp_path)
    (metrics / "evaluate" / "digits" / "wgan.json").unlink()
    with pytest.raises(FileNotFoundError, match="evaluate/digits/wgan.json"):
        numbers((data, metrics))
