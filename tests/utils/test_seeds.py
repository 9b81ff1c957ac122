"""One seed, an independent stream for every name."""

import itertools
import zlib

import numpy as np
import torch

from genbench.utils import seeds


def test_every_seed_and_every_name_has_a_stream_of_its_own():
    names = itertools.product(("train", "sample"), ("digits", "mnist"), ("vae", "gan"))
    streams = [(seed, *parts) for seed in (0, 1) for parts in names]
    streams += [(0, "train"), (0, "train", "digits"), (0, "digits", "train")]
    assert len({seeds.derive_seed(*stream) for stream in streams}) == len(streams)


def test_a_stream_is_numpys_for_the_checksums_of_its_names():
    words = [3, zlib.crc32(b"train"), zlib.crc32(b"4")]
    want = int(np.random.SeedSequence(words).generate_state(1)[0])
    assert seeds.derive_seed(3, "train", 4) == want
    drawn = seeds.rng(3, "train", 4).random(5)
    assert drawn.tolist() == np.random.default_rng(want).random(5).tolist()
    assert seeds.seed_everything(3, "train", 4) == want
    first = torch.rand(3)
    torch.manual_seed(want)
    assert torch.equal(first, torch.rand(3))


def test_the_first_latents_of_many_are_the_latents_of_few():
    many, few = seeds.sample_latents(64, 5, 1), seeds.sample_latents(10, 5, 1)
    assert np.array_equal(many[:10], few) and many.dtype == np.float32
    assert abs(many.mean()) < 0.2 and abs(many.std() - 1) < 0.1
