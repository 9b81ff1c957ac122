"""What programs get is what the pipeline has measured, to the last bit."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from known import CLASSES, DATASET, GAN, VAE

import genbench
from genbench.anomaly.results import load_scores
from genbench.utils import files
from genbench.utils.errors import InputError

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
FEW = np.zeros((9, 1, 8, 8), np.uint8)


@pytest.fixture(params=[GAN, VAE])
def model(run, request):
    return genbench.load(f"{DATASET}/{request.param}", folder=run.root)


@pytest.fixture
def vae(run):
    return genbench.load(f"{DATASET}/{VAE}", folder=run.root)


@pytest.fixture
def gan(run):
    return genbench.load(f"{DATASET}/{GAN}", folder=run.root)


def samples(run, name):
    return files.load_arrays(run.root / "data" / "samples" / DATASET / name / "samples.npz")


def test_a_model_says_what_it_is(vae, gan):
    assert (vae.name, vae.dataset, vae.classes) == (VAE, DATASET, list(CLASSES))
    assert (vae.image_shape, vae.latent_dim) == ((1, 8, 8), 3)
    assert repr(gan) == f"<conditional {GAN} of {DATASET}: 3 latents>"


def test_samples_are_the_first_that_the_pipeline_measures(run, model):
    stored = samples(run, model.name)
    assert np.array_equal(model.sample(30, seed=run.params.seed), stored["x"][:30])
    assert not np.array_equal(model.sample(30, seed=7), stored["x"][:30])


def test_a_class_is_its_name_or_its_number(gan):
    by_name, by_number = gan.sample(5, label="right"), gan.sample(5, label=2)
    assert np.array_equal(by_name, by_number)
    assert not np.array_equal(by_name, gan.sample(5, label="left"))


def test_decoding_gives_the_image_of_a_latent(run, model):
    stored = samples(run, model.name)
    for label in range(3):
        rows = stored["y"] == label
        got = model.decode(stored["z"][rows][:4], CLASSES[label])
        assert np.array_equal(got, stored["x"][rows][:4])
    assert model.decode(stored["z"][:3].tolist()).shape == (3, 1, 8, 8)


def test_codes_and_scores_are_those_of_the_stages(run, vae):
    codes = files.load_arrays(run.details("latent", VAE) / "codes.npz")["codes"]
    n = run.params.latent.n
    assert n >= len(run.processed["test_x"])  # so they are of all test images, in some order
    got = vae.encode(run.processed["test_x"])
    order = [np.abs(codes - code).sum(1).argmin() for code in got]
    assert sorted(order) == list(range(len(got)))
    np.testing.assert_allclose(codes[order], got, rtol=1e-5, atol=1e-6)


def test_scores_are_those_of_the_stage(run, model):
    for images in load_scores(run.details("anomaly", model.name) / "scores.npz"):
        if images.kind == "ood" and images.name == "noise":
            got = model.scores(run.processed["ood_noise_x"])
            assert next(iter(got)) == run.metrics("anomaly", model.name)["main_score"]
            for name, values in got.items():
                np.testing.assert_allclose(
                    np.sort(values), np.sort(images.scores[name]), rtol=1e-4, atol=1e-4
                )


def test_reconstructions_are_decoded_codes(run, vae):
    x = run.processed["test_x"][:5]
    assert np.array_equal(vae.reconstruct(x), vae.decode(vae.encode(x)))
    assert np.abs(vae.reconstruct(x).astype(int) - x).mean() < 128


@pytest.mark.parametrize("path", ["slerp", "lerp"])
def test_a_path_begins_and_ends_with_its_ends(run, vae, gan, path):
    x = run.processed["test_x"]
    images = vae.interpolate(x[0], x[9], steps=4, path=path)
    assert images.shape == (4, 1, 8, 8)
    assert np.array_equal(images[[0, -1]], vae.reconstruct(x[[0, 9]]))
    z = np.float32([[1, 0, 2], [0, 2, 1]])
    along = gan.interpolate(*z, steps=3, path=path, label="left")
    assert np.array_equal(along[[0, -1]], gan.decode(z, "left"))


def test_the_middle_of_a_line_is_the_mean_of_its_ends(vae):
    a, b = np.float32([[1, 0, 2], [0, 2, 1]])
    middle = vae.interpolate(a, b, steps=3, path="lerp")[1]
    assert np.array_equal(middle, vae.decode((a + b)[None] / 2)[0])


def test_arrays_are_measured_as_the_pipeline_measures_a_model(run):
    stored = samples(run, VAE)
    half = stored["x"][: len(stored["x"]) // run.params.evaluate.sample_sets]
    quality = genbench.evaluate(half, DATASET, folder=run.root)
    expected = run.metrics("evaluate", VAE)
    for key, estimate in quality.metrics.items():
        assert estimate.value == pytest.approx(expected["metrics"][key]["value"], 1e-5), key
    assert set(expected["metrics"]) - set(quality.metrics) == {"negative_elbo"}
    assert quality.n_fake == expected["n_fake"] and quality.protocol.source == "an array"


def test_a_run_in_mlflow_has_the_model(run, monkeypatch):
    import mlflow

    monkeypatch.chdir(run.root)
    client = mlflow.MlflowClient(f"sqlite:///{run.root / 'mlflow.db'}")
    (experiment,) = [e for e in client.search_experiments() if e.name == "known"]
    found = client.search_runs([experiment.experiment_id], "tags.`genbench.model` != ''")
    of_vae = next(each for each in found if each.data.params["model_name"] == VAE)
    loaded = genbench.load(run_id=of_vae.info.run_id)
    assert np.array_equal(loaded.sample(7), genbench.load(f"{DATASET}/{VAE}").sample(7))
    with pytest.raises(InputError, match="MLflow at .*Run with id=nothing not found"):
        genbench.load(run_id="nothing")


@pytest.mark.parametrize(
    "call, line",
    [
        (lambda m, root: m.decode(np.zeros(3)), r"latents must be \(N, 3\), got \(3,\)"),
        (lambda m, root: m.encode(np.zeros((2, 1, 8, 8))), r"\(N, 1, 8, 8\) uint8, got .* float64"),
        (lambda m, root: m.scores(np.zeros((2, 8, 8), np.uint8)), r"images must be \(N, 1, 8, 8\)"),
        (lambda m, root: m.sample(2, label="up"), "0 or one of left, middle, right; got 'up'"),
        (lambda m, root: m.sample(2, label=3), "0 or one of left, middle, right; got 3"),
        (lambda m, root: m.encode(np.zeros((2, 1, 8, 8), np.uint8)), "cgan has no encoder"),
        (lambda m, root: m.interpolate(*np.eye(3)[:2]), "cgan needs a label: one of left, middle,"),
        (lambda m, root: genbench.load("spots/vae", folder=root), "trained models: .*spots/cgan, "),
        (
            lambda m, root: genbench.load(folder=root),
            "give the name of a model, such as digits/vae",
        ),
        (lambda m, root: genbench.evaluate([], "mars", folder=root), "mars.npz; `dvc repro` makes"),
        (lambda m, root: genbench.evaluate(FEW, DATASET, folder=root), ">= 10, got"),
    ],
)
def test_a_mistake_is_one_line(run, gan, call, line):
    with pytest.raises(InputError, match=line):
        call(gan, run.root)


def test_the_notebook_runs(run, capsys):
    """Every cell as it stands, but for the names of the dataset and the model."""
    cells = json.loads((ROOT / "docs" / "quickstart.ipynb").read_text())["cells"]
    names = {"digits": DATASET, "vae": VAE, '".."': f'"{run.root}"', "plt.show()": "plt.close()"}
    space: dict = {}
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        source = "".join(cell["source"])
        code = re.sub(r"digits|vae(?=\")|\"\.\.\"|plt\.show\(\)", lambda m: names[m[0]], source)
        exec(compile(code, "cell", "exec"), space)
    printed = capsys.readouterr().out
    assert "training images: FID" in printed and "near copies 100%" in printed


def test_importing_genbench_imports_no_torch():
    code = "import genbench, sys; print('torch' in sys.modules, genbench.load.__name__)"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "load"]
