"""Figures of a latent space, read off images that show their own latents and label."""

import numpy as np
import pytest
import torch

from genbench.latent import analysis, figures, geometry
from genbench.latent.reconstruction import EncodedImages
from genbench.latent.results import LatentResults

CLASSES = ["a", "b", "c"]


class Revealing:
    """Images of four bands, which show the three latents and the label, an eighth of each."""

    latent_dim, device = 3, torch.device("cpu")

    def __init__(self, conditional=True):
        self.conditional = conditional

    def decode(self, z, y):
        bands = torch.cat([z, y[:, None].float()], 1) / 8
        return bands.repeat_interleave(2, 1)[:, None, :, None].expand(-1, 1, 8, 8).clamp(-1, 1)


def read(picture):
    """The latents and the label that each image of a picture shows: (rows, columns, 4)."""
    bands = np.stack([picture[row::66, 32::66, 0] for row in (8, 24, 40, 56)], 2)
    return (bands / 127.5 - 1) * 8


def encoded(n, seed, model):
    """Images that show their own codes and labels, with a white margin, as no decoded one has."""
    random = np.random.default_rng(seed)
    codes = random.uniform(-2, 2, (n, 3)).astype(np.float32)
    y = random.permutation(np.arange(n) % 3)
    y[[0, -1]] = 2, 1
    pixels = (model.decode(torch.as_tensor(codes), torch.as_tensor(y)) + 1) * 127.5
    x = pixels.round().byte().numpy()
    x[..., 0] = 255
    return EncodedImages(x, y, codes)


def is_decoded(picture):
    """Whether each image of a picture is a decoded one."""
    return picture[8::66, ::66, 0] < 255


def shown(images):
    return np.concatenate([images.codes, images.y[:, None]], 1)


def close(a, b):
    np.testing.assert_allclose(a, b, atol=0.07)  # gray levels are steps of 0.06


@pytest.fixture(params=[True, False], ids=["conditional", "unconditional"])
def figured(request, monkeypatch):
    """A space of images that show what they are, and its figures."""
    monkeypatch.setattr(analysis, "N_EXAMPLES", 24)
    model = Revealing(request.param)
    test, train = encoded(30, 0, model), encoded(25, 1, model)
    space = analysis.LatentSpace(model, CLASSES, test, 0, train=train, codes=test.codes)
    results = LatentResults(metrics={}, kl_per_latent=[1.0, 0.1, 3.0])
    return space, analysis.draw_figures(space, results)


def test_reconstructions_of_test_and_training_images_are_below_these(figured):
    space, pictures = figured
    for name, images in {
        "reconstructions": space.test,
        "reconstructions_train": space.train,
    }.items():
        rows = read(pictures[name])
        close(rows[[0, 2]].reshape(-1, 4), shown(images)[:22])
        close(rows[[1, 3]].reshape(-1, 4), shown(images)[:22])
        assert is_decoded(pictures[name]).all(1).tolist() == [False, True, False, True]


def test_interpolations_stand_between_their_images_with_the_label_of_these(figured):
    space, pictures = figured
    known = shown(space.test)
    for kind in ("lerp", "slerp"):
        rows = read(pictures[f"interpolation_{kind}"])
        assert rows.shape == (6, 13, 4)
        assert is_decoded(pictures[f"interpolation_{kind}"])[0].tolist() == [
            False,
            *[True] * 11,
            False,
        ]
        close(rows[:, 0], rows[:, 1])
        close(rows[:, -1, :3], rows[:, -2, :3])
        used = [int(np.abs(known - end).sum(1).argmin()) for end in rows[:, [0, -1]].reshape(-1, 4)]
        start, end = np.array(used).reshape(-1, 2).T
        assert len({*used}) == 12
        close(known[start], rows[:, 0])
        same = space.test.y[start] == space.test.y[end]
        assert (same == space.model.conditional).all()
        close(rows[:, 1:-1, 3], np.repeat(space.test.y[start][:, None], 11, 1))
        a, b = space.test.codes[start], space.test.codes[end]
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        half = np.arccos(cosine)[:, None] / 2
        close(rows[:, 6, :3], (a + b) / 2 / (1 if kind == "lerp" else np.cos(half)))


def test_traversals_and_perturbations_are_of_the_first_code_and_its_label(figured):
    space, pictures = figured
    code, label = space.test.codes[0], space.test.y[0]
    rows = read(pictures["traversals"])
    for row, latent in zip(rows, (2, 0, 1), strict=True):
        want = np.tile(code, (11, 1))
        want[:, latent] = np.linspace(-3, 3, 11)
        close(row[:, :3], want)
    close(rows[..., 3], np.full((3, 11), label))
    rows = read(pictures["local_perturbations"])
    close(rows[:, 0, :3], np.tile(code, (4, 1)))
    close(rows[..., 3], np.full((4, 11), label))
    far = np.linalg.norm(rows[:, 1:, :3] - code, axis=2)
    np.testing.assert_allclose(far, np.repeat([figures.RADII], 10, 0).T, atol=0.1)


def test_class_shifts_move_codes_by_means_and_are_given_the_new_class(figured):
    space, pictures = figured
    codes, y = space.test.codes, space.test.y
    rows = read(pictures["arithmetic"])
    means = np.stack([codes[y == k].mean(0) for k in range(3)])
    for k, row in enumerate(rows):
        first = int((y == k).argmax())
        close(row[0], shown(space.test)[first])
        close(row[1:, :3], codes[first] + means - means[k])
        close(row[1:, 3], [0, 1, 2])


def test_a_row_of_the_class_grid_is_a_class(figured):
    space, pictures = figured
    assert ("classes" in pictures) == space.model.conditional
    if space.model.conditional:
        rows = read(pictures["classes"])
        close(rows[..., 3], np.tile([[0], [1], [2]], (1, 11)))
        close(rows[1:, :, :3], rows[:-1, :, :3])
        assert np.abs(np.diff(rows[0, :, :3], axis=0)).min(1).max() > 0.1


class Strict(torch.nn.Module):
    """Says a class only if code and label of a `Revealing` image do, and never the second."""

    def __init__(self, levels):
        super().__init__()
        self.head = torch.nn.Linear(1, 1)
        self.levels = torch.as_tensor(levels)

    def forward(self, x):
        seen = x[:, 0, [0, 2, 4, 6], 0] * 8
        of_code = (seen[:, None, :3] - self.levels).abs().amax(2) < 0.3
        of_label = (seen[:, 3:] - torch.arange(3)).abs() < 0.3
        says = (of_code & of_label).float() * torch.tensor([1.0, 0, 1])
        return x.flatten(1), torch.cat([says, torch.full((len(x), 1), 0.5)], 1)


def test_latent_arithmetic_counts_images_whose_code_and_label_have_become_the_target():
    random = np.random.default_rng(2)
    levels = np.array([[-2, 0, 1], [2, 1, 0], [0, -2, -1]], np.float32)
    y = random.permutation(np.arange(30) % 3)
    codes = levels[y] + random.normal(0, 0.02, (30, 3)).astype(np.float32)
    images = EncodedImages(np.zeros((30, 1, 8, 8), np.uint8), y, codes)
    space = analysis.LatentSpace(Revealing(), CLASSES, images, 0, train=images, codes=codes)
    targets = geometry.target_classes(y, 3)
    got = analysis.arithmetic_accuracy(space, Strict(levels))
    assert np.array_equal(got, targets != 1) and 0 < got.mean() < 1


@pytest.mark.parametrize("conditional", [True, False])
def test_images_of_one_class_are_interpolated_with_each_other(conditional):
    images = encoded(8, 0, Revealing())
    rows = figures.interpolations(Revealing(conditional), images.codes, np.zeros(8, int), None)
    ends = read(rows["interpolation_lerp"])[:, [0, -1], :3].reshape(8, 3)
    close(ends, images.codes)


def test_without_two_images_of_one_class_a_conditional_model_has_no_interpolations():
    images = encoded(3, 0, Revealing())
    assert figures.interpolations(Revealing(), images.codes, np.arange(3), images.x) == {}
