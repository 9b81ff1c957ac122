"""Train one model on one dataset: weights, loss curves, snapshots of the same latents."""

from pathlib import Path

from genbench import params
from genbench.training import processes
from genbench.training.live_logging import live_logging
from genbench.training.results import save_imported
from genbench.training.run import TrainingSpec, save_trained_model, train_model
from genbench.utils import cli


def main(
    dataset: str, model: str, data: Path, perceptual: Path, out: Path, code: Path | None = None
) -> None:
    processes.launch()
    choices = params.load()
    if made := choices.imported(model):
        save_imported(out, made, dataset)
        return
    spec = TrainingSpec(
        params=choices,
        dataset=dataset,
        model=model,
        data=data,
        perceptual=perceptual,
        code=code,
        snapshots=choices.train.snapshots,
    )
    with live_logging(choices, dataset, model) as log, train_model(spec, on_log=log) as trained:
        save_trained_model(out, trained)


if __name__ == "__main__":
    cli.run(main)
