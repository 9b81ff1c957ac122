"""Measure one point of the grid: the samples of a model trained at this latent_dim and width."""

from pathlib import Path

from genbench import params, sweep
from genbench.evaluation.results import Point
from genbench.models.base.registry import load_model
from genbench.utils import cli, devices, failure, files


def main(
    dataset: str,
    model: str,
    latent_dim: int,
    width: int,
    training: Path,
    data: Path,
    classifier: Path,
    reference: Path,
    out: Path,
) -> None:
    at: dict[str, int | float] = {"latent_dim": latent_dim, "width": width}
    if failure.load(training):
        Point(model=model, at=at, extractor="none", metrics={}).save(out)
        return
    p = params.load()
    (train_y,) = files.load_npz(data, "train_y")
    extractor, metrics = sweep.measure_point(
        load_model(training / "weights.pt", devices.select_device(p.device)),
        dataset,
        train_y,
        classifier=classifier,
        reference=reference,
        params=p,
    )
    point = Point(
        model=model,
        at=at,
        extractor=extractor,
        metrics=metrics,
    )
    point.save(out)


if __name__ == "__main__":
    cli.run(main)
