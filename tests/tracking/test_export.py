"""A stored model can be pickled, as MLflow does, and makes what the weights make."""

import pickle
from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import registry
from genbench.networks import checkpoint
from genbench.tracking import export

SHIPPED = params.load(Path(__file__).parents[2] / "params.yaml")


@pytest.mark.parametrize("name", registry.NAMES)
def test_every_model_survives_pickling(name, tmp_path):
    torch.manual_seed(0)
    build_args = {"name": name, "image_shape": (1, 8, 8), "classes": 3}
    build_args |= SHIPPED.build_args(name) | {"width": 4}
    checkpoint.save(tmp_path / "weights.pt", registry.build(**build_args), **build_args)
    weights, stored = (f(tmp_path / "weights.pt") for f in (registry.load_model, export.load))
    copy = pickle.loads(pickle.dumps(stored))
    z, y = torch.randn(6, weights.latent_dim), torch.arange(6) % 3
    with torch.no_grad():
        x = weights.decode(z, y)
        assert torch.equal(copy(z), x)
        for score, values in weights.scores(x, y).items():
            torch.testing.assert_close(copy.model.scores(x, y)[score], values)
