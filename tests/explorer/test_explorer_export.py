"""What cannot be in a page is said, and what is in it lies there once."""

import re
import shutil

import explorable
import numpy as np
import pytest
import torch

from genbench.explorer import page, runtime
from genbench.explorer.content import Content
from genbench.explorer.export import NotExportable, Weights, export
from genbench.explorer.pack import Pack
from genbench.models.base import registry
from genbench.utils.errors import InputError

SHAPE = (1, 8, 8)
SHARES = torch.full((3,), 1 / 3).log()


def build(name):
    return registry.build(name, SHAPE, 3, **explorable.choices().build_args(name)).eval()


def test_a_model_that_branches_on_values_is_not_exported():
    class Branching(type(build("dcgan"))):
        def decode(self, z, y):
            return super().decode(z, y) * (1 if z[0, 0] > z[0, 1] else float(z[0, 0].tanh()))

    model = build("dcgan")
    model.__class__ = Branching
    with pytest.raises(NotExportable, match="another image: does it branch on values"):
        export(model, SHAPE, SHARES, Weights())


def test_an_operation_that_onnx_lacks_is_named():
    model = build("dcgan")
    model.scores = lambda x, y: {"determinant": torch.linalg.lstsq(x[0], x[0]).solution[:, 0, 0]}
    with pytest.raises(NotExportable, match="lstsq"):
        export(model, SHAPE, SHARES, Weights())


def test_the_page_says_which_model_is_left_out(tmp_path, monkeypatch):
    def fail(*args):
        raise NotExportable("it has no graph")

    monkeypatch.setattr("genbench.explorer.content.export", fail)
    content = explorable.content(tmp_path, {"gray": (SHAPE, ("gan",))})
    (dataset,) = content.data["datasets"]
    assert dataset["models"] == [] and "gan is left out: it has no graph." in dataset["missing"]


def test_exporting_changes_neither_the_model_nor_torch():
    model = build("cgan")
    z, y = torch.randn(5, 5), torch.arange(5) % 3
    x = torch.rand(5, *SHAPE)
    before = model.decode(z, y), model.scores(x, y)["discriminator"]
    draw = torch.randn
    export(model, SHAPE, SHARES, Weights())
    assert torch.randn is draw
    assert torch.equal(model.decode(z, y), before[0])
    assert torch.equal(model.scores(x, y)["discriminator"], before[1])


def test_weights_that_graphs_share_lie_in_the_page_once():
    weights = Weights()
    graphs = export(build("vae"), SHAPE, SHARES, weights)
    once = len(weights.content)
    parameters = sum(p.numel() for p in build("vae").parameters())
    bank = 4099 * explorable.LATENT_DIM  # noise of the scores
    assert once <= 4 * (parameters + bank) + 100
    export(build("vae"), SHAPE, SHARES, weights)  # of other weights, with the same noise
    assert len(weights.content) - once <= 4 * parameters + 100
    assert all(len(graph) < 30_000 for graph in graphs.values())


def test_an_array_is_where_the_pack_says():
    pack = Pack()
    pack.file(b"abc")
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    place = pack.array(values)
    raw = bytes(pack.content)[place["at"] : place["at"] + place["bytes"]]
    assert place["at"] % 8 == 0 and place["shape"] == [2, 3]
    assert np.array_equal(np.frombuffer(raw, place["type"]), values.ravel())
    with pytest.raises(ValueError, match="got float64"):
        pack.array(values.astype(float))


def test_no_two_modules_of_the_page_have_the_same_name_at_their_top():
    script = page.bundle(page.PAGE)
    names = re.findall(r"^(?:async )?(?:const|let|function) \[?([\w, ]+)", script, re.MULTILINE)
    flat = [name.strip() for group in names for name in group.split(",")]
    assert len(flat) == len(set(flat)) > 50
    assert "import {" not in script and "\nexport " not in script
    used = {path.stem for path in page.PAGE.glob("*.js")}
    assert all(f"function {start}" in script for start in ("startPage", "startEngine", "unzip"))
    assert len(used) == 1 + len(
        set(
            re.findall(
                r'from "\./(\w+)\.js"', "".join(path.read_text() for path in page.PAGE.glob("*.js"))
            )
        )
    )  # all but main are imported


def test_without_npm_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="the explorer needs npm, once"):
        runtime.install()
    assert list(tmp_path.iterdir()) == []


def test_images_beyond_four_megabytes_are_taken_evenly(tmp_path, monkeypatch):
    monkeypatch.setattr("genbench.explorer.content.MAX_BYTES", 20 * 64)
    content = explorable.content(tmp_path, {"gray": (SHAPE, ("vae",))})
    (dataset,) = content.data["datasets"]
    assert isinstance(content, Content)
    assert dataset["train"]["numbers"] == np.linspace(0, 59, 20).astype(int).tolist()
    (model,) = dataset["models"]
    assert "nearest_neighbor" in model["left_out"] and len(model["train_labels"]) == 20
    assert max(model["map"]["images"]) == 19
