"""The page's own modules, run by node, against the public API, for every model of the zoo."""

import explorable
import numpy as np
import pytest

from genbench.anomaly.corruptions import corrupt
from genbench.anomaly.scores import Scorer
from genbench.latent.geometry import class_shift, slerp
from genbench.utils import files

NAMES = [f"{dataset}/{name}" for dataset, (_, names) in explorable.ALL.items() for name in names]


def images(asked, name: str) -> np.ndarray:
    """The test images that the page scored."""
    path = asked.folder / "data" / "processed" / f"{name.split('/')[0]}.npz"
    (x,) = files.load_npz(path, "test_x")
    return x[explorable.IMAGES]


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_that_of_the_model_within_one_gray_level(asked, loaded, name):
    model, answers = loaded(name)
    wanted = model.decode(asked.latents[model.latent_dim]).astype(int)
    assert np.abs(np.array(answers["decode"]).reshape(wanted.shape) - wanted).max() <= 1
    assert wanted.std() > 1


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_model_within_a_ten_thousandth(asked, loaded, name):
    model, answers = loaded(name)
    wanted = model.scores(images(asked, name))
    (entry,) = (
        each
        for d in asked.data["datasets"]
        for each in d["models"]
        if f"{d['name']}/{each['name']}" == name
    )
    left_out = {"complexity"} & wanted.keys()
    assert entry["left_out"].keys() == left_out
    assert [score["name"] for score in entry["scores"]] == [s for s in wanted if s not in left_out]
    for score in (each["name"] for each in entry["scores"]):
        got = [each[score] for each in answers["scores"]]
        # a difference of two bounds in float32 is as exact as they are
        atol = 1e-6 * np.abs(wanted["negative_elbo"]).max() if score == "typicality" else 0
        np.testing.assert_allclose(got, wanted[score], rtol=1e-4, atol=atol, err_msg=score)


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_those_of_the_model(asked, loaded, name):
    model, answers = loaded(name)
    if not answers["encode"]:
        with pytest.raises(ValueError, match="has no encoder"):
            model.encode(images(asked, name))
        return
    np.testing.assert_allclose(answers["encode"], model.encode(images(asked, name)), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_maps_of_errors_are_those_of_the_model(asked, loaded, name):
    model, answers = loaded(name)
    if not answers["errors"]:
        with pytest.raises(ValueError, match="has no map of errors"):
            model.error_map(images(asked, name))
        return
    wanted = model.error_map(images(asked, name))
    got = np.array(answers["errors"]).reshape(wanted.shape)
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["gray/vae", "gray/gan", "color/cvae"])
def test_the_nearest_training_images_are_those_in_the_features_of_the_model(asked, loaded, name):
    model, answers = loaded(name)
    x, y = files.load_npz(
        asked.folder / "data" / "processed" / f"{name.split('/')[0]}.npz", "train_x", "train_y"
    )
    scorer = Scorer(model.model, x, y)
    _, features = scorer._score_and_embed(images(asked, name))
    far = (features[:, None].double() - scorer.train_features.double()).norm(dim=2)
    assert answers["neighbors"] == far.argsort(1)[:, :5].tolist()


def test_corruptions_are_those_of_the_pipeline(asked):
    class Clockwise:
        def choice(self, signs, size):
            return np.ones(size)

    x = images(asked, "gray/vae")
    for (kind, severity), got in zip(
        explorable.CORRUPTIONS, asked.answers["corruptions"], strict=True
    ):
        wanted = corrupt(x, kind, severity, Clockwise()).astype(int)
        assert np.abs(np.array(got).reshape(x.shape) - wanted).max() <= 1, kind


def test_paths_and_shifts_of_classes_are_those_of_the_latent_stage(asked):
    a, b = asked.ends
    wanted = slerp(a[None], b[None], np.array([0, 0.3, 1], np.float32))[0]
    np.testing.assert_allclose(asked.answers["slerp"], wanted, atol=1e-6)
    codes = np.stack([a, b])  # one image of each class: their means
    shifted = class_shift(codes, np.array([0, 1]), 2)[0, 1]
    np.testing.assert_allclose(asked.answers["shifted"], shifted, atol=1e-6)


def test_latents_are_normal_up_to_the_truncation(asked):
    drawn = np.array(asked.answers["drawn"])
    assert np.abs(drawn).max() <= 1.5
    # the variance of N(0, 1) cut at +-t is 1 - 2 t phi(t) / (2 Phi(t) - 1)
    assert abs(drawn.mean()) < 0.05 and abs(drawn.var() - 0.5513) < 0.03
