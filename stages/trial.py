"""Measure a training of another seed, latent_dim and width, or beta than params.yaml has."""

from pathlib import Path

from genbench import params
from genbench.evaluation.own import FOLDER
from genbench.models.base.registry import load_model
from genbench.trials.measure import Inputs, measure_trial
from genbench.trials.results import Trial
from genbench.utils import cli, devices, failure, files


def main(
    dataset: str,
    model: str,
    seed: int,
    training: Path,
    data: Path,
    classifier: Path,
    reference: Path,
    out: Path,
    code: Path | None = None,
    own: Path = FOLDER,
    latent_dim: int | None = None,
    width: int | None = None,
    beta: float | None = None,
) -> None:
    options = {"latent_dim": latent_dim, "width": width, "beta": beta, "seed": seed}
    at = {name: value for name, value in options.items() if value is not None}
    trial = Trial(model=model, at=at)
    choices = params.load()
    is_first = at.keys() == {"seed"} and seed == choices.seed
    if failure.load(training) is None and not is_first and not choices.imported(model):
        trial = measure_trial(
            trial,
            load_model(training / "weights.pt", devices.select_device(choices.device), code),
            ema=files.load_json(training / "summary.json")["ema"],
            inputs=Inputs(dataset, data, classifier, reference, own),
            params=choices.model_copy(update={"seed": seed}),
        )
    trial.save(out)


if __name__ == "__main__":
    cli.run(main)
