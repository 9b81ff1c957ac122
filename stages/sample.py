"""Generate images with one model, and bound the likelihood of the real ones; or read images."""

from pathlib import Path

from genbench import params  # before NumPy is loaded: it says how

# isort: split
import numpy as np

from genbench.data.imported import load_images
from genbench.models.base import registry, sampling
from genbench.utils import cli, devices, failure, files, images, imported, paths, seeds


def main(dataset: str, training: Path, data: Path, out: Path, code: Path | None = None) -> None:
    if failure.hand_on(training, out):
        return
    choices = params.load()
    arrays = files.load_arrays(data, "test_x", "train_y")
    if made := imported.load(training):
        samples = load_images(paths.resolve(made["path"]), arrays["test_x"], made["resize"])
    else:
        device = devices.select_device(choices.device)
        model = registry.load_model(training / "weights.pt", device, code)
        n = choices.evaluate.n * choices.evaluate.sample_sets
        seed = seeds.derive_seed(choices.seed, "sample", dataset)
        samples = sampling.generate(model, arrays, n, seed)
        summary = files.load_json(training / "summary.json")
        samples["ema"] = summary["ema"]
        if summary.get("selection"):
            samples |= {"selected": np.array(True)}
    with files.atomic_write(out) as folder:
        files.save_npz(folder / "samples.npz", **samples)
        images.save_png(folder / "grid.png", sampling.sample_grid(samples["x"]))


if __name__ == "__main__":
    cli.run(main)
