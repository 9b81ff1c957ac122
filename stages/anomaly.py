"""Score images by one model, and measure how well its scores detect corrupted and OOD images."""

from pathlib import Path

from genbench.anomaly import results
from genbench.anomaly.by_model import detect, error_maps
from genbench.anomaly.detection import lowest_and_highest_scoring
from genbench.anomaly.localization import maps_figure
from genbench.models.base import registry
from genbench.params import load as load_params
from genbench.utils import cli, devices, failure, files, images, imported


def main(dataset: str, training: Path, data: Path, out: Path, code: Path | None = None) -> None:
    if failure.hand_on(training, out) or imported.hand_on(training, out):
        return
    params = load_params()
    device = devices.select_device(params.device)
    model = registry.load_model(training / "weights.pt", device, code)
    sets, scores, found = detect(model, params, dataset, data)
    maps = error_maps(model, sets[0].x, *files.load_npz(data, "train_y"))
    with files.atomic_write(out) as folder:
        results.save_scores(folder / results.SCORES, scores)
        images.save_png(folder / results.EXTREMES, lowest_and_highest_scoring(sets, scores))
        found.save(folder / results.METRICS_FILE)
        if maps:
            images.save_png(folder / results.MAPS, maps_figure(sets, maps))


if __name__ == "__main__":
    cli.run(main)
