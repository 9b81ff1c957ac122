"""Find damaged images and images of other datasets by one model's scores."""

from pathlib import Path

from genbench import checkpoint, cli, devices, images, outliers, params, pictures, records, scores


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "weights": Path, "data": Path},
        **{"scores": Path, "out": Path, "figure": Path},
    )
    p = params.load()
    model = checkpoint.load(a.weights, devices.pick(p.device))
    scorer = scores.Scorer(model, *images.load_npz(a.data, "train_x", "train_y"))
    sets, n = outliers.sets(p, a.dataset, a.data), p.anomaly.slow.n
    found = {
        name: scorer(x, y) | scores.slow(model, x[:n], y[:n], p.anomaly.slow)
        for name, (x, y) in sets.items()
    }
    images.save_npz(a.scores, **outliers.flat(found))
    verdict = outliers.verdict(found, p.anomaly.quantile)
    of_main = {name: of[verdict["main_score"]] for name, of in found.items()}
    shown = {name: x for name, (x, _) in sets.items() if name != "val"}
    images.save_png(a.figure, pictures.extremes(shown, of_main))
    records.save_json(a.out, verdict)


if __name__ == "__main__":
    cli.run(main)
