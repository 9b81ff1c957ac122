"""Keep the results of one dataset from the workspace in `docs/results`, and print all kept there.

Two tables: the quality of every model, and the AUROC of every score.

    python benchmarks/results.py mnist

What is kept of each model outlives the workspace, so a table may be filled over several runs.
"""

import shutil
import sys
from pathlib import Path

from genbench import facts, records

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


def keep(dataset: str, model: str, folder: Path) -> None:
    """Numbers and sample grid of one trained and evaluated model."""
    training = records.load_json(Path("metrics/train", dataset, model, "summary.json"))
    found = {k: training[k] for k in ("images", "parameters", "alarms", "final")}
    found |= facts.load(Path("data/models", dataset, f"{model}.pt"))
    found |= records.load_json(Path("metrics/evaluate", dataset, f"{model}.json"))
    detection = records.load_json(Path("metrics/anomaly", dataset, f"{model}.json"))
    records.save_json(folder / f"{model}.json", {**found, "detection": detection})
    shutil.copy(Path("metrics/sample", dataset, model, "grid.png"), folder / f"{model}.png")


def row(name: str, found: dict, extractor: str) -> list[str]:
    """The cells of one model, a dash where it has no such number; [low to high] of its FID."""
    cells = []
    for column, how in COLUMNS.items():
        key = f"{column}_{extractor}" if f"{column}_{extractor}" in found else column
        cells.append(format(found[key], how) if key in found else "-")
    low, high = found["intervals"][f"fid_{extractor}"]
    cells[0] += f" ({low:.1f} to {high:.1f})"
    return [name, *cells, "; ".join(found.get("alarms", [])) or "-"]


def scores(name: str, detection: dict) -> list[list[str]]:
    """A row per score: its AUROC against corrupted images and against every partner."""
    of = {"corrupted": detection["anomaly"], **detection["ood"]}
    rows = [["scores of", "score", *of]]
    for score in detection["anomaly"]:
        rows.append([name, score, *(f"{numbers[score]['auroc']:.3f}" for numbers in of.values())])
    return rows


def show(rows: list[list[str]]) -> None:
    """A Markdown table of rows, the first being its head."""
    for cells in (rows[0], ["---"] * len(rows[0]), *rows[1:]):
        print("|", " | ".join(cells), "|")


def main(dataset: str) -> None:
    for path in Path("metrics/evaluate", dataset).glob("*.json"):
        keep(dataset, path.stem, KEPT / dataset)
    kept = KEPT / f"{dataset}.json"
    if (made := Path("metrics/reference", f"{dataset}.json")).exists():
        found = records.load_json(made)
        baselines = records.load_json(Path("metrics/baselines", f"{dataset}.json"))
        records.save_json(kept, {**found, "detection": baselines})
    reference = records.load_json(kept)
    extractor = reference["protocol"]["extractor"]
    models = {p.stem: records.load_json(p) for p in (KEPT / dataset).glob("*.json")}
    ranked = sorted(models, key=lambda name: models[name][f"fid_{extractor}"])
    rows = [row(kind, reference[kind], extractor) for kind in ("floor", "ceiling")]
    rows += [row(f"`{name}`", models[name], extractor) for name in ranked]
    show([["model", *COLUMNS, "alarms"], *rows])
    print()
    head, *found = scores("none", reference["detection"])
    for name in ranked:
        found += scores(f"`{name}`", models[name]["detection"])[1:]
    show([head, *found])


if __name__ == "__main__":
    main(*sys.argv[1:])
