"""Print the table of `docs/results.md` for one dataset, from the results in the workspace.

python benchmarks/results.py mnist
"""

import sys
from pathlib import Path

from genbench import facts, records

COLUMNS = {
    "fid_classifier": ".1f",
    "is_classifier": ".2f",
    "precision": ".3f",
    "recall": ".3f",
    "classes_covered": "d",
    "negative_elbo": ".2f",
    "label_accuracy": ".1%",
}


def row(dataset: str, model: str) -> list[str]:
    """The cells of one model, a dash where it has no such number."""
    quality = records.load_json(Path("metrics/evaluate", dataset, f"{model}.json"))
    training = records.load_json(Path("metrics/train", dataset, model, "summary.json"))
    speed = facts.load(Path("data/models", dataset, f"{model}.pt")).get("images_per_second")
    cells = [format(quality[k], how) if k in quality else "-" for k, how in COLUMNS.items()]
    cells += [f"{speed:,.0f}" if speed else "-", f"{training['parameters']:,}"]
    return [f"`{model}`", *cells, "; ".join(training["alarms"]) or "-"]


def main(dataset: str) -> None:
    rows = [row(dataset, path.stem) for path in Path("metrics/evaluate", dataset).glob("*.json")]
    rows.sort(key=lambda cells: float(cells[1]))
    heads = ["model", *COLUMNS, "images/s", "parameters", "alarms"]
    for cells in (heads, ["---"] * len(heads), *rows):
        print("|", " | ".join(cells), "|")


if __name__ == "__main__":
    main(*sys.argv[1:])
