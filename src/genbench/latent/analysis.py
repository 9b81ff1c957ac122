"""All that is measured and shown of one model's latent space."""

import numpy as np

from .. import bootstrap
from ..models.base.sampling import decode
from ..networks.classifier import extract_features
from ..params import Params
from . import figures, geometry, information
from .reconstruction import EncodedImages, reconstruction_results

AXES, PROBES, EXAMPLES = 8, 64, 200
"""Rows of a traversal; latents that directions are taken from; images to choose examples from."""


def random_subset(total: int, n: int, seed: int) -> np.ndarray:
    """Places of at most n of so many images, drawn at random."""
    return np.random.default_rng(seed).permutation(total)[:n]


def factor_scores(codes: np.ndarray, data: dict[str, np.ndarray], seed: int) -> dict[str, dict]:
    """{"factors": scores of `disentanglement`} where the factors of test images are known."""
    if "test_factors" not in data:
        return {}
    from . import disentanglement  # scikit-learn's import takes seconds

    return {"factors": disentanglement.scores(codes, data["test_factors"], seed)}


def arithmetic(model, classifier, coded: EncodedImages, classes: int) -> np.ndarray:
    """Whether images whose codes were moved to another class are seen as that class, (N,).

    Codes are moved by `geometry.transfers`; a conditional model is also told the new class.
    """
    to = geometry.target_classes(coded.y, classes)
    moved = geometry.class_shift(coded.codes, coded.y, classes)[np.arange(len(to)), to]
    _, logits = extract_features(classifier, decode(model, moved, to))
    return logits.argmax(1).numpy() == to


def of_codes(
    model, classifier, test: EncodedImages, train: EncodedImages, classes: list[str], draws: int
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """What is measured of a model with an encoder.

    Returns
    -------
    per_image : those of `information.of_codes`, of `reconstruction` (psnr_train and so on of the
        training images), and arithmetic_accuracy
    numbers : those of `information.of_codes`, and squared_error_by_class
    """
    per_image, numbers = information.vae_information(model, test.x, test.y, draws)
    made = reconstruction_results(model, test)
    per_image |= made | {f"{k}_train": v for k, v in reconstruction_results(model, train).items()}
    per_image["arithmetic_accuracy"] = arithmetic(model, classifier, test, len(classes))
    errors = made["squared_error"]
    numbers["squared_error_by_class"] = {
        name: float(errors[test.y == k].mean())
        for k, name in enumerate(classes)
        if (test.y == k).any()
    }
    return per_image, numbers


def directions_of_interest(
    model, coded: EncodedImages, numbers: dict, classes: int, seed: int
) -> np.ndarray:
    """Unit vectors (R, latent_dim) worth walking along, the most telling first.

    With an encoder, the latents with the largest KL, or, where the KL cannot be told by latent,
    those whose codes vary most. Without, the leading directions of the generator, whose shares are
    noted in `numbers`.
    """
    if coded.x is None:
        shares, found = geometry.directions(model, PROBES, classes, seed)
        numbers["direction_shares"] = shares.tolist()
        return found[:AXES].astype(np.float32)
    weight = np.array(numbers.get("kl_per_latent", coded.codes.var(0)))
    order = np.argsort(-weight, kind="stable")[:AXES]
    return np.eye(len(weight), dtype=np.float32)[order]


def draw_figures(
    model,
    coded: EncodedImages,
    train: EncodedImages | None,
    ways: np.ndarray,
    classes: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Pictures by name: what `pictures` has for a model of this kind."""
    (x, y, codes), k = coded, EXAMPLES
    made = figures.interpolations(model, codes[:k], y[:k], None if x is None else x[:k])
    made["traversals"] = figures.traversals(model, codes[0], y[0], ways)
    made["neighbourhood"] = figures.local_perturbations(model, codes[0], y[0], seed)
    if model.conditional:
        made["classes"] = figures.class_grid(model, classes, seed)
    if train is not None:
        for name, part in {"reconstructions": coded, "reconstructions_train": train}.items():
            made[name] = figures.reconstructions(model, part.x, part.codes, part.y)
        moved = geometry.class_shift(codes, y, classes)
        made["arithmetic"] = figures.class_shifts(model, x, y, moved)
    return made


def analyze_latent_space(
    model,
    classifier,
    test: EncodedImages,
    train: EncodedImages | None,
    real,
    classes: list[str],
    p: Params,
    seed,
) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """Numbers, their intervals under "intervals", and pictures of one latent space.

    Parameters
    ----------
    test, train : images with codes; no train for a model without an encoder
    real : (M, D) features of real images, for `geometry.path_lengths`
    """
    per_image, numbers = {}, {}
    if train is not None:
        per_image, numbers = of_codes(
            model, classifier, test, train, classes, p.latent.iwae_samples
        )
        numbers["n"] = len(test.y)
    k = len(classes)
    per_image["path_length"] = geometry.path_lengths(
        model, classifier, real, p.latent.ppl_samples, k, seed
    )
    numbers["path_length_median"] = float(np.median(per_image["path_length"]))
    ways = directions_of_interest(model, test, numbers, k, seed)
    numbers |= bootstrap.means_with_intervals(per_image, p.evaluate.bootstrap, seed)
    return numbers, draw_figures(model, test, train, ways, k, seed)
