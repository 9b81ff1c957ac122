"""Seeds: one number in params.yaml, an independent stream for every stage and run."""

import zlib

import numpy as np


def derive_seed(seed: int, *names) -> int:
    """A seed in [0, 2**32) for the stream called `names`, independent of every other stream."""
    words = [zlib.crc32(str(name).encode()) for name in names]
    return int(np.random.SeedSequence([seed, *words]).generate_state(1)[0])


def rng(seed: int, *names) -> np.random.Generator:
    """numpy's generator for the stream called `names`."""
    return np.random.default_rng(derive_seed(seed, *names))


def seed_everything(seed: int, *names) -> int:
    """Seed torch's global generator, which training draws from, and return the derived seed."""
    import torch

    value = derive_seed(seed, *names)
    torch.manual_seed(value)
    return value


def rng_state(device) -> list:
    """The states of torch's global generators, those that training on `device` draws from."""
    import torch

    own = _generators(device)
    return [torch.get_rng_state(), *([own.get_rng_state()] if own else [])]


def restore_rng_state(states: list, device) -> None:
    """Put torch's global generators back to what `state` returned."""
    import torch

    torch.set_rng_state(states[0])
    for value in states[1:]:
        _generators(device).set_rng_state(value)


def _generators(device):
    import torch

    return {"cuda": torch.cuda, "mps": torch.mps}.get(device.type)


def sample_latents(n: int, dim: int, seed: int) -> np.ndarray:
    """Standard normal latents, (n, dim) float32; the first 10 of 64 are the 10 of the same seed."""
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
