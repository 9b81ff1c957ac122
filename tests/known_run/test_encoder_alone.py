"""A model with an encoder and nothing else that only VAEs have, in the whole pipeline."""

import json
import shutil

import pytest
import stages_alone
from test_other_sources import load, run_pipeline

pytestmark = pytest.mark.slow
MODEL = """
import torch
from torch import nn

from .base.interface import GenerativeModel
from ..utils.choices import Rate


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


def test_an_encoder_alone_is_all_that_the_latent_space_needs(tmp_path):
    code = tmp_path / "code"
    for name in ("src", "stages"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(stages_alone.ROOT / name, code / name, symlinks=True, ignore=ignored)
    (code / "src" / "genbench" / "models" / "plain.py").write_text(MODEL)
    choices = {"datasets": ["digits"], "models": ["plain", "vae"], "zoo": {"plain": {"lr": 0.01}}}
    folder = run_pipeline(tmp_path, choices, code=code)
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
