"""The explorer's numbers are those that the stages wrote, also of a run in MLflow."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from known import CLASSES, DATASET, GAN, VAE

from genbench.explorer import runtime
from genbench.explorer.collect import add_pipeline, add_run
from genbench.explorer.content import Content
from genbench.latent.results import load_embeddings
from genbench.tracking.upload import add_page
from genbench.utils import files
from genbench.utils.errors import InputError

pytestmark = pytest.mark.slow
DATA = Path("data")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def there(run, monkeypatch):
    """The run, in whose folder the test works."""
    monkeypatch.chdir(run.root)
    return run


class Shown:
    """What a page holds."""

    def __init__(self, content):
        data, self.pack = content.finish()
        (self.dataset,) = data["datasets"]
        self.models = {model["name"]: model for model in self.dataset["models"]}

    def array(self, place):
        raw = self.pack[place["at"] : place["at"] + place["bytes"]]
        return np.frombuffer(raw, place["type"]).reshape(place["shape"])


@pytest.fixture
def shown(there):
    content = Content(there.params)
    add_pipeline(content, DATA, Path("metrics/details"))
    return Shown(content)


def thresholds(run, model):
    """By score, those that the stage has decided by."""
    rows = run.metrics("anomaly", model)["detections"]
    return {row["score"]: row["decisions"]["threshold"] for row in rows if row.get("decisions")}


@pytest.mark.parametrize("name", [GAN, VAE])
def test_thresholds_and_scores_are_those_of_the_anomaly_stage(there, shown, name):
    known = thresholds(there, name)
    model = shown.models[name]
    got = {score["name"]: score["threshold"] for score in model["scores"]}
    slow = {"importance_weighted", "likelihood_regret", "latent_inversion"}
    assert known.keys() - got.keys() == (slow | {"complexity"}) & known.keys()
    assert model["left_out"].keys() == known.keys() - got.keys()
    assert got == pytest.approx({score: known[score] for score in got}, rel=1e-5)
    arrays = files.load_arrays(there.details("anomaly", name, "scores.npz"))
    part = arrays["kinds"].tolist().index("test")
    for score in model["scores"]:
        column = arrays["scores"].tolist().index(score["name"])
        assert np.array_equal(shown.array(score["test"]), arrays[f"{part}_{column}"])


def test_sliders_are_sorted_by_the_kl_and_by_the_change_of_pixels(there, shown):
    kl = there.metrics("latent", VAE)["kl_per_latent"]
    of_vae = shown.models[VAE]["directions"]
    assert of_vae["latents"] == np.argsort(kl)[::-1].tolist()
    assert of_vae["weights"] == pytest.approx(sorted(kl, reverse=True), rel=1e-3)
    of_gan = shown.models[GAN]["directions"]
    shares = there.metrics("latent", GAN)["direction_shares"]
    assert of_gan["weights"] == pytest.approx(shares, rel=1e-3)


def test_maps_are_those_of_the_tsne_stage(there, shown):
    codes, features = load_embeddings(there.details("tsne", "embeddings.npz"))
    of_vae = shown.models[VAE]["map"]
    assert (of_vae["of"], of_vae["images"]) == ("codes", codes.images.tolist())
    assert np.array_equal(shown.array(of_vae["points"]), codes.points)
    of_gan = shown.models[GAN]["map"]
    made = np.array(of_gan["images"]) < 0
    wanted = features.points[features.groups == GAN]
    assert np.array_equal(shown.array(of_gan["points"])[made], wanted)
    stored = files.load_arrays(there.root / "data" / "samples" / DATASET / GAN / "samples.npz")
    numbers = features.images[features.groups == GAN]
    assert np.array_equal(shown.array(of_gan["z"]), stored["z"][numbers])
    assert np.array(of_gan["images"])[made].tolist() == [-1 - i for i in range(len(numbers))]


def test_images_and_names_are_those_of_the_dataset(there, shown):
    assert shown.dataset["classes"] == list(CLASSES) and shown.dataset["missing"] == []
    assert np.array_equal(shown.array(shown.dataset["test"]["x"]), there.processed["test_x"])
    assert shown.dataset["severities"] == {"blur": 1, "occlusion": 0.5, "inversion": 1.0}


def test_a_run_in_mlflow_has_the_same_numbers_and_keeps_its_page(there, shown, tmp_path):
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{there.root / 'mlflow.db'}")
    (experiment,) = [e for e in client.search_experiments() if e.name == "known"]
    found = client.search_runs([experiment.experiment_id], "tags.`genbench.model` != ''")
    run = next(each.info.run_id for each in found if each.data.params["model_name"] == VAE)
    content = Content(there.params)
    add_run(content, run, DATA)
    model = Shown(content).models[VAE]
    of_pipeline = shown.models[VAE]
    for key in ("directions", "left_out", "train_mean_nll", "train_labels"):
        left, right = (
            {**each, "vectors": None} if key == "directions" else each
            for each in (model[key], of_pipeline[key])
        )
        assert left == pytest.approx(right, rel=1e-3) if key == "train_mean_nll" else left == right
    assert [(s["name"], s["threshold"]) for s in model["scores"]] == [
        (s["name"], pytest.approx(s["threshold"], rel=1e-6)) for s in of_pipeline["scores"]
    ]
    assert model["map"] is None
    (tmp_path / "page.html").write_text("<p>the page")
    add_page(run, tmp_path / "page.html")
    stored = client.download_artifacts(run, "explorer.html", str(tmp_path))
    assert Path(stored).read_text() == "<p>the page"


@pytest.mark.parametrize(
    "choice, line",
    [
        ({"dataset": "mars"}, "dataset: unknown mars; known: spots"),
        ({"models": ["cgan", "vea"]}, "models: unknown vea; known: cgan, res_vae"),
    ],
)
def test_an_unknown_name_is_one_line(there, choice, line):
    with pytest.raises(InputError, match=line):
        add_pipeline(Content(there.params), DATA, Path("metrics/details"), **choice)


def test_the_script_writes_the_page_of_the_models_that_are_asked_for(run, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    try:
        engine = runtime.install()
    except InputError as error:
        pytest.skip(str(error))
    monkeypatch.chdir(run.root)
    monkeypatch.setattr(runtime, "install", lambda: engine)
    main = runpy.run_path(str(ROOT / "stages" / "explore.py"))["main"]
    main(models=GAN, reports=tmp_path)
    text = (tmp_path / "explorer.html").read_text(encoding="utf-8")
    assert f'"name":"{GAN}"' in text and f'"name":"{VAE}"' not in text
