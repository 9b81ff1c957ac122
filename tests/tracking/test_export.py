"""A stored model can be pickled, as MLflow does, and makes what the weights make."""

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genbench import params
from genbench.models.base import plugins, registry
from genbench.networks import checkpoint
from genbench.tracking import export
from genbench.utils.files import save_json

ROOT = Path(__file__).parents[2]
SHIPPED = params.load(ROOT / "params.yaml")


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


LOAD = """
import pickle, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import torch

model = pickle.loads(Path("model.pickle").read_bytes())
print(type(model.model).__module__, model(torch.zeros(2, 16)).sum().item())
"""


def test_a_model_of_ones_own_is_loaded_elsewhere_by_the_code_that_is_stored_with_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "genbench.models.lsgan", None)  # forgets it in the end
    plugins.COPIES.mkdir(parents=True)
    shutil.copy(ROOT / "plugins" / "lsgan.py", plugins.COPIES / "lsgan.py")
    class_path = "plugins/lsgan.py:Model"
    build_args = {"name": "lsgan", "image_shape": (1, 8, 8), "classes": 3}
    build_args |= {"latent_dim": 16, "width": 4, "lr": 0.1}
    model = registry.build(**build_args, class_path=class_path)
    checkpoint.save(tmp_path / "m" / "weights.pt", model, **build_args)
    save_json(tmp_path / "m" / plugins.RECORD, plugins.facts("lsgan", class_path))
    stored = export.load(tmp_path / "m" / "weights.pt")
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(stored))
    code, own = export.code_of(tmp_path / "m" / "weights.pt", tmp_path / "stored")
    assert [path.name for path in own] == ["code.json", "lsgan.py"]
    shutil.rmtree(plugins.COPIES)
    words = [sys.executable, "-c", LOAD, str(code.parent)]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    with torch.no_grad():
        assert float(printed[1]) == pytest.approx(stored(torch.zeros(2, 16)).sum().item(), 1e-5)
    assert printed[0] == "genbench.models.lsgan"
