"""What the workspace holds about each training, as plain values: what `tracking` mirrors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..params import Params
from ..params.renamed import first_names
from ..utils import files, provenance

ENDS = ((0, "low"), (1, "high"))


@dataclass(frozen=True)
class Result:
    """One training and what was measured on it.

    `made_of` names its bytes (weights and loss curves): equal bytes are the same training, under
    whatever code they were measured. `numbers` belong to its end, after `images` images.
    """

    stage: str
    name: str
    choices: dict[str, object]
    made_of: str
    images: int
    numbers: dict[str, float]
    texts: dict[str, str]
    data: Path
    history: list[dict[str, float]]
    files: dict[str, list[Path]]
    weights: Path | None = None

    @property
    def key(self) -> str:
        """The choices in 16 hexadecimal digits."""
        return provenance.digest(first_names(self.choices))

    @property
    def content(self) -> str:
        """All there is to send in 16 hexadecimal digits."""
        files = {k: [provenance.sha256(path) for path in paths] for k, paths in self.files.items()}
        return provenance.digest([self.made_of, self.numbers, self.texts, files])

    def points(self) -> set[tuple[str, int, float]]:
        """The loss curves as (name, images seen, value)."""
        rows = ((int(row["images"]), row) for row in self.history)
        return {(k, images, v) for images, row in rows for k, v in row.items() if k != "images"}


def collect(p: Params, data: Path, metrics: Path) -> Iterator[Result]:
    """The results that are there, of `datasets` x `models` and of the points under `sweep`."""
    for dataset in p.datasets:
        for model in p.models:
            if _trained(dataset, model, data, metrics):
                yield _training(p, dataset, model, data, metrics)
        for model in p.sweep.models:
            for dim in p.sweep.latent_dim:
                for width in p.sweep.width:
                    path = metrics / "sweep" / f"{dataset}-{model}-{dim}-{width}.json"
                    if path.exists():
                        yield _point(p.at_point(dim, width), path, data)
        for beta in p.sweep.beta:
            path = metrics / "sweep" / f"{dataset}-beta-{beta}.json"
            if path.exists():
                yield _point(p.at_beta(beta), path, data)


def _trained(dataset: str, model: str, data: Path, metrics: Path) -> bool:
    train = metrics / "train" / dataset / model
    needed = (train / "history.csv", train / "summary.json")
    return all(p.exists() for p in (data / "models" / dataset / f"{model}.pt", *needed))


def _training(p: Params, dataset: str, model: str, data: Path, metrics: Path) -> Result:
    train = metrics / "train" / dataset / model
    weights = data / "models" / dataset / f"{model}.pt"
    weights_digest = provenance.sha256(weights)
    summary = files.load_json(train / "summary.json")
    evaluate, anomaly = (metrics / k / dataset / f"{model}.json" for k in ("evaluate", "anomaly"))
    quality = _json(evaluate)
    sure = {f"{k}_{end}": v[i] for k, v in quality.get("intervals", {}).items() for i, end in ENDS}
    tsne, latent = metrics / "tsne" / f"{dataset}.json", metrics / "latent" / dataset
    sample = metrics / "sample" / dataset / f"{model}.png"
    known = {f"latent/{k}": v for k, v in _numbers(_json(latent / f"{model}.json")).items()}
    found = Result(
        stage="train",
        name=f"{dataset}-{model}",
        choices=p.of_run(dataset, model),
        made_of=provenance.digest([weights_digest, provenance.sha256(train / "history.csv")]),
        images=summary["images"],
        numbers=_numbers(summary)
        | _numbers(quality)
        | sure
        | known
        | _embedding(_json(tsne), model),
        texts={"genbench.weights": weights_digest, **_alarms(summary)},
        data=data / "processed" / f"{dataset}.npz",
        history=files.load_csv(train / "history.csv"),
        weights=weights,
        files={
            "": [train / "history.csv", train / "summary.json"],
            "snapshots": sorted((train / "snapshots").glob("*.png")),
            "samples": _existing(sample),
            "latent": [
                *_existing(latent / f"{model}.json"),
                *sorted((latent / model).glob("*.png")),
            ],
            "evaluate": [*_existing(evaluate), *_existing(evaluate.with_suffix(".png"))],
            "anomaly": _existing(anomaly),
            "tsne": _existing(tsne),
        },
    )
    return _with_facts(_with_scores(found, _json(anomaly)), weights)


def _point(p: Params, path: Path, data: Path) -> Result:
    point = files.load_json(path)
    dataset, model = point.pop("dataset"), point.pop("model")
    for key in ("latent_dim", "width", "beta"):  # choices already
        point.pop(key, None)
    found = Result(
        stage="sweep",
        name=path.stem,
        choices={**p.of_run(dataset, model), "stage": "sweep"},
        made_of=provenance.digest(provenance.sha256(path)),
        images=point.pop("images"),
        numbers=_numbers(point),
        texts={"genbench.grid": f"{dataset}-{model}", **_alarms(point)},
        data=data / "processed" / f"{dataset}.npz",
        history=point["history"],
        files={},
    )
    return _with_facts(found, path)


def _alarms(summary: dict) -> dict[str, str]:
    return {"genbench.alarms": "; ".join(summary["alarms"]) or "none"}


def _with_facts(found: Result, output: Path) -> Result:
    """Add what was noted when `output` was made; without a note it came from DVC's cache."""
    known = provenance.load(output)
    texts = {k: v for k, v in known.items() if isinstance(v, str)}
    texts["genbench.restored"] = "false" if known else "true"
    return replace(found, numbers=found.numbers | _numbers(known), texts={**found.texts, **texts})


def _with_scores(found: Result, anomaly: dict) -> Result:
    """Add how well each score tells strange images; the main score also under short names."""
    numbers, main = dict(found.numbers), anomaly.get("main_score")
    groups = {"anomaly": anomaly.get("anomaly", {})}
    for partner, scores in anomaly.get("ood", {}).items():
        # a user's own dataset may have a name that no metric may have
        groups["ood/" + re.sub(r"[^\w. -]", "_", partner)] = scores
    for group, scores in groups.items():
        for score, measures in scores.items():
            numbers |= {f"{group}/{score}/{k}": v for k, v in _numbers(measures).items()}
        short = group.replace("/", "_")
        numbers |= {f"{short}_{k}": v for k, v in _numbers(scores.get(main, {})).items()}
    texts = {"genbench.main_score": main} if main else {}
    return replace(found, numbers=numbers, texts={**found.texts, **texts})


def _embedding(tsne: dict, model: str) -> dict[str, float]:
    numbers = {f"tsne/{k}": v for k, v in _numbers(tsne.get("codes", {}).get(model, {})).items()}
    neighbours = tsne.get("features", {}).get("real_neighbours", {})
    return numbers | ({"tsne/real_neighbours": neighbours[model]} if model in neighbours else {})


def _numbers(tree: dict) -> dict[str, float]:
    """The entries that are numbers; True is none."""
    return {k: v for k, v in tree.items() if type(v) in (int, float)}


def _json(path: Path) -> dict:
    return files.load_json(path) if path.exists() else {}


def _existing(path: Path) -> list[Path]:
    return [path] if path.exists() else []
