"""Generate images with one model, and bound the likelihood of the real ones."""

from pathlib import Path

from genbench import params
from genbench.models.base import registry, sampling
from genbench.models.base.marginal import log_class_shares
from genbench.utils import cli, devices, failure, files, images, seeds


def main(dataset: str, training: Path, data: Path, out: Path) -> None:
    if failure.hand_on(training, out):
        return
    choices = params.load()
    model = registry.load_model(training / "weights.pt", devices.select_device(choices.device))
    test_x, train_y = files.load_npz(data, "test_x", "train_y")
    n = choices.evaluate.n * choices.evaluate.sample_sets
    seed = seeds.derive_seed(choices.seed, "sample", dataset)
    samples = sampling.sample(model, n, train_y, seed)
    samples["ema"] = files.load_json(training / "summary.json")["ema"]
    if model.conditional:
        samples["labels"] = samples["y"]
    negative_elbo = sampling.negative_elbo(model, test_x, log_class_shares(train_y))
    if negative_elbo is not None:
        samples["test_negative_elbo"] = negative_elbo
    with files.atomic_write(out) as folder:
        files.save_npz(folder / "samples.npz", **samples)
        images.save_png(folder / "grid.png", sampling.sample_grid(samples["x"]))


if __name__ == "__main__":
    cli.run(main)
