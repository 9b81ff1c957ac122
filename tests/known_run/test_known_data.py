"""Images become the right arrays, and trainings see the right ones of them."""

import numpy as np
import pytest
import torch
from known import CLASSES, DATASET, GAN, OTHER, VAE
from PIL import Image

from genbench.models.base import registry, sampling
from genbench.models.base.marginal import log_class_shares
from genbench.models.base.registry import load_model
from genbench.networks import checkpoint
from genbench.networks.classifier import (
    Classifier,
    extract_features,
    load_classifier,
    perceptual_features,
)
from genbench.training import loop
from genbench.training.loader import InMemoryLoader
from genbench.training.results import ClassifierSummary, load_training
from genbench.training.state import TrainerState
from genbench.utils import seeds
from genbench.utils.files import load_csv
from genbench.utils.images import grid, to_float

MODELS = (GAN, VAE)


def as_set(x):
    return {image.tobytes() for image in x}


def test_every_image_is_in_the_part_and_class_that_its_folder_says(run):
    arrays = run.processed
    assert arrays["classes"].tolist() == sorted(CLASSES)
    for k, name in enumerate(arrays["classes"].tolist()):
        original = {p: as_set(run.images[p][CLASSES.index(name)]) for p in ("train", "test")}
        of_class = {p: arrays[f"{p}_x"][arrays[f"{p}_y"] == k] for p in ("train", "val", "test")}
        assert as_set(of_class["test"]) == original["test"] and len(of_class["test"]) == 10
        train, val = as_set(of_class["train"]), as_set(of_class["val"])
        assert train | val == original["train"] and not train & val
        assert len(val) == len(of_class["val"]) == 4  # a fifth of 20


def test_ood_images_are_the_other_datasets_test_images_and_noise(run):
    arrays = run.processed
    assert arrays["ood_names"].tolist() == [OTHER, "noise"]
    assert as_set(arrays[f"ood_{OTHER}_x"]) == as_set(run.images["other"])
    noise = arrays["ood_noise_x"]
    assert noise.shape == arrays["test_x"].shape
    assert np.bincount(noise.ravel(), minlength=256).max() < 40  # 7.5 of each level expected


def test_accuracies_of_the_classifier_are_of_the_parts_that_they_name(run):
    folder = run.root / "data" / "classifiers" / DATASET
    summary = ClassifierSummary.load(folder / "summary.json")
    network = load_classifier(folder / "weights.pt", torch.device("cpu"))
    assert summary.parameters == sum(w.numel() for w in network.parameters())
    for part in ("train", "val", "test"):
        x, y = run.processed[f"{part}_x"], run.processed[f"{part}_y"]
        assert getattr(summary, f"n_{part}") == len(x)
        predicted = extract_features(network, x)[1].argmax(1).numpy()
        accuracy = getattr(summary, f"{part}_accuracy")
        assert accuracy == pytest.approx((predicted == y).mean(), abs=1e-6) and accuracy > 0.6


def test_the_classifier_is_what_the_loop_makes_of_the_training_images(run):
    choices = run.params.classifier
    path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
    x, y = (torch.as_tensor(run.processed[f"train_{kind}"]) for kind in "xy")
    seed = seeds.seed_everything(run.params.seed, "classifier", DATASET)
    args = {"image_shape": (1, 8, 8), "classes": 3, "network": "cnn"}
    network = Classifier(**args, width=choices.width, lr=choices.lr)
    network.decay_steps = 2000 // 16
    trainer = TrainerState(network, InMemoryLoader(x, y, 16, seed))
    loop.train(trainer, loop.Schedule(images=2000))
    stored = checkpoint.read(path)
    assert stored["build_args"] == args | {"width": choices.width, "lr": choices.lr}
    for name, value in network.state_dict().items():
        torch.testing.assert_close(stored["weights"][name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_what_the_loop_makes_of_the_training_images(run, name):
    stored = checkpoint.read(folder_of(run, name) / "weights.pt")
    x, y = (torch.as_tensor(run.processed[f"train_{kind}"]) for kind in "xy")
    seed = seeds.seed_everything(run.params.seed, "train", DATASET, name)
    model = registry.build(**stored["build_args"])
    if model.perceptual:
        path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
        model.perceptual_features = perceptual_features(path, torch.device("cpu"))
    trainer = TrainerState(model, InMemoryLoader(x, y, 16, seed))
    loop.train(trainer, loop.Schedule(images=960))
    for key, value in model.state_dict().items():
        torch.testing.assert_close(stored["weights"][key], value, rtol=1e-3, atol=1e-4)


def test_only_a_model_with_a_perceptual_loss_is_handed_the_classifier(run):
    folder = run.root / "data" / "perceptual" / DATASET
    weights = (run.root / "data" / "classifiers" / DATASET / "weights.pt").read_bytes()
    assert (folder / f"{VAE}.pt").read_bytes() == weights
    assert (folder / f"{GAN}.pt").read_bytes() == b"not used\n"


def folder_of(run, name):
    return run.root / "data" / "models" / DATASET / name


@pytest.mark.parametrize("name", MODELS)
def test_validation_is_on_validation_images(run, name):
    folder = folder_of(run, name)
    training = load_training(folder)
    model = load_model(folder / "weights.pt")
    if model.perceptual:
        path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
        classifier = load_classifier(path, torch.device("cpu"))
        model.perceptual_features = lambda x: classifier(x)[0]
    x, y = (torch.as_tensor(run.processed[f"val_{kind}"]) for kind in "xy")
    torch.manual_seed(0)  # the noise of every validation
    with torch.no_grad():
        loss = model.loss(model.update_order[0], to_float(x), y)
    for part, value in loss.items():
        assert training.summary.final[f"val/{part}"] == pytest.approx(value.item(), rel=1e-4)


@pytest.mark.parametrize("name", [*MODELS, f"{VAE}-1", f"{VAE}-2-8-0", "beta_vae-3-0"])
def test_a_training_has_its_budget_its_arguments_and_its_loss_on_training_images(run, name):
    point = name.endswith("-0")
    training = load_training(folder_of(run, name))
    stored = checkpoint.read(folder_of(run, name) / "weights.pt")
    args = stored["build_args"]
    assert args["name"] == name.split("-")[0] and args["image_shape"] == (1, 8, 8)
    assert (args["latent_dim"], args["width"]) == ((2, 8) if name == f"{VAE}-2-8-0" else (3, 4))
    assert args["classes"] == 3 and args.get("beta", 3) == 3
    assert training.summary.images == (480 if point else 960)
    assert training.history[-1]["images"] == training.summary.images
    assert training.summary.parameters == sum(w.numel() for w in weights(folder_of(run, name)))
    assert training.summary.ema is False
    assert len(training.history) == 5 and len(training.snapshots) == (3 if name in MODELS else 0)


def weights(folder):
    return list(load_model(folder / "weights.pt").parameters())


@pytest.mark.parametrize("name", MODELS)
def test_the_last_snapshot_is_of_the_trained_model_and_the_first_of_another(run, name):
    first, *_, last = load_training(folder_of(run, name)).snapshots.items()
    assert (first[0], last[0]) == (0, 960)
    pictures = [np.asarray(Image.open(path)) for _, path in (first, last)]
    assert pictures[0].shape == pictures[1].shape == (5 * 66 - 2, 5 * 66 - 2, 3)
    assert (pictures[0] != pictures[1]).any()
    curve = load_csv(folder_of(run, name) / "history.csv")
    assert [row["images"] for row in curve] == sorted({row["images"] for row in curve})


@pytest.mark.parametrize("name", MODELS)
def test_samples_are_the_models_images_of_their_latents_and_labels(run, name):
    folder = run.root / "data" / "samples" / DATASET / name
    model = load_model(folder_of(run, name) / "weights.pt")
    with np.load(folder / "samples.npz") as file:
        arrays = dict(file)
    x, y, z = (arrays[k] for k in "xyz")
    assert len(x) == 200 and y.tolist() == [i % 3 for i in range(200)]
    assert np.array_equal(sampling.decode(model, z, y), x)
    assert abs(z.mean()) < 0.15 and abs(z.std() - 1) < 0.1 and len(np.unique(z)) == z.size
    assert ("labels" in arrays) == model.conditional == (name == GAN)
    assert not arrays["ema"]
    picture = np.asarray(Image.open(folder / "grid.png"))
    assert np.array_equal(picture, grid(x[:100], 10))
    if name == VAE:
        test_x, train_y = run.processed["test_x"], run.processed["train_y"]
        bound = sampling.negative_elbo(model, test_x, log_class_shares(train_y))
        np.testing.assert_allclose(arrays["test_negative_elbo"], bound, rtol=1e-5)
    else:
        assert "test_negative_elbo" not in arrays


def test_a_point_has_random_numbers_of_its_own(run):
    """With other choices, and were they the same, by the names of its training."""
    stored = checkpoint.read(folder_of(run, f"{VAE}-2-8-0") / "weights.pt")
    x, y = (torch.as_tensor(run.processed[f"train_{kind}"]) for kind in "xy")
    seed = seeds.seed_everything(run.params.seed, "train", DATASET, VAE, 2, 8)
    model = registry.build(**stored["build_args"])
    path = run.root / "data" / "classifiers" / DATASET / "weights.pt"
    model.perceptual_features = perceptual_features(path, torch.device("cpu"))
    loop.train(TrainerState(model, InMemoryLoader(x, y, 16, seed)), loop.Schedule(images=480))
    for key, value in model.state_dict().items():
        torch.testing.assert_close(stored["weights"][key], value, rtol=1e-3, atol=1e-4)
