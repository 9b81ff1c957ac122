"""Trained models and the protocol for programs and notebooks: NumPy arrays in, NumPy arrays out.

Images are (N, C, H, W) uint8, latents (N, latent_dim) float32 from N(0, 1), a class is its name or
its number.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from . import params
from .anomaly.by_model import error_maps
from .anomaly.scores import Scorer
from .data.imported import MIN_IMAGES
from .evaluation.own import FOLDER
from .evaluation.results import Quality
from .evaluation.samples import Inputs, evaluate_arrays
from .latent.geometry import lerp, slerp
from .models.base import registry, sampling
from .models.base.interface import GenerativeModel
from .models.base.marginal import best_labels
from .networks import checkpoint
from .tracking.download import weights_of_run
from .utils import files, seeds
from .utils.devices import select_device
from .utils.errors import InputError

Label = int | str | None


class Model:
    """A trained model of one dataset. `load` makes it.

    Attributes
    ----------
    model : the network itself, see `models.base.interface`
    dataset, name : of what it was trained on, and its own
    classes : names of the classes
    image_shape : (C, H, W)
    latent_dim : of a latent
    """

    def __init__(self, weights: Path, processed: Path, device: str = "cpu"):
        arrays = files.load_arrays(processed, "train_x", "train_y", "classes")
        self._train = arrays["train_x"], arrays["train_y"]
        self._scorer: Scorer | None = None
        self.model: GenerativeModel = registry.load_model(weights, select_device(device))
        self.name: str = checkpoint.read(weights)["build_args"]["name"]
        self.dataset = processed.stem
        self.classes: list[str] = arrays["classes"].tolist()
        self.image_shape: tuple[int, int, int] = arrays["train_x"].shape[1:]
        self.latent_dim = self.model.latent_dim

    def __repr__(self) -> str:
        kind = "conditional " if self.model.conditional else ""
        return f"<{kind}{self.name} of {self.dataset}: {self.latent_dim} latents>"

    def sample(self, n: int, seed: int = 0, label: Label = None) -> np.ndarray:
        """Generate `n` images (n, C, H, W) uint8.

        With the seed of params.yaml they are the first of those that the pipeline measures.

        label : of all images, for a conditional model; None: all, with the training images' shares
        """
        stream = seeds.derive_seed(seed, "sample", self.dataset)
        z = seeds.sample_latents(n, self.latent_dim, stream)
        if label is None:
            return sampling.decode(self.model, z, sampling.proportional_labels(n, self._train[1]))
        return self.decode(z, label)

    def decode(self, z: np.ndarray, label: Label = None) -> np.ndarray:
        """Latents (N, latent_dim) to images (N, C, H, W) uint8, of one class or of all in turn."""
        z = np.asarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise InputError(f"latents must be (N, {self.latent_dim}), got {z.shape}")
        labels = sampling.labels(len(z), len(self.classes))
        return sampling.decode(
            self.model, z, labels if label is None else self._labels(label, len(z))
        )

    def encode(self, images: np.ndarray, label: Label = None) -> np.ndarray:
        """Images (N, C, H, W) uint8 to latent codes (N, latent_dim).

        label : of all images; None: for a conditional model that which suits each image best

        Raises
        ------
        InputError : for a model without an encoder, and for images of another shape.
        """
        return self._encode(images, label)[0]

    def reconstruct(self, images: np.ndarray, label: Label = None) -> np.ndarray:
        """Decode the codes of images (N, C, H, W) uint8: their reconstructions, of that shape."""
        return sampling.decode(self.model, *self._encode(images, label))

    def interpolate(
        self,
        start: np.ndarray,
        end: np.ndarray,
        steps: int = 9,
        path: Literal["slerp", "lerp"] = "slerp",
        label: Label = None,
    ) -> np.ndarray:
        """Images (steps, C, H, W) uint8 from one latent to another, both included.

        start, end : latents (latent_dim,), or images (C, H, W) uint8, whose codes are taken
        path : on the great circle between them or on the line
        label : of all images; a conditional model needs one
        """
        if self.model.conditional and label is None:
            raise InputError(f"{self.name} needs a label: one of {', '.join(self.classes)}")
        ends = [np.asarray(each) for each in (start, end)]
        codes = [self.encode(e[None], label) if e.ndim == 3 else e[None] for e in ends]
        t = np.linspace(0, 1, steps, dtype=np.float32)
        z = (slerp if path == "slerp" else lerp)(codes[0], codes[1], t)[0]
        return self.decode(z, label)

    def scores(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Anomaly scores of images (N, C, H, W) uint8 by name, each (N,): larger is more anomalous.

        They are those of the stage `anomaly`, the main one first; see `anomaly.scores.Scorer`.
        """
        x = _checked(images, self.image_shape)
        if self._scorer is None:
            self._scorer = Scorer(self.model, *self._train)
        return self._scorer(x)

    def error_map(self, images: np.ndarray) -> np.ndarray:
        """How anomalous each pixel of images (N, C, H, W) uint8 is, (N, H, W) at or above 0.

        As the stage `anomaly` maps it: `GenerativeModel.error_map`, told no image's class.

        Raises
        ------
        InputError : for a model that cannot say, such as a GAN without an encoder.
        """
        x = _checked(images, self.image_shape)
        maps = error_maps(self.model, x, self._train[1])
        if maps is None:
            raise InputError(f"{self.name} has no map of errors")
        return maps(x)

    def _labels(self, label: int | str, n: int) -> np.ndarray:
        known = {name: k for k, name in enumerate(self.classes)}
        number = known.get(label) if isinstance(label, str) else label
        if number not in range(len(self.classes)):
            names = ", ".join(self.classes)
            raise InputError(f"a label is a number from 0 or one of {names}; got {label!r}")
        return np.full(n, number)

    @torch.no_grad()
    def _encode(self, images: np.ndarray, label: Label) -> tuple[np.ndarray, np.ndarray]:
        """The codes of images, and the labels that they were encoded and are decoded with."""
        x = _checked(images, self.image_shape)
        if label is not None:
            labels = self._labels(label, len(x))
        else:
            shares = sampling.log_class_shares(self._train[1])
            best = partial(best_labels, self.model, log_shares=shares)
            labels = torch.cat(sampling.in_batches(self.model, best, x)).cpu().numpy()
        codes = sampling.encode(self.model, x, labels)
        if codes is None:
            raise InputError(f"{self.name} has no encoder")
        return codes, labels


def load(
    name: str | None = None, *, run_id: str | None = None, folder: str | Path = ".", device="cpu"
) -> Model:
    """A trained model: of the pipeline in `folder`, or of a run in MLflow.

    Nothing that is stored beside the weights is run; of a model of the user's own its class in
    `folder` is, as the pipeline's stages run it.

    Parameters
    ----------
    name : <dataset>/<model>, such as digits/vae; a training of a sweep as in data/models
    run_id : instead of a name, the id of a training's run, in the store of the pipeline
    folder : with the pipeline's data/; it has the processed dataset also for `run_id`
    device : cpu, cuda, mps or auto

    Raises
    ------
    InputError : for a model that is not there, and for damaged weights.
    """
    if (name is None) == (run_id is None):
        raise InputError("give the name of a model, such as digits/vae, or the id of a run")
    data = Path(folder) / "data"
    if run_id is not None:
        with weights_of_run(run_id) as (weights, dataset):
            return Model(weights, _processed(data, dataset), device)
    dataset, _, model = str(name).partition("/")
    weights = data / "models" / dataset / model / "weights.pt"
    if not weights.is_file():
        trained = (each.parent for each in data.glob("models/*/*/weights.pt"))
        known = ", ".join(sorted(f"{each.parent.name}/{each.name}" for each in trained))
        raise InputError(f"there is no {weights}; trained models: {known or 'none'}")
    return Model(weights, _processed(data, dataset), device)


def _processed(data: Path, dataset: str) -> Path:
    path = data / "processed" / f"{dataset}.npz"
    if not path.is_file():
        raise InputError(f"there is no {path}; `dvc repro` makes it")
    return path


def evaluate(images: np.ndarray, dataset: str, folder: str | Path = ".", device="cpu") -> Quality:
    """Measure generated images (N, C, H, W) uint8 as the pipeline in `folder` measures a model's.

    At most `evaluate.n` of them count, the first.

    Returns
    -------
    Quality : `metrics` has each number with its interval, by the keys of the report's tables
    """
    root = Path(folder)
    inputs = Inputs(
        dataset,
        _processed(root / "data", dataset),
        root / "data" / "classifiers" / dataset,
        root / "metrics" / "details" / "reference" / dataset,
        root / FOLDER,
    )
    x = _checked(images, files.load_npz(inputs.data, "test_x")[0].shape[1:])
    if len(x) < MIN_IMAGES:
        raise InputError(f"images must be N >= {MIN_IMAGES}, got {x.shape}")
    choices = params.load(root / "params.yaml")
    arrays = {"x": x, "source": "an array"}
    return evaluate_arrays(arrays, inputs, choices, select_device(device)).quality


def _checked(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    x = np.asarray(images)
    if x.dtype != np.uint8 or x.shape[1:] != shape:
        wanted = ", ".join(map(str, shape))
        raise InputError(f"images must be (N, {wanted}) uint8, got {x.shape} {x.dtype}")
    return x
