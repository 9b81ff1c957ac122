"""The classifier and Inception as extractors; Inception with random weights in a local file."""

import logging
import time

import fabricated
import numpy as np
import pytest
import torch
from torch_fidelity import feature_extractor_inceptionv3

from genbench.evaluation import extractors
from genbench.networks import checkpoint
from genbench.networks.classifier import Classifier, augment, extract_features, load_classifier
from genbench.utils import provenance
from genbench.utils.errors import InputError

CPU = torch.device("cpu")


def choices(**changes):
    return fabricated.params().evaluate.model_copy(update=changes)


def pictures(n=6, channels=3, size=16, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (n, channels, size, size), dtype=np.uint8)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """The folder of an untrained classifier."""
    folder = tmp_path_factory.mktemp("classifier")
    args = {"image_shape": (3, 16, 16), "classes": 3, "network": "resnet", "width": 4, "lr": 0.1}
    checkpoint.save(folder / "weights.pt", Classifier(**args), **args)
    return folder


@pytest.fixture
def own(classifier):
    """The classifier as an extractor."""
    return extractors.classifier_extractor(classifier, CPU)


@pytest.fixture
def published(random_inception, monkeypatch):
    """The network of random weights, and its file, which is the published one here."""
    monkeypatch.setattr(extractors, "PUBLISHED_SHA256", provenance.sha256(random_inception[1]))
    return random_inception


def inception(path, resize="tensorflow"):
    return extractors.inception_extractor(choices(inception_weights=str(path), resize=resize), CPU)


@pytest.mark.parametrize("resize, antialias", [("tensorflow", False), ("antialias", True)])
def test_folding_batch_norm_changes_the_features_by_rounding_only(published, resize, antialias):
    plain, path = published
    extractor = inception(path, resize)
    plain.use_antialias = antialias
    x = pictures(2)
    features = []
    for rule in (antialias, not antialias):
        plain.use_antialias = rule
        features.append(plain._torch_fidelity_forward(torch.as_tensor(x)))
    got, (want, other) = extractor.extract(x), features
    for g, w, o in zip(got, want, other, strict=True):
        torch.testing.assert_close(g, w, rtol=1e-3, atol=1e-3)
        assert (g - w).abs().max() < 0.05 * (o - w).abs().max()
    assert "299x299" in extractor.resize and ("antialiasing" in extractor.resize) == antialias


def test_the_protocol_has_the_hash_of_the_weights_and_other_weights_are_refused(published, own):
    _, path = published
    params = choices(extractor="inception", inception_weights=str(path))
    extractor = extractors.choose_extractor(params, own, 3, CPU)
    protocol = extractor.protocol(n=10, seed=3)
    assert protocol.extractor_sha256 == provenance.sha256(path)
    assert (protocol.n, protocol.seed, protocol.split) == (10, 3, "test")
    match = extractors.load_matching_extractor(protocol, params, own, CPU)
    assert match.protocol(n=10, seed=3) == protocol
    changed = protocol.model_copy(update={"extractor_sha256": "0" * 64})
    with pytest.raises(InputError, match="not the one that the reference was made with"):
        extractors.load_matching_extractor(changed, params, own, CPU)


def test_gray_images_become_color_and_batches_change_nothing(published, monkeypatch):
    extractor = inception(published[1])
    x = pictures(2, channels=1)
    want, _ = extractor.extract(np.repeat(x, 3, 1))
    monkeypatch.setattr(extractors, "BATCH", 1)
    torch.testing.assert_close(extractor.extract(x)[0], want, rtol=1e-4, atol=1e-5)


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_weights(path):
    torch.save({"weight": torch.zeros(3)}, path)


def no_weights(path):
    path.write_text("<html>not found</html>")


def code(path):
    torch.save(truncated, path)


def nothing(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [truncated, other_weights, no_weights, code, nothing])
@pytest.mark.parametrize("name", ["w.pth", "weights-inception-2015-12-05-6726825d.pth"])
def test_another_file_is_named_and_not_opened(published, tmp_path, monkeypatch, spoil, name):
    path = tmp_path / name
    path.write_bytes(published[1].read_bytes())
    spoil(path)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was loaded"))
    line = f"evaluate.inception_weights: {path} is not the published file: its sha256 begins with"
    with pytest.raises(InputError) as error:
        inception(path)
    message = str(error.value)
    assert message.startswith(f"{line} {provenance.sha256(path)[:8]}, not ")
    assert "\n" not in message and "https://github.com/toshas/torch-fidelity/releases" in message


def test_weights_of_the_same_network_that_are_not_the_published_ones_are_refused(random_inception):
    with pytest.raises(InputError, match="is not the published file: .*, not 6726825d; put https"):
        inception(random_inception[1])


def test_the_published_file_is_the_one_that_torch_fidelity_names():
    name = feature_extractor_inceptionv3.URL_INCEPTION_V3.rpartition("/")[2]
    assert name == f"weights-inception-2015-12-05-{extractors.PUBLISHED_SHA256[:8]}.pth"
    assert len(extractors.PUBLISHED_SHA256) == 64


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))


def test_without_weights_and_network_auto_falls_back_and_says_why(own, no_network, caplog):
    caplog.set_level(logging.INFO)
    extractor = extractors.choose_extractor(choices(extractor="auto"), own, 3, CPU)
    assert extractor.name == "classifier" and extractor.resize == "none"
    assert "features of the classifier instead of Inception" in caplog.text
    assert "no route to host" in caplog.text and "evaluate.inception_weights" in caplog.text


def test_inception_is_never_replaced_if_params_ask_for_it(own, no_network, tmp_path):
    with pytest.raises(InputError, match="no Inception weights"):
        extractors.choose_extractor(choices(extractor="inception"), own, 3, CPU)
    (tmp_path / "empty.pth").touch()
    params = choices(extractor="auto", inception_weights=str(tmp_path / "empty.pth"))
    with pytest.raises(InputError, match="is not the published file"):
        extractors.choose_extractor(params, own, 3, CPU)


def test_features_of_gray_images_are_the_classifiers(own, no_network, caplog):
    caplog.set_level(logging.INFO)
    extractor = extractors.choose_extractor(choices(extractor="auto"), own, 1, CPU)
    assert extractor.name == "classifier"
    assert caplog.text == ""


def test_the_classifier_is_known_by_the_hash_of_its_weights(classifier, own):
    assert own.sha256 == provenance.sha256(classifier / "weights.pt")
    network, x = load_classifier(classifier / "weights.pt", CPU), pictures(4)
    for got, want in zip(own.extract(x), extract_features(network, x), strict=True):
        assert torch.equal(got, want)


def test_features_of_the_classifier_do_not_depend_on_the_batch(classifier):
    network = load_classifier(classifier / "weights.pt", CPU)
    x = pictures(40)
    want = extract_features(network, x, batch_size=40)
    for got, w in zip(extract_features(network, x, batch_size=7), want, strict=True):
        torch.testing.assert_close(got, w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (1, 28, 28), (3, 31, 31), (3, 64, 64)])
@pytest.mark.parametrize("kind", ["cnn", "resnet"])
def test_classifiers_take_images_of_every_size(shape, kind):
    network = Classifier(shape, 5, network=kind, width=4, lr=0.1)
    features, logits = network.eval()(torch.zeros(2, *shape))
    assert features.shape == (2, network.head.in_features) and logits.shape == (2, 5)
    loss = network.train().loss("model", torch.zeros(2, *shape), torch.tensor([0, 4]))
    assert loss["loss"].isfinite()


def test_the_learning_rate_of_a_classifier_falls_to_nothing():
    network = Classifier((1, 8, 8), 5, network="cnn", width=4, lr=0.1)
    network.decay_steps = 3
    optimizer, moved = network.optimizer(list(network.parameters())), []
    for _ in range(4):
        before = network.head.bias.detach().clone()
        optimizer.step([torch.ones_like(w) for w in network.parameters()])
        moved.append((network.head.bias - before).abs().max().item())
    assert moved == pytest.approx([0.1, 0.1 * 2 / 3, 0.1 / 3, 0], abs=1e-4)


def test_augmented_images_are_moved_or_mirrored_and_nothing_else():
    x = torch.arange(64.0).view(1, 1, 8, 8).repeat(200, 3, 1, 1)
    out = augment(x)
    assert out.shape == x.shape
    padded = torch.nn.functional.pad(x[:1], (1,) * 4, mode="reflect")[0]
    crops = [padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    crops += [crop.flip(-1) for crop in crops]
    seen = {next(k for k, crop in enumerate(crops) if torch.equal(crop, image)) for image in out}
    assert len(seen) == 18


@pytest.mark.slow
def test_folding_makes_inception_faster(published):
    plain, path = published
    extractor = inception(path)
    x = pictures(4, size=32)
    ratios = []
    for _ in range(3):
        times = []
        for work in (
            lambda: plain._torch_fidelity_forward(torch.as_tensor(x)),
            lambda: extractor.extract(x),
        ):
            start = time.process_time()
            with torch.no_grad():
                work()
            times.append(time.process_time() - start)
        ratios.append(times[0] / times[1])
    assert max(ratios) >= 1.2  # benchmarks/evaluation.py: 1.59 on a quiet machine
