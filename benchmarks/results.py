"""Keep the results of one dataset from the workspace in `docs/results`, and print all kept there.

Three tables: the quality of every model, the AUROC of every score, and latent spaces.

    python benchmarks/results.py mnist
    python benchmarks/results.py cifar10 cifar10-long

The second word is the name under which they are kept, where it is not the dataset's. What is kept
of each model outlives the workspace, so a table may be filled over several runs.
"""

import shutil
import sys
from pathlib import Path

from genbench.anomaly.results import DetectionResults
from genbench.evaluation.results import METRICS_FILE, Reference
from genbench.latent.results import Embeddings
from genbench.results.metrics import QUALITY, SAMPLES
from genbench.results.run import load_model
from genbench.utils import files, provenance
from genbench.utils.record import Estimate

DETAILS = Path("metrics/details")
BY_EXTRACTOR = {metric.key for metric in (*QUALITY, *SAMPLES) if metric.by_extractor}
KEPT = Path(__file__).parents[1] / "docs" / "results"
COLUMNS = {
    "fid": ".1f",
    "fid_infinity": ".1f",
    "is": ".2f",
    "precision": ".3f",
    "recall": ".3f",
    "density": ".3f",
    "coverage": ".3f",
    "copying_z": ".1f",
    "near_copies": ".1%",
    "duplicates": ".3f",
    "classes_covered": "d",
    "negative_elbo": ".2f",
    "label_accuracy": ".1%",
    "images_per_second": ",.0f",
    "parameters": ",d",
    "images": ",d",
}
LATENT = {
    "path_length": ".2f",
    "path_length_median": ".2f",
    "psnr": ".1f",
    "ssim": ".3f",
    "rate": ".1f",
    "distortion": ".1f",
    "active_units": "d",
    "mutual_information": ".2f",
    "mmd": ".4f",
    "arithmetic_accuracy": ".1%",
    "knn_accuracy": ".1%",
    "knn_accuracy_map": ".1%",
    "silhouette": ".3f",
    "trustworthiness": ".3f",
    "stability": ".3f",
}


def keep(dataset: str, model: str, folder: Path) -> None:
    """Numbers and sample grid of one trained and evaluated model."""
    path = DETAILS / "tsne" / dataset / METRICS_FILE
    embeddings = Embeddings.load(path) if path.exists() else None
    result = load_model(model, dataset, embeddings, Path("data"), DETAILS, seed=0)
    numbers = result.training.summary.model_dump(exclude={"flops", "ema"})
    numbers |= provenance.load(result.training.weights)
    numbers |= flat(result.quality.metrics, result.protocol.extractor)
    numbers["protocol"] = result.protocol.model_dump()
    embedding = result.embedding.model_dump() if result.embedding else {}
    numbers["latent"] = flat(result.latent.metrics) | embedding
    numbers["detection"] = detection_table(result.detection)
    files.save_json(folder / f"{model}.json", numbers)
    shutil.copy(result.paths["sample"] / "grid.png", folder / f"{model}.png")


def flat(metrics: dict[str, Estimate], extractor: str | None = None) -> dict:
    """Values by name, with the extractor's where it matters, and their [low, high]."""
    names = {k: f"{k}_{extractor}" if k in BY_EXTRACTOR and extractor else k for k in metrics}
    values = {names[k]: e.value for k, e in metrics.items()}
    intervals = {names[k]: [e.low, e.high] for k, e in metrics.items() if e.low is not None}
    return values | {"intervals": intervals}


def detection_table(results: DetectionResults) -> dict:
    """AUROC by score against all corruptions, and by OOD dataset and score."""

    def auroc(kind: str, name: str) -> dict:
        rows = results.by_score(kind, name).items()
        return {score: {"auroc": detection.auroc.value} for score, detection in rows}

    ood = {name: auroc("ood", name) for name in results.names("ood")}
    return {"anomaly": auroc("corruptions", "all"), "ood": ood}


def cells_of(columns: dict[str, str], found: dict, extractor: str) -> list[str]:
    """Numbers as text, a dash where there is none."""
    keys = {k: f"{k}_{extractor}" if f"{k}_{extractor}" in found else k for k in columns}
    return [format(found[keys[k]], how) if keys[k] in found else "-" for k, how in columns.items()]


def row(name: str, found: dict, extractor: str) -> list[str]:
    """The cells of one model; [low to high] of its FID."""
    cells = cells_of(COLUMNS, found, extractor)
    low, high = found["intervals"][f"fid_{extractor}"]
    cells[0] += f" ({low:.1f} to {high:.1f})"
    return [name, *cells, "; ".join(found.get("alarms", [])) or "-"]


def scores(name: str, detection: dict) -> list[list[str]]:
    """A row per score: its AUROC against corrupted images and against every OOD dataset."""
    of = (detection["anomaly"], *detection["ood"].values())
    return [
        [name, score, *(f"{numbers[score]['auroc']:.3f}" for numbers in of)]
        for score in detection["anomaly"]
    ]


def show(rows: list[list[str]]) -> None:
    """A Markdown table of rows, the first being its head."""
    for cells in (rows[0], ["---"] * len(rows[0]), *rows[1:]):
        print("|", " | ".join(cells), "|")


def main(dataset: str, name: str = "") -> None:
    folder = KEPT / (name or dataset)
    for path in (DETAILS / "evaluate" / dataset).glob("*"):
        keep(dataset, path.name, folder)
    kept = folder.with_suffix(".json")
    if (path := DETAILS / "reference" / dataset / METRICS_FILE).exists():
        measured = Reference.load(path)
        numbers = {"protocol": measured.protocol.model_dump()}
        for kind, metrics in (("floor", measured.floor), ("ceiling", measured.ceiling)):
            numbers[kind] = flat(metrics, measured.protocol.extractor)
        baselines = DetectionResults.load(DETAILS / "baselines" / dataset / METRICS_FILE)
        files.save_json(kept, numbers | {"detection": detection_table(baselines)})
    reference = files.load_json(kept)
    extractor = reference["protocol"]["extractor"]
    models = {p.stem: files.load_json(p) for p in folder.glob("*.json")}
    ranked = sorted(models, key=lambda name: models[name][f"fid_{extractor}"])
    rows = [row(kind, reference[kind], extractor) for kind in ("floor", "ceiling")]
    rows += [row(f"`{name}`", models[name], extractor) for name in ranked]
    show([["model", *COLUMNS, "warnings"], *rows])
    print()
    found = scores("none", reference["detection"])
    for name in ranked:
        found += scores(f"`{name}`", models[name]["detection"])
    show([["scores of", "score", "corrupted", *reference["detection"]["ood"]], *found])
    looked = {name: models[name]["latent"] for name in ranked if "latent" in models[name]}
    if looked:
        print()
        cells = [[f"`{name}`", *cells_of(LATENT, v, extractor)] for name, v in looked.items()]
        show([["latent space of", *LATENT], *cells])


if __name__ == "__main__":
    main(*sys.argv[1:])
