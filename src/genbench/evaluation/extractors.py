"""What images are judged by: a network's features and logits, and which network that was."""

import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..networks.classifier import extract_features, load_classifier
from ..utils import provenance
from ..utils.errors import InputError
from ..utils.paths import resolve

BATCH = 50
RESIZE = {
    "tensorflow": "bilinear to 299x299 as in TensorFlow 1",
    "antialias": "bilinear to 299x299 with antialiasing",
}
DOWNLOAD_TIMEOUT = 20
"""Seconds without a byte after which a download has failed."""
PUBLISHED_SHA256 = "6726825d"
"""First digits of the sha256 of the published 2015 weights."""


class Extractor(NamedTuple):
    """A network that turns images (N, C, H, W) uint8 into features (N, D) and logits (N, K)."""

    name: str
    sha256: str
    resize: str
    extract: Callable[[np.ndarray], tuple[Tensor, Tensor]]

    @property
    def card(self) -> dict[str, str]:
        """What tells its numbers from those of another."""
        return {"extractor": self.name, "extractor_sha256": self.sha256, "resize": self.resize}


def classifier_extractor(path: Path, device: torch.device) -> Extractor:
    """The classifier that was trained on the dataset."""
    network = load_classifier(path, device)
    extract = lambda x: extract_features(network, x)  # noqa: E731
    return Extractor("classifier", provenance.sha256(path), "none", extract)


def inception_extractor(weights: str | None, resize: str, device: torch.device) -> Extractor:
    """Inception-v3 with the weights of 2015, those of the published FIDs: 2048 features.

    Batch normalisation is folded into the convolutions, which changes the features in the last
    digits and takes half the time.

    Parameters
    ----------
    weights : a local file; None: torch-fidelity's download, kept in torch's cache
    resize : a key of RESIZE

    Raises
    ------
    InputError : if the weights cannot be had or are not those of this network.

    Source: Szegedy et al. 2016, arXiv:1512.00567; Heusel et al. 2017, as torch-fidelity has it.
    """
    path = _local(resolve(weights)) if weights else _downloaded()
    from torchmetrics.image.fid import NoTrainInceptionV3

    try:
        torch.load(path, map_location="cpu", weights_only=True)  # torch-fidelity would run code
        network = NoTrainInceptionV3(
            "inception-v3-compat", ["2048", "logits_unbiased"], str(path), resize == "antialias"
        )
    except (RuntimeError, EOFError, UnpicklingError, TypeError, AttributeError) as error:
        reason = (str(error) or "it ends too early").splitlines()[0]
        raise InputError(
            f"evaluate.inception_weights: {path} holds no weights of Inception-v3: {reason}"
        ) from None
    network = folded(network).to(device, memory_format=torch.channels_last)

    @torch.no_grad()
    def extract(x: np.ndarray) -> tuple[Tensor, Tensor]:
        colour = (torch.as_tensor(b).to(device) for b in np.array_split(x, -(-len(x) // BATCH)))
        parts = [network._torch_fidelity_forward(b.expand(-1, 3, -1, -1)) for b in colour]
        found, logits = (torch.cat(p).cpu() for p in zip(*parts, strict=True))
        return found, logits

    return Extractor("inception", provenance.sha256(path), RESIZE[resize], extract)


def folded(network: torch.nn.Module) -> torch.nn.Module:
    """Put every batch normalisation of torch-fidelity's Inception into its convolution."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for block in network.modules():
        if hasattr(block, "conv") and hasattr(block, "bn"):
            block.conv, block.bn = fuse_conv_bn_eval(block.conv, block.bn), torch.nn.Identity()
    return network


def choose_extractor(choices, classifier: Path, channels: int, device: torch.device) -> Extractor:
    """The extractor that `choices`, the block `evaluate`, ask for; says so if it falls back.

    auto is the classifier for grey images; for colour Inception, or the classifier where the
    weights cannot be downloaded.
    """
    inception = (choices.inception_weights, choices.resize, device)
    if choices.extractor == "inception":
        return inception_extractor(*inception)
    if choices.extractor == "auto" and channels == 3:
        try:
            return inception_extractor(*inception)
        except InputError as error:
            if choices.inception_weights:
                raise
            print(
                f"note: features of the classifier instead of Inception: {error}", file=sys.stderr
            )
    return classifier_extractor(classifier, device)


def load_matching_extractor(
    card: dict, choices, classifier: Path, device: torch.device
) -> Extractor:
    """The extractor of the reference's protocol `card`, an InputError if it has changed since."""
    if card["extractor"] == "classifier":
        found = classifier_extractor(classifier, device)
    else:
        found = inception_extractor(choices.inception_weights, choices.resize, device)
    if any(card[k] != v for k, v in found.card.items()):
        raise InputError(
            f"the {found.name} is not the one that the reference was made with; run"
            " `dvc repro --force -s` on the reference stage"
        )
    return found


def _local(path: Path) -> Path:
    """The file, if it has the hash that its name ends in, if any."""
    named = re.search(r"-([0-9a-f]{8,64})\.\w+$", path.name)
    if named and not provenance.sha256(path).startswith(named[1]):
        raise InputError(
            f"evaluate.inception_weights: {path} is damaged: its sha256 begins with"
            f" {provenance.sha256(path)[:8]}, not {named[1]} as its name says"
        )
    return path


def _downloaded() -> Path:
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    path = Path(torch.hub.get_dir(), "checkpoints", URL_INCEPTION_V3.rsplit("/", 1)[1])
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)  # a firewall may swallow the request
        try:
            torch.hub.download_url_to_file(URL_INCEPTION_V3, path, PUBLISHED_SHA256, progress=False)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"no Inception weights: the download failed ({error}); set"
                f" evaluate.inception_weights to a copy of {path.name}"
            ) from None
        finally:
            socket.setdefaulttimeout(None)
    return _local(path)
