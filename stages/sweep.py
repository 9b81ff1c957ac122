"""One point of the grid: train a model at this latent_dim and width, and measure its samples."""

from pathlib import Path

from genbench import (
    cli,
    experiment,
    extractors,
    facts,
    params,
    quality,
    records,
    sampling,
    seeds,
)


def main(argv=None):
    a = cli.parse(
        *(__doc__, argv),
        **{"dataset": str, "model": str, "latent_dim": int, "width": int},
        **{"data": Path, "classifier": Path, "real": Path, "reference": Path, "out": Path},
    )
    p = params.load().at_point(a.latent_dim, a.width)
    chosen = {"stream": (a.latent_dim, a.width), "perceptual": a.classifier}
    with experiment.run(p, a.dataset, a.model, a.data, **chosen) as run:
        point = {"dataset": a.dataset, "model": a.model}
        point |= {"latent_dim": a.latent_dim, "width": a.width}
        records.save_json(a.out, {**point, **run.summary(), **measured(p, a, run)})
        facts.save(a.out, run.facts)


def measured(p, a, run):
    """Every metric of the trained model's samples."""
    card, device = records.load_json(a.reference)["protocol"], run.model.device
    judge = extractors.again(card, p.evaluate, a.classifier, device)
    seed = seeds.derive(p.seed, "sample", a.dataset)
    x = sampling.sample(run.model, card["n"], run.how["classes"], seed)["x"]
    real, sample = quality.Real.load(a.real), judge.extract(x)
    return quality.measure(real, *sample, judge.name, p.evaluate, seed, sure=False).numbers


if __name__ == "__main__":
    cli.run(main)
