"""The user's own in the whole pipeline: a model with an encoder alone, and images."""

import hashlib
import json

import numpy as np
import pytest
import stages_alone
from known import CHOICES
from sklearn.datasets import load_digits
from test_other_sources import load, run_pipeline

pytestmark = pytest.mark.slow
MODEL = """
import torch
from torch import nn

from genbench.models.base.interface import GenerativeModel
from genbench.utils.choices import Rate


class Model(GenerativeModel):
    \"\"\"An autoencoder: no posterior, no likelihood, no score.\"\"\"

    def __init__(self, image_shape, classes, *, latent_dim: int, width: int, lr: Rate):
        super().__init__()
        self.latent_dim, self.lr, self.shape = latent_dim, lr, image_shape
        n = torch.Size(image_shape).numel()
        self.encoder, self.decoder = nn.Linear(n, latent_dim), nn.Linear(latent_dim, n)

    def loss(self, player, x, y):
        return {"loss": (self.decode(self.encode(x, y), y) - x).square().mean()}

    def encode(self, x, y):
        return self.encoder(x.flatten(1))

    def decode(self, z, y):
        return self.decoder(z).tanh().view(-1, *self.shape)

    def features(self, x, y):
        return self.encode(x, y)
"""


METRIC = """
import torch

from genbench.evaluation.fid import fid


def frechet(real, fake):
    return fid(torch.from_numpy(real), torch.from_numpy(fake))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("own")
    for name in ("src", "stages"):
        stages_alone.link(root / "code" / name, stages_alone.ROOT / name)
    (root / "code" / "plugins").mkdir()
    (root / "code" / "plugins" / "plain.py").write_text(MODEL)
    (root / "code" / "plugins" / "frechet.py").write_text(METRIC)
    digits = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    np.savez(root / "digits.npz", x=digits[:, None])
    np.savez(root / "few.npz", arr_0=digits[:60, ..., None].repeat(2, 1).repeat(2, 2))
    zoo = {
        "plain": {"class_path": "plugins/plain.py:Model", "lr": 0.01},
        "real": {"samples": {"digits": str(root / "digits.npz")}},
        "few": {"samples": {"digits": str(root / "few.npz")}, "resize": True},
        "other": {"samples": {"mnist": str(root / "digits.npz")}},
    }
    choices = {"datasets": ["digits"], "models": ["vae", *zoo], "zoo": zoo, "seeds": [1]}
    choices["tracking"] = {"enabled": True, "experiment": "own", "live_after": 1000}
    choices["evaluate"] = CHOICES["evaluate"] | {"metrics": ["plugins/frechet.py:frechet"]}
    return run_pipeline(root, choices, code=root / "code")


def test_an_encoder_alone_is_all_that_the_latent_space_needs(folder):
    rows = load(folder, "metrics", "summary.json")["digits"]
    assert rows["plain"]["fid_classifier"] > 0 and 0 < rows["plain"]["ood_auroc"] <= 1
    latent = load(folder, "metrics", "details", "latent", "digits", "plain", "metrics.json")
    assert {"path_length", "psnr", "ssim", "squared_error"} <= latent["metrics"].keys()
    assert not {"rate", "distortion", "active_units"} & latent["metrics"].keys()
    detections = load(folder, "metrics", "details", "anomaly", "digits", "plain", "metrics.json")
    scores = {row["score"] for row in detections["detections"]}
    assert scores == {"nearest_neighbor", "mahalanobis", "latent_inversion"}
    page = (folder / "reports" / "index.html").read_text()
    assert "plain: None" not in page and "None active units" not in page
    codes = load(folder, "metrics", "details", "tsne", "digits", "metrics.json")["codes"]
    assert codes.keys() == {"plain", "vae"}
    json.dumps(rows, allow_nan=False)


def test_weights_of_an_own_model_say_which_code_they_belong_to(folder):
    trained = load(folder, "data", "models", "digits", "plain", "code.json")
    assert trained["class_path"] == "plugins/plain.py:Model"
    assert trained["sha256"] == hashlib.sha256(MODEL.encode()).hexdigest()
    assert not (folder / "data" / "models" / "digits" / "vae" / "code.json").exists()


def test_images_made_elsewhere_are_measured_as_those_of_a_model(folder):
    def measured(model):
        return load(folder, "metrics", "details", "evaluate", "digits", model, "metrics.json")

    vae, real, few = map(measured, ("vae", "real", "few"))
    assert real["metrics"].keys() == vae["metrics"].keys() - {"negative_elbo"}
    assert real["metrics"]["fid"]["high"] < vae["metrics"]["fid"]["low"]
    assert real["metrics"]["near_copies"]["value"] > 0.3 > vae["metrics"]["near_copies"]["value"]
    assert (real["n_fake"], few["n_fake"]) == (vae["n_fake"], 60)
    assert few["protocol"]["source"] == "made elsewhere; resized from 16x16"
    page = (folder / "reports" / "index.html").read_text()
    assert "few: measured under another protocol, and so in a separate table." in page
    assert "other not trained: zoo.other.samples has no images of digits." in page
    assert "Images of real: made elsewhere." in page
    assert "(but for real, few and other: images made elsewhere)" in page
    assert "did not finish" not in page and "None" not in page


def test_our_own_distance_as_an_own_metric_is_the_frechet_distance_everywhere(folder):
    rows = load(folder, "metrics", "summary.json")["digits"]
    measured = [row for row in rows.values() if "fid_classifier" in row]
    assert {"floor", "ceiling", "classical-gmm", "vae", "plain", "real"} <= rows.keys()
    assert all(row["own_frechet_classifier"] == row["fid_classifier"] for row in measured)
    assert "frechet" in (folder / "reports" / "index.html").read_text()


def test_mlflow_has_a_run_of_images_made_elsewhere_and_the_model_of_ones_own(folder):
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    (experiment,) = [e for e in client.search_experiments() if e.name == "own"]
    runs = {run.info.run_name: run.data for run in client.search_runs([experiment.experiment_id])}
    measured = load(folder, "metrics", "summary.json")["digits"]["real"]
    assert runs["digits-real"].metrics["fid_classifier"] == pytest.approx(
        measured["fid_classifier"]
    )
    assert runs["digits-real"].tags["genbench.source"] == "images made elsewhere"
    assert "genbench.model" in runs["digits-plain"].tags
    assert "genbench.model" not in runs["digits-real"].tags


def test_images_made_elsewhere_have_no_other_trainings(folder):
    assert load(folder, "metrics", "details", "replicate", "digits", "real-1.json").keys() <= {
        "model",
        "at",
    }
