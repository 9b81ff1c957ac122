"""Keep the results of one dataset from the workspace in `docs/results`, and print all kept there.

Three tables: the quality of every model, the AUROC of every score, and latent spaces.

    python benchmarks/results.py mnist

What is kept of each model outlives the workspace, so a table may be filled over several runs.
"""

import shutil
import sys
from pathlib import Path

from genbench.utils import files, provenance

KEPT = Path(__file__).parents[1] / "docs" / "results"
COLUMNS = {
    "fid": ".1f",
    "fid_infinity": ".1f",
    "is": ".2f",
    "precision": ".3f",
    "recall": ".3f",
    "density": ".3f",
    "coverage": ".3f",
    "nearest_ratio": ".3f",
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
    training = files.load_json(Path("metrics/train", dataset, model, "summary.json"))
    found = {k: training[k] for k in ("images", "parameters", "alarms", "final")}
    found |= provenance.load(Path("data/models", dataset, f"{model}.pt"))
    found |= files.load_json(Path("metrics/evaluate", dataset, f"{model}.json"))
    latent = Path("metrics/latent", dataset, f"{model}.json")
    if latent.exists():
        tsne = Path("metrics/tsne", f"{dataset}.json")
        maps = files.load_json(tsne)["codes"] if tsne.exists() else {}
        found["latent"] = {**files.load_json(latent), **maps.get(model, {})}
    detection = files.load_json(Path("metrics/anomaly", dataset, f"{model}.json"))
    files.save_json(folder / f"{model}.json", {**found, "detection": detection})
    shutil.copy(Path("metrics/sample", dataset, f"{model}.png"), folder / f"{model}.png")


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
    """A row per score: its AUROC against corrupted images and against every partner."""
    of = (detection["anomaly"], *detection["ood"].values())
    return [
        [name, score, *(f"{numbers[score]['auroc']:.3f}" for numbers in of)]
        for score in detection["anomaly"]
    ]


def show(rows: list[list[str]]) -> None:
    """A Markdown table of rows, the first being its head."""
    for cells in (rows[0], ["---"] * len(rows[0]), *rows[1:]):
        print("|", " | ".join(cells), "|")


def main(dataset: str) -> None:
    for path in Path("metrics/evaluate", dataset).glob("*.json"):
        keep(dataset, path.stem, KEPT / dataset)
    kept = KEPT / f"{dataset}.json"
    if (made := Path("metrics/reference", f"{dataset}.json")).exists():
        found = files.load_json(made)
        baselines = files.load_json(Path("metrics/baselines", f"{dataset}.json"))
        files.save_json(kept, {**found, "detection": baselines})
    reference = files.load_json(kept)
    extractor = reference["protocol"]["extractor"]
    models = {p.stem: files.load_json(p) for p in (KEPT / dataset).glob("*.json")}
    ranked = sorted(models, key=lambda name: models[name][f"fid_{extractor}"])
    rows = [row(kind, reference[kind], extractor) for kind in ("floor", "ceiling")]
    rows += [row(f"`{name}`", models[name], extractor) for name in ranked]
    show([["model", *COLUMNS, "alarms"], *rows])
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
