"""Train a model with another seed, latent_dim and width, or beta than params.yaml has."""

from pathlib import Path

from genbench import params
from genbench.training import processes
from genbench.training.run import TrainingSpec, save_trained_model, train_model
from genbench.utils import cli, files


def main(
    dataset: str,
    model: str,
    data: Path,
    seed: int,
    out: Path,
    perceptual: Path | None = None,
    code: Path | None = None,
    latent_dim: int | None = None,
    width: int | None = None,
    beta: float | None = None,
) -> None:
    processes.launch()
    choices = params.load()
    options = {"latent_dim": latent_dim, "width": width, "beta": beta}
    at = {name: value for name, value in options.items() if value is not None}
    if (not at and seed == choices.seed) or choices.imported(model):
        with files.atomic_write(out) as folder:  # `trial.py` does not ask for it
            folder.mkdir()
        return
    spec = TrainingSpec(
        params=choices.at_point(at | {"seed": seed}),
        dataset=dataset,
        model=model,
        data=data,
        perceptual=perceptual,
        stream=tuple(at.values()),
        label=out.name,
        code=code,
    )
    with train_model(spec) as trained:
        save_trained_model(out, trained)


if __name__ == "__main__":
    cli.run(main)
