"""Train one point of a sweep: a model with another latent_dim and width, or another beta."""

from pathlib import Path

from genbench import params
from genbench.training.run import TrainingSpec, save_trained_model, train_model
from genbench.utils import cli


def main(
    dataset: str,
    model: str,
    data: Path,
    out: Path,
    perceptual: Path | None = None,
    latent_dim: int | None = None,
    width: int | None = None,
    beta: float | None = None,
) -> None:
    options = {"latent_dim": latent_dim, "width": width, "beta": beta}
    at = {name: value for name, value in options.items() if value is not None}
    spec = TrainingSpec(
        params=params.load().at_point(at),
        dataset=dataset,
        model=model,
        data=data,
        perceptual=perceptual,
        stream=tuple(at.values()),
    )
    with train_model(spec) as trained:
        save_trained_model(out, trained)


if __name__ == "__main__":
    cli.run(main)
