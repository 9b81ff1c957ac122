"""Feature extractors, the networks in whose features metrics are: the classifier, Inception-v3."""

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..networks.classifier import ContrastiveNetwork, extract_features, load_classifier
from ..params.schema import Evaluate
from ..utils import provenance
from ..utils.errors import InputError
from ..utils.paths import resolve
from . import own
from .results import Protocol

log = logging.getLogger(__name__)

CLASSIFIER_WEIGHTS = "weights.pt"
"""In the folder of the stage `classifier`."""
BATCH = 50
RESIZE = {
    "tensorflow": "bilinear to 299x299 as in TensorFlow 1",
    "antialias": "bilinear to 299x299 with antialiasing",
}
DOWNLOAD_TIMEOUT = 20
"""Seconds without a byte after which a download has failed."""
PUBLISHED_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""Of the published weights of 2015; no other file is opened."""


class Extractor(NamedTuple):
    """A network that turns images (N, C, H, W) uint8 into features (N, D) and logits (N, K)."""

    name: str
    sha256: str
    resize: str
    extract: Callable[[np.ndarray], tuple[Tensor, Tensor]]

    def protocol(self, n: int, seed: int) -> Protocol:
        """The protocol of numbers measured with it against `n` test images."""
        return Protocol(
            extractor=self.name,
            extractor_sha256=self.sha256,
            resize=self.resize,
            n=n,
            split="test",
            seed=seed,
        )


def classifier_extractor(folder: Path, device: torch.device) -> Extractor:
    """The network that was trained on the dataset, from the folder of its stage.

    Its name is classifier, or contrastive where the dataset has no classes.
    """
    path = folder / CLASSIFIER_WEIGHTS
    network = load_classifier(path, device)

    def extract(x: np.ndarray) -> tuple[Tensor, Tensor]:
        return extract_features(network, x)

    name = "contrastive" if isinstance(network, ContrastiveNetwork) else "classifier"
    return Extractor(name, provenance.sha256(path), "none", extract)


def inception_extractor(params: Evaluate, device: torch.device) -> Extractor:
    """Inception-v3 with the weights of 2015, those of the published FIDs: 2048 features.

    Batch normalization is folded into the convolutions, which changes the features in the last
    digits and takes half the time. Weights are `params.inception_weights`, a local file, or
    torch-fidelity's download, stored in torch's cache.

    Raises
    ------
    InputError : if the weights cannot be had, or the file is not the published one.

    Source: Szegedy et al. 2016, arXiv:1512.00567; Heusel et al. 2017, as torch-fidelity has it.
    """
    weights = params.inception_weights
    path = resolve(weights) if weights else _download_weights()
    sha256 = _check_published(path)
    network = _load_inception(path, antialias=params.resize == "antialias")
    fold_batch_norm(network)
    network = network.to(device).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def extract(x: np.ndarray) -> tuple[Tensor, Tensor]:
        batches = (torch.as_tensor(b).to(device) for b in np.array_split(x, -(-len(x) // BATCH)))
        outputs = [network._torch_fidelity_forward(b.expand(-1, 3, -1, -1)) for b in batches]
        features, logits = (torch.cat(part).cpu() for part in zip(*outputs, strict=True))
        return features, logits

    return Extractor("inception", sha256, RESIZE[params.resize], extract)


def _load_inception(path: Path, antialias: bool) -> Any:
    """torchmetrics' NoTrainInceptionV3 with these weights."""
    from torchmetrics.image.fid import NoTrainInceptionV3

    outputs = ["2048", "logits_unbiased"]
    return NoTrainInceptionV3("inception-v3-compat", outputs, str(path), antialias)


def fold_batch_norm(network: nn.Module) -> None:
    """Put every batch normalization of torch-fidelity's Inception into its convolution."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for block in network.modules():
        conv = getattr(block, "conv", None)
        batch_norm = getattr(block, "bn", None)
        if isinstance(conv, nn.Conv2d) and isinstance(batch_norm, nn.BatchNorm2d):
            block.conv = fuse_conv_bn_eval(conv, batch_norm)
            block.bn = nn.Identity()


def own_extractor(params: Evaluate, folder: Path) -> Extractor:
    """The user's own, from the folder with the copies of own code; there are no logits."""
    code, function = own.load_extractor(params, folder)

    def extract(x: np.ndarray) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(function(x)), torch.zeros(len(x), 1)

    name = Path(code.module).stem if code.is_file else code.module.rpartition(".")[2]
    return Extractor(name, provenance.sha256(folder / "extractor.py"), "none", extract)


def choose_extractor(
    params: Evaluate,
    classifier: Extractor,
    channels: int,
    device: torch.device,
    folder: Path = own.FOLDER,
) -> Extractor:
    """The extractor that `params` ask for; logs a note if it falls back to the classifier.

    auto is the classifier for gray images; for color Inception, or the classifier where the
    weights cannot be downloaded.
    """
    if own.has_extractor(params):
        return own_extractor(params, folder)
    if params.extractor == "inception":
        return inception_extractor(params, device)
    if params.extractor == "auto" and channels == 3:
        try:
            return inception_extractor(params, device)
        except InputError as error:
            if params.inception_weights:
                raise
            log.info("features of the %s instead of Inception: %s", classifier.name, error)
    return classifier


def load_matching_extractor(
    protocol: Protocol,
    params: Evaluate,
    classifier: Extractor,
    device: torch.device,
    folder: Path = own.FOLDER,
) -> Extractor:
    """The extractor of the reference's protocol; an InputError if it has changed since."""
    if own.has_extractor(params):
        extractor = own_extractor(params, folder)
    elif protocol.extractor == "inception":
        extractor = inception_extractor(params, device)
    else:
        extractor = classifier
    if extractor.protocol(protocol.n, protocol.seed) != protocol:
        raise InputError(
            f"the {extractor.name} is not the one that the reference was made with; run"
            " `dvc repro --force -s` on the reference stage"
        )
    return extractor


def _check_published(path: Path) -> str:
    """The sha256 of the published weights; an InputError for any other file, which is not read."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    sha256 = provenance.sha256(path)
    if sha256 != PUBLISHED_SHA256:
        raise InputError(
            f"evaluate.inception_weights: {path} is not the published file: its sha256 begins with"
            f" {sha256[:8]}, not {PUBLISHED_SHA256[:8]}; put {URL_INCEPTION_V3} in its place"
        )
    return sha256


def _download_weights() -> Path:
    """The file of the published weights in torch's cache, downloaded if it is not there."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    path = Path(torch.hub.get_dir(), "checkpoints", URL_INCEPTION_V3.rsplit("/", 1)[1])
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)  # a firewall may swallow the request
        try:
            torch.hub.download_url_to_file(
                URL_INCEPTION_V3, str(path), PUBLISHED_SHA256, progress=False
            )
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"no Inception weights: the download failed ({error}); set"
                f" evaluate.inception_weights to a copy of {path.name}"
            ) from None
        finally:
            socket.setdefaulttimeout(None)
    return path
