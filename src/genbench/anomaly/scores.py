"""A model's anomaly scores of images: its own, and those that compare with the training images.

Larger is more anomalous, everywhere.
"""

import math

import numpy as np
import torch
from torch import Tensor

from ..models.base.marginal import log_class_shares, marginal_scores
from ..models.base.sampling import in_batches
from ..utils.distances import cdist, sqrt
from .baselines import MAX_REFERENCE_IMAGES, png_bytes

N_NEIGHBORS = 5
BATCH_SIZE = 500
"""Images."""


class Scorer:
    """Scores images by one model, with statistics of training images.

    The scores are the model's own (`GenerativeModel.scores`), the first of which is its main
    score, and those below. A conditional model is not told the class of any image, as nobody knows
    that of a strange one: see `marginal_scores`.

    nearest_neighbor : mean distance to the 5 nearest training images in the model's features
        (latent codes of a VAE, the discriminator's last hidden layer in a GAN; Sun et al. 2022,
        arXiv:2204.06507, without their normalization)
    mahalanobis : distance from the training images' mean in the metric of their covariance, in
        the same features (Lee et al. 2018, arXiv:1807.03888, with one class)
    typicality : |negative ELBO - its mean over training images| in nats (Nalisnick et al. 2019,
        arXiv:1906.02994, for one image)
    complexity : the negative ELBO in bits minus the bits of the image as PNG (Serra et al. 2020,
        arXiv:1909.11480)

    The last two are of models with a negative ELBO.

    Parameters
    ----------
    x, y : training images (N, C, H, W) uint8, and labels (N,) for the shares of the classes
    """

    def __init__(self, model, x: np.ndarray, y: np.ndarray):
        self.model = model
        subset = np.linspace(0, len(x) - 1, min(len(x), MAX_REFERENCE_IMAGES)).astype(int)
        self.log_shares = log_class_shares(y)
        scores, self.train_features = self._score_and_embed(x[subset])
        nll = scores.get("negative_elbo")
        self.train_mean_nll = None if nll is None else nll.mean()
        self.train_mean = self.train_features.mean(0)
        covariance = self.train_features.T.cov().view(*[len(self.train_mean)] * 2)
        self.precision = torch.linalg.pinv(covariance, rtol=1e-5)

    def __call__(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Scores, each (N,) float32, of images (N, C, H, W) uint8."""
        scores, features = self._score_and_embed(x)
        if self.train_mean_nll is not None:
            nll = scores["negative_elbo"]
            scores["typicality"] = (nll - self.train_mean_nll).abs()
            scores["complexity"] = nll / math.log(2) - 8 * torch.from_numpy(png_bytes(x))
        scores["nearest_neighbor"] = self._nearest_neighbor(features)
        scores["mahalanobis"] = self._mahalanobis(features)
        return {name: values.float().numpy() for name, values in scores.items()}

    def _nearest_neighbor(self, features: Tensor) -> Tensor:
        k = min(N_NEIGHBORS, len(self.train_features))
        distances = (cdist(part, self.train_features) for part in features.split(BATCH_SIZE))
        return torch.cat([part.topk(k, largest=False).values.mean(1) for part in distances])

    def _mahalanobis(self, features: Tensor) -> Tensor:
        deviations = features - self.train_mean
        return sqrt(((deviations @ self.precision) * deviations).sum(1).clamp_min(0))

    @torch.no_grad()
    def _score_and_embed(self, x: np.ndarray) -> tuple[dict[str, Tensor], Tensor]:
        """The model's own scores, each (N,), and its features (N, D), on the CPU."""

        def score_and_embed(images):
            scores, labels = marginal_scores(self.model, images, self.log_shares)
            return scores, self.model.features(images, labels).flatten(1)

        batches = in_batches(self.model, score_and_embed, x, size=BATCH_SIZE)
        names = batches[0][0]
        scores = {name: torch.cat([part[name] for part, _ in batches]).cpu() for name in names}
        return scores, torch.cat([features for _, features in batches]).cpu()
