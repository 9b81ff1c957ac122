"""A model's anomaly scores of images: its own, and those that need to know the training images.

Larger is stranger, everywhere.
"""

import math

import numpy as np
import torch
from torch import Tensor

from ..models.base.sampling import in_batches
from .baselines import MAX_REFERENCE_IMAGES, png_bytes

N_NEIGHBORS = 5
BATCH = 500


class Scorer:
    """Scores images by one model; looks at training images first.

    The model's own scores (`GenerativeModel.scores`), the first of which is its main score, and

    nearest_neighbour : mean distance to the 5 nearest training images in the model's features
        (codes of a VAE, what the judge's last layer gets in a GAN; Sun et al. 2022,
        arXiv:2204.06507, without their normalisation)
    mahalanobis : distance from the training images' mean in the metric of their covariance, in
        the same features (Lee et al. 2018, arXiv:1807.03888, with one class)
    typicality : |bound - the training images' mean bound| in nats (Nalisnick et al. 2019,
        arXiv:1906.02994, for one image)
    complexity : the bound in bits less those of the image as PNG (Serra et al. 2020,
        arXiv:1909.11480)

    The last two are of models with a bound, the negative ELBO.

    Parameters
    ----------
    x, y : training images (N, C, H, W) uint8 and labels (N,)
    """

    def __init__(self, model, x: np.ndarray, y: np.ndarray):
        self.model = model
        some = np.linspace(0, len(x) - 1, min(len(x), MAX_REFERENCE_IMAGES)).astype(int)
        own, self.known = self._look(x[some], y[some])
        self.typical = own["negative_elbo"].mean() if "negative_elbo" in own else None
        self.mean = self.known.mean(0)
        self.metric = torch.linalg.pinv(self.known.T.cov().view(*[len(self.mean)] * 2), rtol=1e-5)

    def __call__(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        """Scores, each (N,) float32, of images (N, C, H, W) uint8 with labels (N,)."""
        found, features = self._look(x, y)
        if self.typical is not None:
            bound = found["negative_elbo"]
            found["typicality"] = (bound - self.typical).abs()
            found["complexity"] = bound / math.log(2) - 8 * torch.from_numpy(png_bytes(x))
        k, off = min(N_NEIGHBORS, len(self.known)), features - self.mean
        near = [
            torch.cdist(part, self.known).topk(k, largest=False) for part in features.split(BATCH)
        ]
        found["nearest_neighbour"] = torch.cat([part.values.mean(1) for part in near])
        found["mahalanobis"] = ((off @ self.metric) * off).sum(1).clamp_min(0).sqrt()
        return {name: score.float().numpy() for name, score in found.items()}

    @torch.no_grad()
    def _look(self, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, Tensor], Tensor]:
        def look(images, labels):
            features = self.model.features(images, labels)
            return self.model.scores(images, labels), features.flatten(1)

        parts = in_batches(self.model, look, x, y, BATCH)
        scores = {name: torch.cat([s[name] for s, _ in parts]).cpu() for name in parts[0][0]}
        return scores, torch.cat([features for _, features in parts]).cpu()
