"""Find the same images by scores that know nothing of generative models."""

from pathlib import Path

from genbench import params
from genbench.anomaly import baselines, detection
from genbench.networks.classifier import extract_features, load_classifier
from genbench.utils import cli, devices, files


def main(argv=None):
    a = cli.parse(
        __doc__,
        argv,
        dataset=str,
        data=Path,
        classifier=Path,
        scores=Path,
        out=Path,
    )
    p = params.load()
    classifier = load_classifier(a.classifier, devices.select_device(p.device))
    (train,) = files.load_npz(a.data, "train_x")
    score = baselines.baselines(train, lambda x: extract_features(classifier, x)[1])
    sets = detection.detection_sets(p, a.dataset, a.data)
    found = {name: score(x) for name, (x, _) in sets.items()}
    files.save_npz(a.scores, **detection.flatten(found))
    files.save_json(a.out, detection.detection_results(found, p.anomaly.quantile))


if __name__ == "__main__":
    cli.run(main)
