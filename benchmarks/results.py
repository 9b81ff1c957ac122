"""Keep the results of one dataset from the workspace in `docs/results`, and print all kept there.

    python benchmarks/results.py mnist

What is kept of each model outlives the workspace, so a table may be filled over several runs.
"""

import shutil
import sys
from pathlib import Path

from genbench import facts, records

KEPT = Path(__file__).parents[1] / "docs" / "results"
COLUMNS = {
    "fid_classifier": ".1f",
    "is_classifier": ".2f",
    "precision": ".3f",
    "recall": ".3f",
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
    records.save_json(folder / f"{model}.json", found)
    shutil.copy(Path("metrics/sample", dataset, model, "grid.png"), folder / f"{model}.png")


def row(path: Path) -> list[str]:
    """The cells of one model, a dash where it has no such number."""
    found = records.load_json(path)
    cells = [format(found[k], how) if k in found else "-" for k, how in COLUMNS.items()]
    return [f"`{path.stem}`", *cells, "; ".join(found["alarms"]) or "-"]


def main(dataset: str) -> None:
    for path in Path("metrics/evaluate", dataset).glob("*.json"):
        keep(dataset, path.stem, KEPT / dataset)
    rows = sorted(map(row, (KEPT / dataset).glob("*.json")), key=lambda cells: float(cells[1]))
    heads = ["model", *COLUMNS, "alarms"]
    for cells in (heads, ["---"] * len(heads), *rows):
        print("|", " | ".join(cells), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
