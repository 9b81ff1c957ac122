"""Which weights of a training are kept: the last, or those of the lowest FID on validation images.

The FID of the kept ones is then too low on the images that selected them: both are measured on test
images as well, the last weights beside them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..models.base import sampling
from ..networks.classifier import extract_features, load_classifier
from ..utils import seeds
from ..utils.frechet import fid_from_features
from .results import Selection
from .state import TrainerState

N_IMAGES = 1000
"""Generated, and at most so many real ones, behind a FID."""
N_TIMES = 20
"""How often a training is measured, evenly over the images that it sees."""


def make_judge(
    trainer: TrainerState, classifier: Path, train_y: np.ndarray, seed: int
) -> Callable[[np.ndarray], float]:
    """A function from real images (N, C, H, W) uint8 to the FID of the model as it is.

    In the features of the dataset's classifier, always of the same N_IMAGES latents.

    train_y : labels (N,), whose shares the generated images have
    """
    random = seeds.rng_state(trainer.device)
    network = load_classifier(classifier, trainer.device)
    seeds.restore_rng_state(random, trainer.device)  # training goes on as if it were not judged
    latents = seeds.sample_latents(N_IMAGES, trainer.latent_dim, seed)
    labels = sampling.proportional_labels(N_IMAGES, train_y)

    def judge(real: np.ndarray) -> float:
        fake = sampling.decode(trainer.model, latents, labels)
        pair = (extract_features(network, x[:N_IMAGES])[0] for x in (real, fake))
        return fid_from_features(*pair)

    return judge


def select_best(
    trainer: TrainerState, judge: Callable[[np.ndarray], float], val: np.ndarray, test: np.ndarray
) -> Selection:
    """Give a finished training its best weights; what they and the last ones are worth.

    val, test : images (N, C, H, W) uint8
    """
    last = {"last_val_fid": judge(val), "last_test_fid": judge(test)}
    best = trainer.best
    if best is None:
        raise ValueError("a training that was never measured has no best weights")
    trainer.model.load_state_dict(best["weights"])
    return Selection(
        images=best["images"], n=N_IMAGES, val_fid=best["score"], test_fid=judge(test), **last
    )
