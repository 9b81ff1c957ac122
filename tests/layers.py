"""What a network is made of and computes, for tests of architectures."""

import torch
from torch import nn
from torch.nn import functional as F

WITH_WEIGHTS = nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.BatchNorm2d
WITHOUT_WEIGHTS = {
    "relu": F.relu,
    "leaky": lambda x: torch.where(x > 0, x, 0.2 * x),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "flat": lambda x: x.flatten(1),
    "pad": lambda x: F.pad(x, (0, 1, 0, 1)),
    "pool": lambda x: F.max_pool2d(x, 2),
    "mean": lambda x: x.mean((2, 3)),
}


def layers(net, x):
    """(shape without N, number of parameters) of every layer's output that has parameters."""
    found = []
    for layer in net:
        x = layer(x)
        if count := sum(w.numel() for w in layer.parameters()):
            found.append((tuple(x.shape[1:]), count))
    return found


@torch.no_grad()
def randomized(net):
    """The network in eval mode with all weights and statistics drawn anew."""
    random = torch.Generator().manual_seed(0)
    for name, values in net.state_dict().items():
        if name.endswith("running_var"):
            values.uniform_(0.5, 2, generator=random)
        elif values.is_floating_point():
            values.normal_(0, 0.3, generator=random)
    return net.eval()


@torch.no_grad()
def compute(recipe, net, x):
    """The network's output by a recipe alone: its weights are used, its modules not called.

    Words of a recipe are layers in their order: conv3/2:8 and deconv3/2:8 (kernel 3, stride 2, to
    8 channels), linear:5, norm, image:8x3 (8 channels of 3x3), crop:9, and WITHOUT_WEIGHTS. What
    is in parentheses is added to what went in. A layer has a bias unless normalization follows.
    """
    modules = (m for m in net.modules() if isinstance(m, WITH_WEIGHTS))
    skipped = []
    words = recipe.split()
    for i, word in enumerate(words):
        kind, _, size = word.partition(":")
        if word == "(":
            skipped.append(x)
        elif word == ")":
            x = x + skipped.pop()
        elif kind == "image":
            channels, side = map(int, size.split("x"))
            x = x.reshape(len(x), channels, side, side)
        elif kind == "crop":
            x = x[..., : int(size), : int(size)]
        elif kind in WITHOUT_WEIGHTS:
            x = WITHOUT_WEIGHTS[kind](x)
        else:
            module = next(modules)
            following = next((w for w in words[i + 1 :] if w[:5] not in ("image", "crop:")), "")
            assert (module.bias is None) == (following == "norm"), word
            x = _with_weights(kind, module, x)
            assert not size or x.shape[1] == int(size), word
    assert next(modules, None) is None
    return x


def _with_weights(kind, module, x):
    if kind == "linear":
        return F.linear(x, module.weight, module.bias)
    if kind == "norm":
        mean, variance, weight, bias = (
            v[:, None, None]
            for v in (module.running_mean, module.running_var, module.weight, module.bias)
        )
        return (x - mean) / (variance + 1e-5).sqrt() * weight + bias
    name, _, numbers = kind.rpartition("conv")
    kernel, stride = map(int, numbers.split("/"))
    padding = (kernel - 1) // 2
    assert module.weight.shape[2:] == (kernel, kernel)
    if name == "de":  # an output of `stride` times the size
        extra = stride + 2 * padding - kernel
        return F.conv_transpose2d(x, module.weight, module.bias, stride, padding, extra)
    return F.conv2d(x, module.weight, module.bias, stride, padding)
