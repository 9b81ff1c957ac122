"""What the graphs of a model compute, in operations that a tracer can follow."""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..models.base.interface import GenerativeModel
from ..models.base.marginal import marginal_scores
from ..networks.linear import Linear
from ..utils.images import to_float

LABEL = "label"
"""Name of the output of the graph `scores` that is no score."""


class Graph(NamedTuple):
    """What a graph computes, and of what."""

    function: Callable[..., tuple[Tensor, ...]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def traceable(model: GenerativeModel) -> GenerativeModel:
    """A copy in plain operations: without weight normalizations, linear layers of torch alone."""
    model = copy.deepcopy(model).eval().requires_grad_(False)
    for module in list(model.modules()):
        if parametrize.is_parametrized(module):
            # torch's `remove_parametrizations` would change the class, which the original shares
            normalized = module.get_submodule("parametrizations")
            names = [name for name, _ in normalized.named_children()]
            values = {name: getattr(module, name) for name in names}
            module.__class__ = type(module).__bases__[0]
            del module.parametrizations
            for name, value in values.items():
                module.register_parameter(name, nn.Parameter(value, requires_grad=False))
        if type(module) is Linear:
            module.__class__ = nn.Linear  # type: ignore[assignment]
    return model


def make_graphs(
    model: GenerativeModel, log_shares: Tensor, example: dict[str, Tensor]
) -> dict[str, Graph]:
    """What `export` exports of a model."""

    def scores(x: Tensor) -> tuple[Tensor, ...]:
        values, label = marginal_scores(model, x, log_shares)
        return *values.values(), label

    def features(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        return (model.features(x, y).flatten(1),)

    def errors(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        values = model.error_map(x, y)
        assert values is not None
        return (values,)

    def encode(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        code = model.encode(x, y)
        assert code is not None
        return (code,)

    x, y = example["x"], example["y"]
    names = tuple(marginal_scores(model, x, log_shares)[0])
    graphs = {
        "decode": Graph(lambda z, y: (model.decode(z, y),), ("z", "y"), ("image",)),
        "scores": Graph(scores, ("x",), (*names, LABEL)),
        "features": Graph(features, ("x", "y"), ("features",)),
    }
    if model.error_map(x, y) is not None:
        graphs["errors"] = Graph(errors, ("x", "y"), ("errors",))
    if model.encode(x, y) is not None:
        graphs["encode"] = Graph(encode, ("x", "y"), ("code",))
    return graphs


def examples_of(model: GenerativeModel, shape, classes: int) -> list[dict[str, Tensor]]:
    """Two inputs of every graph by name: z, x and y; one to trace it with, one to try it on."""
    random = np.random.default_rng(0)
    examples = []
    for _ in range(2):
        gray = torch.from_numpy(random.integers(0, 256, (1, *shape)))
        z = random.standard_normal((1, model.latent_dim)).astype(np.float32)
        y = torch.from_numpy(random.integers(0, classes, 1))
        examples.append({"z": torch.from_numpy(z), "x": to_float(gray), "y": y})
    return examples
