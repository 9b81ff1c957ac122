"""Headlines and MLflow's runs show the numbers that the stages have measured, of the right run."""

import json
import sqlite3

import pytest
from known import DATASET, GAN, VAE

from genbench.training.results import load_training
from genbench.utils.files import load_json

POINTS = {f"{VAE}-2-8-0": f"{VAE}-2-8", "beta_vae-3-0": "beta_vae-3"}
"""Names of trials, and of their points."""
REPLICATES = {GAN: f"{GAN}-1", VAE: f"{VAE}-1"}


def measured(run, name):
    """The headlines of one training, from the records of its stages or of its trial."""
    if name in REPLICATES.values():
        trial = load_json(run.details("replicate", f"{name}.json"))
        quality, latent = trial["quality"]["metrics"], trial["latent"]["metrics"]
        rows, structure = trial["detection"], trial.get("embedding")
    else:
        quality = run.metrics("evaluate", name)["metrics"]
        latent = run.metrics("latent", name)["metrics"]
        rows = run.metrics("anomaly", name)
        structure = run.metrics("tsne")["codes"].get(name)
    main = [d for d in rows["detections"] if d["score"] == rows["main_score"]]
    of_kind = {k: [d["auroc"]["value"] for d in main if d["kind"] == k] for k in ("ood",)}
    (corruptions,) = (d["auroc"]["value"] for d in main if d["kind"] == "corruptions")
    numbers = {
        "fid_classifier": quality["fid"]["value"],
        "kid_classifier": quality["kid"]["value"],
        "precision_classifier": quality["precision"]["value"],
        "recall_classifier": quality["recall"]["value"],
        "corruption_auroc": corruptions,
        "ood_auroc": sum(of_kind["ood"]) / len(of_kind["ood"]),
    }
    if structure:
        numbers["negative_elbo"] = quality["negative_elbo"]["value"]
        numbers["psnr"] = latent["psnr"]["value"]
        numbers["knn_accuracy"] = structure["knn_accuracy"]
    return numbers


@pytest.fixture(scope="module")
def summary(run):
    return load_json(run.root / "metrics" / "summary.json")[DATASET]


@pytest.mark.parametrize("name", [GAN, VAE])
def test_the_summary_has_the_numbers_of_each_model(run, summary, name):
    first, second = measured(run, name), measured(run, REPLICATES[name])
    shown = {key: value for key, value in summary[name].items() if key in first}
    assert shown == pytest.approx({k: (first[k] + second[k]) / 2 for k in shown}, rel=1e-5)
    assert {"fid_classifier", "corruption_auroc", "ood_auroc"} <= shown.keys()


def test_the_summary_has_the_reference_and_the_points(run, summary):
    reference = run.metrics("reference")
    for name in ("floor", "ceiling"):
        assert summary[name]["fid_classifier"] == reference[name]["fid"]["value"]
    classical = run.metrics("controls")["classical"]
    for name, quality in classical.items():
        fid = quality["metrics"]["fid"]["value"]
        assert summary[f"classical-{name}"]["fid_classifier"] == fid
    names = {
        *(f"sweep-{name}" for name in POINTS.values()),
        *(f"classical-{name}" for name in classical),
    }
    assert summary.keys() == {GAN, VAE, "floor", "ceiling", "classifier", *names}
    for trial, name in POINTS.items():
        metrics = load_json(run.details("sweep", f"{trial}.json"))["quality"]["metrics"]
        assert summary[f"sweep-{name}"]["fid_classifier"] == metrics["fid"]["value"]


@pytest.fixture(scope="module")
def store(run):
    with sqlite3.connect(run.root / "mlflow.db") as database:
        points = database.execute(
            "select r.name, m.key, m.step, m.value from runs r join metrics m using (run_uuid)"
        ).fetchall()
        params = database.execute(
            "select r.name, p.key, p.value from runs r join params p using (run_uuid)"
        ).fetchall()
    return points, params


@pytest.mark.parametrize("name", [GAN, VAE, *REPLICATES.values(), *POINTS])
def test_a_run_in_mlflow_has_its_curves_and_its_headlines_at_their_images(
    run, summary, store, name
):
    folder = run.root / "data" / "models" / DATASET / name
    training = load_training(folder)
    points = {(key, step): v for each, key, step, v in store[0] if each == f"{DATASET}-{name}"}
    curves = {
        (key, int(row["images"])): value
        for row in training.history
        for key, value in row.items()
        if (key, int(row["images"])) in points
    }
    assert len({step for key, step in curves if "loss" in key}) == len(training.history)
    for key, value in curves.items():
        assert points[key] == pytest.approx(value, rel=1e-5), key
    if name in POINTS:
        headlines = summary[f"sweep-{POINTS[name]}"]
    else:
        own, shown = measured(run, name), summary[name.split("-")[0]]
        headlines = {key: own[key] for key in own.keys() & shown.keys()}
    for key, value in headlines.items():
        assert points[key, training.summary.images] == pytest.approx(value, rel=1e-5), key


@pytest.mark.parametrize("name", [GAN, VAE, *REPLICATES.values(), *POINTS])
def test_a_run_in_mlflow_has_the_choices_that_it_was_made_with(run, store, name):
    params = {key: value for each, key, value in store[1] if each == f"{DATASET}-{name}"}
    grid, beta = POINTS
    expected = {
        "model.latent_dim": "2" if name == grid else "3",
        "seed": "1" if name in REPLICATES.values() else "0",
    }
    expected |= {"model.width": "8" if name == grid else "4", "dataset": DATASET}
    expected |= {"train.images": "480" if name in POINTS else "960"}
    expected |= {"model_name": name.split("-")[0]}
    if name == beta:
        expected["zoo.beta_vae.beta"] = "3"
    assert {key: params[key] for key in expected} == expected


def test_the_report_shows_each_models_distance_in_its_own_row(run, summary):
    page = (run.root / "reports" / "index.html").read_text(encoding="utf-8")
    assert json.dumps(DATASET)[1:-1] in page
    for name in (GAN, VAE):
        assert f"{summary[name]['fid_classifier']:.3g}"[:3] in page
