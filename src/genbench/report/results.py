"""All results of a pipeline run in one tree, read from the files that the stages wrote."""

import json
from dataclasses import dataclass
from pathlib import Path

from ..params import Params
from ..utils import files

ANOMALY = ("auroc", "aupr", "precision", "recall", "f1", "n")
OOD = ("auroc", "fpr95", "n_out")
LATENT = ("path_length", "psnr", "ssim", "rate", "distortion", "active_units")


LATENT += ("mutual_information", "arithmetic_accuracy", "importance_weighted")


@dataclass(frozen=True)
class Result:
    """One model on one dataset. What its model cannot have (codes of a GAN) is empty."""

    model: str
    train: dict
    history: list[dict[str, float]]
    evaluate: dict
    main_score: str | None
    anomaly: dict[str, dict[str, float]]
    kinds: dict[str, dict[str, dict[str, float]]]
    ood: dict[str, dict[str, dict[str, float]]]
    codes: dict[str, float]
    latent: dict
    grid: Path
    pictures: Path
    nearest: Path
    extremes: Path
    snapshots: list[Path]
    scores: Path

    @property
    def protocol(self) -> dict[str, object]:
        """How its samples were made and measured: numbers under another one do not compare."""
        return self.evaluate["protocol"]

    def metric(self, name: str) -> float:
        """A quality metric in the features of the protocol's extractor."""
        return self.evaluate[f"{name}_{self.protocol['extractor']}"]

    def interval(self, name: str) -> list[float]:
        """[low, high] of a quality metric."""
        return self.evaluate["intervals"][f"{name}_{self.protocol['extractor']}"]

    @property
    def alarms(self) -> list[str]:
        """What went wrong in training, a line each."""
        return self.train.get("alarms", [])

    def score(self, part: str) -> dict[str, float]:
        """Numbers of the main score: against anomalies, or against the partner named `part`."""
        of = self.anomaly if part == "anomaly" else self.ood.get(part, {})
        return of.get(self.main_score, {})

    def numbers(self) -> dict[str, float]:
        """What is worth comparing between two experiments, flat."""
        flat = {k: v for k, v in self.evaluate.items() if isinstance(v, int | float)}
        flat["parameters"] = self.train["parameters"]
        flat |= {f"anomaly_{k}": v for k, v in self.score("anomaly").items() if k in ANOMALY}
        for partner in self.ood:
            flat |= {f"ood_{partner}_{k}": v for k, v in self.score(partner).items() if k in OOD}
        if self.codes:
            # a VAE's validation loss says how good it is, a discriminator's does not
            final = {k: v for k, v in self.train["final"].items() if k.startswith("val/")}
            flat |= {k.replace("/", "_"): v for k, v in final.items()}
            flat["knn_accuracy"] = self.codes["knn_accuracy"]
        flat |= {k: self.latent[k] for k in LATENT if k in self.latent}
        return flat


@dataclass(frozen=True)
class DatasetResults:
    """All models on one dataset, in the order of `models`."""

    dataset: str
    data: Path
    maps: Path
    classes: list[str]
    classifier: dict[str, float]
    reference: dict
    baselines: dict
    results: list[Result]
    partners: list[str]
    features: dict
    sweep: list[dict]
    betas: list[dict]

    @property
    def models(self) -> list[str]:
        """Their names."""
        return [r.model for r in self.results]

    @property
    def extractor(self) -> str:
        """In whose features the metrics are."""
        return self.reference["protocol"]["extractor"]

    def ranked(self) -> list[Result]:
        """Best first: by Frechet distance, those of one protocol together."""
        return [r for group in self.groups() for r in group]

    def groups(self) -> list[list[Result]]:
        """The results of each protocol, best first."""
        groups: dict[str, list[Result]] = {}
        for r in sorted(self.results, key=lambda r: r.metric("fid")):
            groups.setdefault(json.dumps(r.protocol, sort_keys=True), []).append(r)
        return list(groups.values())


def tied_ranks(ranked: list[Result]) -> list[str]:
    """The places of results of one protocol, best first: 1, 2=, 2=, 4.

    Tied with the first of its place is whose interval of the FID overlaps that one's.
    """
    firsts: list[int] = []
    for i, r in enumerate(ranked):
        tied = i and r.interval("fid")[0] <= ranked[firsts[-1]].interval("fid")[1]
        firsts.append(firsts[-1] if tied else i)
    return [f"{first + 1}{'=' * (firsts.count(first) > 1)}" for first in firsts]


def judged_by(final: dict[str, float]) -> list[str]:
    """What tells one training of a model from another on validation images: a bound, a distance.

    A loss may have weights of its own (beta, warm-up), the negative ELBO has none.
    """
    known = ("negative_elbo", "jensen_shannon", "earth_movers_distance", "loss")
    return [f"val/{k}" for k in known if f"val/{k}" in final][:1]


def collect(p: Params, data: Path, metrics: Path) -> list[DatasetResults]:
    """Read what the stages wrote for `datasets` x `models`, whatever else lies there."""
    return [_study(p, dataset, data, metrics) for dataset in p.datasets]


def flat(studies: list[DatasetResults]) -> dict[str, dict[str, dict[str, float]]]:
    """dataset -> model -> metric: one row per number in `dvc metrics diff`."""
    return {study.dataset: _flat(study) for study in studies}


def _flat(study: DatasetResults) -> dict[str, dict[str, float]]:
    rows = {r.model: r.numbers() for r in study.results}
    for kind in ("floor", "ceiling"):
        rows[kind] = {k: v for k, v in study.reference[kind].items() if k != "intervals"}
    rows["classifier"] = {"test_accuracy": study.classifier["test_accuracy"]}
    for point in study.sweep:
        name = "sweep-{model}-{latent_dim}-{width}".format(**point)
        rows[name] = {k: point[k] for k in (f"fid_{study.extractor}", "parameters")}
        rows[name] |= {k.replace("/", "_"): point["final"][k] for k in judged_by(point["final"])}
    for point in study.betas:
        kept = (f"fid_{study.extractor}", "rate", "distortion", "active_units")
        rows["beta-{beta}".format(**point)] = {k: point[k] for k in kept}
    return rows


def _study(p: Params, dataset: str, data: Path, metrics: Path) -> DatasetResults:
    processed = data / "processed" / f"{dataset}.npz"
    (classes,) = files.load_npz(processed, "classes")
    tsne = files.load_json(metrics / "tsne" / f"{dataset}.json")
    return DatasetResults(
        dataset=dataset,
        data=processed,
        maps=data / "tsne" / f"{dataset}.npz",
        classes=[str(name) for name in classes],
        classifier=files.load_json(metrics / "classifier" / f"{dataset}.json"),
        reference=files.load_json(metrics / "reference" / f"{dataset}.json"),
        baselines=files.load_json(metrics / "baselines" / f"{dataset}.json"),
        results=[_result(dataset, model, data, metrics, tsne) for model in p.models],
        partners=files.ood_names(processed),
        features=tsne["features"],
        sweep=_sweep(p, dataset, metrics / "sweep"),
        betas=_betas(p, dataset, metrics / "sweep"),
    )


def _result(dataset: str, model: str, data: Path, metrics: Path, tsne: dict) -> Result:
    train = metrics / "train" / dataset / model
    anomaly = files.load_json(metrics / "anomaly" / dataset / f"{model}.json")
    return Result(
        model=model,
        train=files.load_json(train / "summary.json"),
        history=files.load_csv(train / "history.csv"),
        evaluate=files.load_json(metrics / "evaluate" / dataset / f"{model}.json"),
        main_score=anomaly.get("main_score"),
        anomaly=anomaly.get("anomaly", {}),
        kinds=anomaly.get("kinds", {}),
        ood=anomaly.get("ood", {}),
        extremes=metrics / "anomaly" / dataset / f"{model}.png",
        codes=tsne["codes"].get(model, {}),
        latent=files.load_json(metrics / "latent" / dataset / f"{model}.json"),
        grid=metrics / "sample" / dataset / f"{model}.png",
        pictures=metrics / "latent" / dataset / model,
        nearest=metrics / "evaluate" / dataset / f"{model}.png",
        snapshots=sorted((train / "snapshots").glob("*.png")),
        scores=data / "scores" / dataset / f"{model}.npz",
    )


def _sweep(p: Params, dataset: str, folder: Path) -> list[dict]:
    """The points of the grid; a point that was not run is left out."""
    grid = [
        folder / f"{dataset}-{model}-{latent_dim}-{width}.json"
        for model in p.sweep.models
        for latent_dim in p.sweep.latent_dim
        for width in p.sweep.width
    ]
    return [files.load_json(path) for path in grid if path.exists()]


def _betas(p: Params, dataset: str, folder: Path) -> list[dict]:
    """The points of the rate-distortion curve; one that was not run is left out."""
    paths = [folder / f"{dataset}-beta-{beta}.json" for beta in p.sweep.beta]
    return [files.load_json(path) for path in paths if path.exists()]
