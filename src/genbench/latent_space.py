"""All that is measured and shown of one model's latent space."""

from typing import NamedTuple

import numpy as np
import torch

from . import features, geometry, information, intervals, metrics, pictures
from .params import Params
from .sampling import decode

AXES, PROBES, EXAMPLES = 8, 64, 200
"""Rows of a traversal; latents that directions are taken from; images to choose examples from."""


class Coded(NamedTuple):
    """Images (N, C, H, W) uint8, their labels (N,) and codes (N, latent_dim).

    Of a model without an encoder: no images, and draws from the prior.
    """

    x: np.ndarray | None
    y: np.ndarray
    codes: np.ndarray


def some(total: int, n: int, seed: int) -> np.ndarray:
    """Places of at most n of so many images, drawn at random."""
    return np.random.default_rng(seed).permutation(total)[:n]


def of_factors(codes: np.ndarray, data: dict[str, np.ndarray], seed: int) -> dict[str, dict]:
    """{"factors": scores of `disentanglement`} where the factors of test images are known."""
    if "test_factors" not in data:
        return {}
    from . import disentanglement  # scikit-learn's import takes seconds

    return {"factors": disentanglement.scores(codes, data["test_factors"], seed)}


def reconstruction(model, coded: Coded) -> dict[str, np.ndarray]:
    """psnr, ssim (`metrics.fidelity`) and squared_error of the images' reconstructions, each (N,).

    squared_error is per pixel and channel, of grey levels in [0, 1].
    """
    made = decode(model, coded.codes, coded.y)
    near = metrics.fidelity(torch.as_tensor(coded.x), torch.as_tensor(made))
    error = ((coded.x / 255 - made / 255) ** 2).mean((1, 2, 3))
    return {k: v.double().numpy() for k, v in near.items()} | {"squared_error": error}


def arithmetic(model, classifier, coded: Coded, classes: int) -> np.ndarray:
    """Whether images whose codes were moved to another class are seen as that class, (N,).

    Codes are moved by `geometry.transfers`; a conditional model is also told the new class.
    """
    to = geometry.targets(coded.y, classes)
    moved = geometry.transfers(coded.codes, coded.y, classes)[np.arange(len(to)), to]
    _, logits = features.extract(classifier, decode(model, moved, to))
    return logits.argmax(1).numpy() == to


def of_codes(
    model, classifier, test: Coded, train: Coded, classes: list[str], draws: int
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """What is measured of a model with an encoder.

    Returns
    -------
    per_image : those of `information.of_codes`, of `reconstruction` (psnr_train and so on of the
        training images), and arithmetic_accuracy
    numbers : those of `information.of_codes`, and squared_error_by_class
    """
    per_image, numbers = information.of_codes(model, test.x, test.y, draws)
    made = reconstruction(model, test)
    per_image |= made | {f"{k}_train": v for k, v in reconstruction(model, train).items()}
    per_image["arithmetic_accuracy"] = arithmetic(model, classifier, test, len(classes))
    errors = made["squared_error"]
    numbers["squared_error_by_class"] = {
        name: float(errors[test.y == k].mean())
        for k, name in enumerate(classes)
        if (test.y == k).any()
    }
    return per_image, numbers


def axes(model, coded: Coded, numbers: dict, classes: int, seed: int) -> np.ndarray:
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


def figures(
    model, coded: Coded, train: Coded | None, ways: np.ndarray, classes: int, seed: int
) -> dict[str, np.ndarray]:
    """Pictures by name: what `pictures` has for a model of this kind."""
    (x, y, codes), k = coded, EXAMPLES
    made = pictures.interpolations(model, codes[:k], y[:k], None if x is None else x[:k])
    made["traversals"] = pictures.traversals(model, codes[0], y[0], ways)
    made["neighbourhood"] = pictures.neighbourhood(model, codes[0], y[0], seed)
    if model.conditional:
        made["classes"] = pictures.classes(model, classes, seed)
    if train is not None:
        for name, part in {"reconstructions": coded, "reconstructions_train": train}.items():
            made[name] = pictures.reconstructions(model, part.x, part.codes, part.y)
        moved = geometry.transfers(codes, y, classes)
        made["arithmetic"] = pictures.transfers(model, x, y, moved)
    return made


def look(
    model, classifier, test: Coded, train: Coded | None, real, classes: list[str], p: Params, seed
) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """Numbers, their intervals under "intervals", and pictures of one latent space.

    Parameters
    ----------
    test, train : images with codes; no train for a model without an encoder
    real : (M, D) features of real images, for `geometry.path_lengths`
    """
    per_image, numbers = {}, {}
    if train is not None:
        per_image, numbers = of_codes(model, classifier, test, train, classes, p.latent.draws)
        numbers["n"] = len(test.y)
    k = len(classes)
    per_image["path_length"] = geometry.path_lengths(
        model, classifier, real, p.latent.paths, k, seed
    )
    numbers["path_length_median"] = float(np.median(per_image["path_length"]))
    ways = axes(model, test, numbers, k, seed)
    numbers |= intervals.of_means(per_image, p.evaluate.bootstrap, seed)
    return numbers, figures(model, test, train, ways, k, seed)
