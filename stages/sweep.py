"""One point of the grid: train a model at this latent_dim and width, and measure its samples."""

from pathlib import Path

import torch

from genbench import (
    cli,
    experiment,
    facts,
    features,
    images,
    metrics,
    params,
    records,
    sampling,
    seeds,
)


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "model": str, "latent_dim": int, "width": int},
        **{"data": Path, "classifier": Path, "real": Path, "out": Path},
    )
    p = params.load().at_point(a.latent_dim, a.width)
    chosen = {"stream": (a.latent_dim, a.width), "perceptual": a.classifier}
    with experiment.run(p, a.dataset, a.model, a.data, **chosen) as run:
        point = {"dataset": a.dataset, "model": a.model}
        point |= {"latent_dim": a.latent_dim, "width": a.width}
        records.save_json(a.out, {**point, **run.summary(), **quality(p, a, run)})
        facts.save(a.out, run.facts)


def quality(p, a, run):
    """FID, IS and KID of the trained model, in the classifier's features."""
    (test,) = images.load_npz(a.real, "test")
    n = min(p.evaluate.n, p.sample.n, len(test))
    x = sampling.sample(run.model, n, run.how["classes"], seeds.derive(p.seed, "sample", a.dataset))
    classifier = features.load(a.classifier, run.model.device)
    fake, logits = features.extract(classifier, x["x"])
    chosen = seeds.generator(p.seed, "sweep", a.dataset).permutation(len(test))[:n]
    real = torch.as_tensor(test[chosen])
    return metrics.quality(real, fake, logits, choices=p.evaluate, seed=p.seed)


if __name__ == "__main__":
    cli.run(main)
