"""One point of a sweep: a training of its own, what it cost and what its samples are worth."""

from argparse import Namespace
from collections.abc import Callable

from . import cost, experiment, extractors, facts, quality, records, sampling, seeds
from .params import Params


def run(p: Params, a: Namespace, model: str, more: Callable | None = None, **at) -> None:
    """Train and measure `model` with the choices `p`, and write the point to `a.out`.

    Parameters
    ----------
    a : the paths of a stage: data, classifier, real, reference, out; and its dataset
    more : called with the trained model, gives further numbers
    at : what tells the point from others of its dataset and model
    """
    stream = tuple(at.values())
    with experiment.run(
        p, a.dataset, model, a.data, stream=stream, perceptual=a.classifier
    ) as found:
        numbers = {**found.summary(), **_quality(p, a, found)}
        numbers["operations"] = cost.operations(found.model, found.how["image_shape"])
        numbers["history"] = found.history
        numbers |= more(found.model) if more else {}
        records.save_json(a.out, {"dataset": a.dataset, "model": model, **at, **numbers})
        facts.save(a.out, found.facts)


def _quality(p: Params, a: Namespace, found: experiment.Run) -> dict[str, float]:
    """Every metric of the trained model's samples."""
    card, device = records.load_json(a.reference)["protocol"], found.model.device
    judge = extractors.again(card, p.evaluate, a.classifier, device)
    seed = seeds.derive(p.seed, "sample", a.dataset)
    x = sampling.sample(found.model, card["n"], found.how["classes"], seed)["x"]
    real, sample = quality.Real.load(a.real), judge.extract(x)
    return quality.measure(real, *sample, judge.name, p.evaluate, seed, sure=False).numbers
