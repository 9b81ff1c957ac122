"""Find the same images by scores that know nothing of generative models."""

from pathlib import Path

from genbench import cli, devices, features, images, outliers, params, records, scores


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "data": Path, "classifier": Path, "scores": Path, "out": Path},
    )
    p = params.load()
    classifier = features.load(a.classifier, devices.pick(p.device))
    (train,) = images.load_npz(a.data, "train_x")
    score = scores.baselines(train, lambda x: features.extract(classifier, x)[1])
    sets = outliers.sets(p, a.dataset, a.data)
    found = {name: score(x) for name, (x, _) in sets.items()}
    images.save_npz(a.scores, **outliers.flat(found))
    records.save_json(a.out, outliers.verdict(found, p.anomaly.quantile))


if __name__ == "__main__":
    cli.run(main)
