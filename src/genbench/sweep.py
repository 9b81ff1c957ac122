"""One point of a sweep: a training of its own, what it cost and what its samples are worth."""

from argparse import Namespace
from collections.abc import Callable

from .evaluation import extractors, quality
from .models.base import sampling
from .params import Params
from .training.flops import flops_per_image
from .training.run import TrainedModel, TrainingSpec, train_model
from .utils import files, provenance, seeds


def train_and_evaluate(
    p: Params, a: Namespace, model: str, more: Callable | None = None, **at
) -> None:
    """Train and measure `model` with the choices `p`, and write the point to `a.out`.

    Parameters
    ----------
    a : the paths of a stage: data, classifier, real, reference, out; and its dataset
    more : called with the trained model, gives further numbers
    at : what tells the point from others of its dataset and model
    """
    stream = tuple(at.values())
    spec = TrainingSpec(
        params=p,
        dataset=a.dataset,
        model=model,
        data=a.data,
        perceptual=a.classifier,
        stream=stream,
    )
    with train_model(spec) as found:
        numbers = {**found.summary(), **_quality(p, a, found)}
        numbers["operations"] = flops_per_image(found.model, found.build_args["image_shape"])
        numbers["history"] = found.history
        numbers |= more(found.model) if more else {}
        files.save_json(a.out, {"dataset": a.dataset, "model": model, **at, **numbers})
        provenance.save(a.out, found.provenance)


def _quality(p: Params, a: Namespace, found: TrainedModel) -> dict[str, float]:
    """Every metric of the trained model's samples."""
    card, device = files.load_json(a.reference)["protocol"], found.model.device
    extractor = extractors.load_matching_extractor(card, p.evaluate, a.classifier, device)
    seed = seeds.derive_seed(p.seed, "sample", a.dataset)
    x = sampling.sample(found.model, card["n"], found.build_args["classes"], seed)["x"]
    real, sample = quality.RealFeatures.load(a.real), extractor.extract(x)
    return quality.evaluate_samples(
        real, *sample, extractor.name, p.evaluate, seed, sure=False
    ).numbers
