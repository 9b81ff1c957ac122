"""A model's anomaly scores of images: its own, and those that need to know the training images.

Larger is stranger, everywhere.
"""

import io
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .sampling import in_batches
from .schema import Slow

FITTED = 5000
"""At most so many training images are remembered."""
NEIGHBOURS = 5
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
        some = np.linspace(0, len(x) - 1, min(len(x), FITTED)).astype(int)
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
        k, off = min(NEIGHBOURS, len(self.known)), features - self.mean
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


def slow(model, x: np.ndarray, y: np.ndarray, choices: Slow) -> dict[str, np.ndarray]:
    """The scores that `choices.scores` names and the model can have, each (N,) float32.

    importance_weighted : the bound with `choices.draws` draws (VAEs)
    likelihood_regret : by how many nats the bound falls when the posterior of each image is
        improved by `choices.steps` steps (VAEs; Xiao et al. 2020, arXiv:2003.02977, optimising
        what the posterior is told instead of the encoder's weights)
    latent_inversion : squared error of the best image that the generator can make in
        `choices.steps` steps from the mean latent (Schlegl et al. 2017, arXiv:1703.05921, without
        the discriminator's part)
    """
    known = {
        "importance_weighted": _bound,
        "likelihood_regret": _regret,
        "latent_inversion": _invert,
    }
    has_bound = hasattr(model, "importance_weighted")
    names = [s for s in choices.scores if has_bound or s == "latent_inversion"]
    found = {}
    for name in names:
        work = lambda a, b, name=name: known[name](model, a, b, choices)  # noqa: E731
        found[name] = torch.cat(in_batches(model, work, x, y, BATCH)).float().cpu().numpy()
    return found


@torch.no_grad()
def _bound(model, x: Tensor, y: Tensor, choices: Slow) -> Tensor:
    return model.importance_weighted(x, y, choices.draws)


def _regret(model, x: Tensor, y: Tensor, choices: Slow) -> Tensor:
    (noise,) = model.noise_of(x, 1)

    def bound(seen) -> Tensor:
        both = [model.terms(x, y, seen, e) for e in (noise, -noise)]
        return sum(negative_log + sum(kls.values()) for negative_log, kls in both) / 2

    with torch.no_grad():
        read = model.read(x, y)
        before = bound(read)
    many = isinstance(read, list)
    leaves = [part.clone().requires_grad_() for part in (read if many else [read])]
    best = before
    for after in _descend(leaves, lambda: bound(leaves if many else leaves[0]), choices.steps):
        best = torch.minimum(best, after)
    return before - best


def _invert(model, x: Tensor, y: Tensor, choices: Slow) -> Tensor:
    z = torch.zeros(len(x), model.latent_dim, device=x.device, requires_grad=True)
    error = lambda: (model.decode(z, y) - x).square().flatten(1).sum(1)  # noqa: E731
    return torch.stack(list(_descend([z], error, choices.steps))).min(0).values


def _descend(leaves: list[Tensor], values: Callable[[], Tensor], steps: int):
    """Yield `values()` (N,) after each step of Adam on the leaves; images do not interact."""
    optimizer = torch.optim.Adam(leaves, lr=0.05)
    for _ in range(steps):
        found = values()
        yield found.detach()
        for leaf, gradient in zip(leaves, torch.autograd.grad(found.sum(), leaves), strict=True):
            leaf.grad = gradient
        optimizer.step()
    with torch.no_grad():
        yield values()


def baselines(
    train: np.ndarray, classify: Callable[[np.ndarray], Tensor]
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Scores that know nothing of generative models: a detector is worth what it adds to these.

    mean_pixel : distance of the image's mean grey level from the training images' mean
    png_size : distance of its size as PNG from the training images' mean size
    max_softmax : less the largest class probability (Hendrycks & Gimpel 2017, arXiv:1610.02136)
    energy : less the log-sum-exp of the logits (Liu et al. 2020, arXiv:2010.03759)

    Parameters
    ----------
    train : training images (N, C, H, W) uint8
    classify : images to logits (N, K)
    """
    some = train[np.linspace(0, len(train) - 1, min(len(train), FITTED)).astype(int)]
    grey, size = some.mean((1, 2, 3)).mean(), png_bytes(some).mean()

    def score(x: np.ndarray) -> dict[str, np.ndarray]:
        logits = classify(x)
        found = {"mean_pixel": np.abs(x.mean((1, 2, 3)) - grey)}
        found["png_size"] = np.abs(png_bytes(x) - size)
        found["max_softmax"] = -logits.softmax(1).max(1).values.numpy()
        found["energy"] = -logits.logsumexp(1).numpy()
        return {name: value.astype(np.float32) for name, value in found.items()}

    return score


def png_bytes(x: np.ndarray) -> np.ndarray:
    """Size of each image (N, C, H, W) uint8 as PNG, in bytes: (N,) float64."""
    from PIL import Image

    sizes = []
    for image in x.transpose(0, 2, 3, 1):
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "PNG")
        sizes.append(file.tell())
    return np.array(sizes, float)
