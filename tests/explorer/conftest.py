"""onnxruntime-web under node, as `make explore` installs it, and its answers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import explorable
import numpy as np
import pytest

import genbench
from genbench.explorer import page, runtime
from genbench.utils.errors import InputError


class Asked(NamedTuple):
    """What the page's modules said, and of what.

    data : the page's; answers : of ask.mjs; folder : of the models; ends : two latents
    """

    data: dict[str, Any]
    answers: dict[str, Any]
    folder: Path
    latents: dict[int, np.ndarray]
    ends: np.ndarray


@pytest.fixture(scope="session")
def engine():
    """The folder of onnxruntime-web."""
    try:
        return runtime.install()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def asked(tmp_path_factory, engine):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node: Debian's package nodejs")
    folder = tmp_path_factory.mktemp("explorer")
    data, pack = explorable.content(folder, explorable.ALL).finish()
    random = np.random.default_rng(1)
    dims = {model["latent_dim"] for each in data["datasets"] for model in each["models"]}
    latents = {dim: random.standard_normal((4, dim)).astype(np.float32) for dim in dims}
    ends = random.standard_normal((2, 6)).astype(np.float32)
    questions: dict[Any, Any] = {
        dim: {"z": z.tolist(), "images": explorable.IMAGES} for dim, z in latents.items()
    }
    questions |= {"all": {"images": explorable.IMAGES}, "ends": ends.tolist()}
    questions["corruptions"] = explorable.CORRUPTIONS
    (folder / "data.json").write_text(json.dumps(data, allow_nan=False))
    (folder / "questions.json").write_text(json.dumps(questions))
    (folder / "pack").write_bytes(pack)
    shutil.copytree(page.PAGE, folder / "page")
    (folder / "page" / "package.json").write_text('{"type": "module"}')
    words = [node, Path(__file__).parent / "ask.mjs", folder / "page", engine, folder]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return Asked(data, json.loads(done.stdout), folder, latents, ends)


@pytest.fixture(scope="session")
def loaded(asked):
    """A function from a name to the model of the public API and the page's answers of it."""

    def load(name):
        return genbench.load(name, folder=asked.folder), asked.answers["models"][name]

    return load
