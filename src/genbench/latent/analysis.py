"""The numbers and the figures of one model's latent space."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import intervals
from ..models.base import sampling
from ..models.base.interface import GenerativeModel
from ..networks.classifier import extract_features
from ..params import Params
from ..utils.record import Estimate
from ..utils.seeds import sample_latents
from . import figures, geometry, information
from .reconstruction import EncodedImages, reconstruction_errors
from .results import ClassError, LatentResults

N_TRAVERSALS = 8
N_JACOBIANS = 64
"""Latents behind the principal directions."""
N_EXAMPLES = 200
"""Test images from which those in the figures are chosen."""


@dataclass(frozen=True)
class LatentSpace:
    """A trained model, and images with their latent codes.

    test : test images; of a model without an encoder no images, but samples of the prior
    seed : of everything that is drawn at random
    train : training images; None without an encoder
    codes : (N, latent_dim) of all test images; None without an encoder
    factors : (N, F) of all test images, where they are known
    """

    model: GenerativeModel
    classes: list[str]
    test: EncodedImages
    seed: int
    train: EncodedImages | None = None
    codes: np.ndarray | None = None
    factors: np.ndarray | None = None

    @property
    def has_classes(self) -> bool:
        """Whether images are of more than one class."""
        return len(self.classes) > 1

    @cached_property
    def principal_directions(self) -> tuple[np.ndarray, np.ndarray]:
        """See `geometry.principal_directions`."""
        n_classes = len(self.classes)
        return geometry.principal_directions(self.model, N_JACOBIANS, n_classes, self.seed)


def encode_images(model, data: dict[str, np.ndarray], n: int, seed: int) -> LatentSpace:
    """Encode at most `n` test and training images, chosen at random, of a processed dataset.

    data : the dataset's arrays: classes, and train_x, train_y, test_x, test_y
    """
    classes = data["classes"].tolist()
    test_x = data["test_x"]
    test = _encode(model, test_x, data["test_y"])
    chosen = _random_subset(len(test_x), n, seed)
    if test is None:
        labels = sampling.labels(len(chosen), len(classes))
        prior = sample_latents(len(chosen), model.latent_dim, seed)
        return LatentSpace(model, classes, EncodedImages(test_x[:0], labels, prior), seed)
    chosen_train = _random_subset(len(data["train_y"]), n, seed)
    return LatentSpace(
        model,
        classes,
        EncodedImages(test.x[chosen], test.y[chosen], test.codes[chosen]),
        seed,
        train=_encode(model, data["train_x"][chosen_train], data["train_y"][chosen_train]),
        codes=test.codes,
        factors=data.get("test_factors"),
    )


def _encode(model, x: np.ndarray, y: np.ndarray) -> EncodedImages | None:
    """Images with their latent codes; None without an encoder."""
    codes = sampling.encode(model, x, y)
    return None if codes is None else EncodedImages(x, y, codes)


def _random_subset(total: int, n: int, seed: int) -> np.ndarray:
    """Indices of at most n of `total` images."""
    return np.random.default_rng(seed).permutation(total)[:n]


def analyze(space: LatentSpace, classifier, real: np.ndarray, params: Params) -> LatentResults:
    """Measure a latent space.

    Parameters
    ----------
    classifier : of the dataset's classes; its features are the space of the path length
    real : (M, D) such features of real images
    """
    path_lengths = geometry.perceptual_path_lengths(
        space.model, classifier, real, params.latent.ppl_samples, len(space.classes), space.seed
    )
    per_image = {"path_length": path_lengths}
    metrics = {"path_length_median": Estimate(value=float(np.median(path_lengths)))}
    if space.train is None:
        metrics |= intervals.means_with_intervals(per_image)
        shares, _ = space.principal_directions
        return LatentResults(metrics=metrics, direction_shares=shares.tolist())
    test_errors = reconstruction_errors(space.model, space.test)
    train_errors = reconstruction_errors(space.model, space.train)
    per_image |= test_errors | {f"{name}_train": values for name, values in train_errors.items()}
    if space.has_classes:
        per_image["arithmetic_accuracy"] = arithmetic_accuracy(space, classifier)
    metrics |= intervals.means_with_intervals(per_image)
    kl = None
    if space.model.has_posterior:
        x, y, _ = space.test
        posterior = information.posterior_statistics(space.model, x, y, params.latent.iwae_samples)
        metrics |= information.vae_information(posterior)
        kl = posterior.kl_per_latent
    return LatentResults(
        metrics=metrics,
        n=len(space.test.y),
        kl_per_latent=None if kl is None else kl.mean(0).tolist(),
        squared_error_by_class=_mean_by_class(test_errors["squared_error"], space),
        factors=factor_scores(space),
    )


def factor_scores(space: LatentSpace) -> dict[str, float] | None:
    """Disentanglement scores of the latent codes; None without codes or known factors."""
    if space.codes is None or space.factors is None:
        return None
    from . import disentanglement  # scikit-learn's import takes seconds

    return disentanglement.scores(space.codes, space.factors, space.seed)


def arithmetic_accuracy(space: LatentSpace, classifier) -> np.ndarray:
    """Whether test images whose codes are shifted to another class are classified so, (N,) bool.

    See `geometry.class_shift`. A conditional model is also given the new class.
    """
    images = space.test
    n_classes = len(space.classes)
    targets = geometry.target_classes(images.y, n_classes)
    shifted = geometry.class_shift(images.codes, images.y, n_classes)
    codes = shifted[np.arange(len(targets)), targets]
    _, logits = extract_features(classifier, sampling.decode(space.model, codes, targets))
    return logits.argmax(1).numpy() == targets


def _mean_by_class(errors: np.ndarray, space: LatentSpace) -> list[ClassError] | None:
    """The mean of the test images' errors (N,) for each class that has images; None for one."""
    if not space.has_classes:
        return None
    y = space.test.y
    return [
        ClassError(name=name, squared_error=float(errors[y == k].mean()))
        for k, name in enumerate(space.classes)
        if (y == k).any()
    ]


def draw_figures(space: LatentSpace, results: LatentResults) -> dict[str, np.ndarray]:
    """Figures by name, pictures (H, W, 3) uint8: all that a model of this kind can have."""
    model = space.model
    x, y, codes = space.test
    ends = None if space.train is None else x[:N_EXAMPLES]
    pictures = figures.interpolations(model, codes[:N_EXAMPLES], y[:N_EXAMPLES], ends)
    directions = traversal_directions(space, results)
    pictures["traversals"] = figures.traversals(model, codes[0], y[0], directions)
    pictures["local_perturbations"] = figures.local_perturbations(model, codes[0], y[0], space.seed)
    if model.conditional:
        pictures["classes"] = figures.class_grid(model, len(space.classes), space.seed)
    if space.train is not None:
        parts = {"reconstructions": space.test, "reconstructions_train": space.train}
        for name, part in parts.items():
            pictures[name] = figures.reconstructions(model, part.x, part.codes, part.y)
        if space.has_classes:
            shifted = geometry.class_shift(codes, y, len(space.classes))
            pictures["arithmetic"] = figures.class_shifts(model, x, y, shifted)
    return pictures


def traversal_directions(space: LatentSpace, results: LatentResults) -> np.ndarray:
    """Unit vectors (R, latent_dim) in latent space, those that matter most for images first.

    With an encoder, the latents with the largest KL or, where there is no KL per latent, with the
    largest variance of codes. Without, the principal directions.
    """
    if space.train is None:
        _, directions = space.principal_directions
        return directions[:N_TRAVERSALS].astype(np.float32)
    weights = np.array(results.kl_per_latent or space.test.codes.var(0))
    order = np.argsort(-weights, kind="stable")[:N_TRAVERSALS]
    return np.eye(len(weights), dtype=np.float32)[order]
