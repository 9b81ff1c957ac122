"""Small untrained models on made-up images, and the explorer's content of them."""

from dataclasses import replace
from pathlib import Path

import fabricated
import numpy as np
import torch

from genbench import api
from genbench.explorer.content import Content
from genbench.explorer.measured import measure
from genbench.latent.results import REAL, Embedding
from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.params import Params
from genbench.utils import files

ROOT = Path(__file__).parents[1]
LATENT_DIM = 5
CLASSES = 3
N = 60
COLORED = ("cgan", "conv_gan", "cvae", "hvae", "res_vae")
ALL = {"gray": ((1, 8, 8), tuple(registry.NAMES)), "color": ((3, 10, 10), COLORED)}
"""Every model, some of them of color images as well."""
IMAGES = [0, 7, 31]
"""Test images that are scored."""
CORRUPTIONS = [["blur", 3], ["inversion", 0.7], ["rotation", 30], ["contrast", 0.4]]
"""Those that draw nothing at random, but the rotation's sign."""


def choices() -> Params:
    """Those of params.yaml with small models; the flow is cut short, its graph grows with it."""
    tree = files.load_yaml(ROOT / "params.yaml")
    tree["model"] |= {"latent_dim": LATENT_DIM, "width": 4}
    tree["zoo"]["flow_matching"]["steps"] = 1
    tree["zoo"]["flow_vae"]["likelihood"] = "logistic"
    tree["zoo"]["hvae"]["layers"] = 3
    return Params.model_validate(tree)


def processed(path: Path, shape: tuple[int, int, int]) -> None:
    """Write a processed dataset of spots whose place tells the class, as unlike as photos are."""
    channels, side, _ = shape
    random = np.random.default_rng(side)
    arrays = {"classes": np.array(["zero", "<b>one</b>", "two"]), "ood_names": np.array(["noise"])}
    for part in ("train", "val", "test"):
        y = np.arange(N) % CLASSES
        spots = fabricated._images(random, N, channels, side, y).astype(int)
        x = (spots + random.integers(0, 40, spots.shape)).clip(0, 255).astype(np.uint8)
        arrays |= {f"{part}_x": x, f"{part}_y": y}
    arrays["ood_noise_x"] = random.integers(0, 256, (30, *shape), np.uint8)
    arrays["ood_noise_preprocessing"] = np.array("drawn")
    files.save_npz(path, **arrays)


def weights(folder: Path, name: str, shape, choices: Params) -> None:
    """Write a model whose weights are random and as large as trained ones."""
    torch.manual_seed(len(name))
    args = {"image_shape": shape, "classes": CLASSES, **choices.build_args(name)}
    model = registry.build(name, **args)
    if name == "beta_vae":  # so sure of its pixels that their probabilities round to 0 and 1
        model.decoder[-2].weight.data *= 200
    scale = 0.5 if model.has_posterior else 1  # of variances exponentials are taken
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 100
            parameter += scale * torch.randn_like(parameter) / fan_in**0.5
    checkpoint.save(folder / "weights.pt", model, name=name, **args)


def content(root: Path, models: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]]) -> Content:
    """Write models of datasets into a folder as the pipeline does, and collect what a page holds.

    models : by dataset, the shape of its images and names of models
    """
    parameters = choices()
    content = Content(parameters)
    for dataset, (shape, names) in models.items():
        path = root / "data" / "processed" / f"{dataset}.npz"
        processed(path, shape)
        sources = []
        for name in names:
            weights(root / "data" / "models" / dataset / name, name, shape, parameters)
            model = api.load(f"{dataset}/{name}", folder=root)
            sources.append((model, with_map(measure(model, parameters, path), name), None))
        content.add(dataset, path, sources, ["mine is left out: <i>why</i>."])
    return content


def with_map(measured, name: str):
    """The same with an embedding of its codes, or none."""
    if measured.codes is None:
        return measured
    points = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    y = np.arange(N) % CLASSES
    return replace(measured, map=Embedding(name, points, y, np.repeat(REAL, N), np.arange(N)))
