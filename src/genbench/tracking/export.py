"""A trained model as one function of its latents: what MLflow stores, loads and serves."""

import shutil
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..models.base import plugins, registry
from ..models.base.interface import GenerativeModel
from ..networks import checkpoint
from ..utils import files

CARD = """Images from latents N(0, 1).

`mlflow.pytorch.load_model`, `mlflow.pyfunc.load_model` and `mlflow models serve` run code that is \
stored in this model: a pickle, and the package of the time. Use them only for a model of somebody \
whom you trust.

In an environment with genbench, this runs no stored code, and refuses changed weights:

```python
from pathlib import Path
import mlflow
from genbench.tracking import export

path = Path(mlflow.artifacts.download_artifacts("{address}"), "extra_files", "weights.pt")
generator = export.load(path)
```
"""
"""Of a stored model, in Markdown."""


class ServableGenerator(nn.Module):
    """Latents (N, latent_dim) to images (N, C, H, W) in [-1, 1]; the labels take turns."""

    def __init__(self, model: GenerativeModel, image_shape: tuple[int, int, int], classes: int):
        super().__init__()
        self.model = model
        self.image_shape = image_shape
        self.classes = classes

    @property
    def latent_dim(self) -> int:
        return self.model.latent_dim

    def forward(self, z: Tensor) -> Tensor:
        return self.model.decode(z, torch.arange(len(z), device=z.device) % self.classes)


def load(weights: Path) -> ServableGenerator:
    """The generator in a file of `checkpoint.save`.

    Spectral normalisation is worked into the weights: torch cannot pickle it.
    """
    build_args = checkpoint.read(weights)["build_args"]
    model = registry.load_model(weights)
    for module in filter(parametrize.is_parametrized, list(model.modules())):
        for name in list(module.parametrizations):
            parametrize.remove_parametrizations(module, name)
    return ServableGenerator(model, tuple(build_args["image_shape"]), build_args["classes"]).eval()


def code_of(weights: Path, scratch: Path) -> tuple[Path, list[Path]]:
    """The package that makes images from weights, and the user's own files in it.

    With a model of the user's own it is a copy in `scratch` that has the model's file.
    """
    package = Path(__file__).parents[1]
    record = weights.parent / plugins.RECORD
    if not record.exists():
        return package, []
    name = files.load_json(record)["name"]
    copy = scratch / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    own = copy / "models" / f"{name}.py"
    shutil.copyfile(plugins.COPIES / own.name, own)
    return copy, [record, own]
