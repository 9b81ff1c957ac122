"""Results of which something is changed, all else being the same."""

from dataclasses import replace

import fabricated
import measured

from genbench.intervals import T_95
from genbench.utils.record import Estimate


def sure(value, error):
    """A number with the interval of this standard error."""
    return Estimate(value=value, low=value - T_95 * error, high=value + T_95 * error)


def with_values(quality, i=0, **values):
    """A quality with other metrics, numbers or estimates; halves fit those that have an interval.

    i : of `measured.halves`
    """
    new = {k: v if isinstance(v, Estimate) else Estimate(value=v) for k, v in values.items()}
    halves = {key: numbers for key, numbers in quality.halves.items() if key not in new}
    halves |= {key: measured.halves(e, i) for key, e in new.items() if e.low is not None}
    return quality.model_copy(update={"metrics": quality.metrics | new, "halves": halves})


def with_metrics(model, **values):
    """A model with other metrics."""
    i = fabricated.MODELS.index(model.model)
    return replace(model, quality=with_values(model.quality, i, **values))


def only(results, **values):
    """The results of the VAE alone, with other metrics."""
    return replace(results, models=[with_metrics(results.models[3], **values)])


def with_fids(results, **fids):
    """The results of these models alone, each with (value, standard error) of its FID."""
    models = [with_metrics(r, fid=sure(*fids[r.model])) for r in results.models if r.model in fids]
    return replace(results, models=models)


def with_controls(results, kind, i=4, **sets):
    """Other metrics of some of the controls, classical or planted: name -> key -> value.

    None instead of metrics : the set is not there
    """
    there = dict(getattr(results.controls, kind))
    for name, values in sets.items():
        quality = there.pop(name)
        if values is not None:
            there[name] = with_values(quality, i, **values)
    return replace(results, controls=results.controls.model_copy(update={kind: there}))


def with_reference(results, **pairs):
    """Other (floor, ceiling) of some metrics."""
    floor, ceiling = ({key: Estimate(value=pair[i]) for key, pair in pairs.items()} for i in (0, 1))
    old = results.reference
    update = {"floor": old.floor | floor, "ceiling": old.ceiling | ceiling}
    return replace(results, reference=old.model_copy(update=update))


def with_detection(results, p):
    """Held-out images that a baseline tells from others with this p-value."""
    (first, *others) = results.control_detection.detections
    changed = first.model_copy(update={"shift": first.shift.model_copy(update={"p": p})})
    update = {"detections": [changed, *others]}
    return replace(results, control_detection=results.control_detection.model_copy(update=update))


CONTRADICTED = {
    "copying": lambda results: with_controls(results, "planted", held_out={"copying_z": -4.0}),
    "ranking": lambda results: with_controls(results, "planted", blurred={"fid": 9.0}),
    "ties": lambda results: with_controls(results, "planted", first_half={"fid": sure(90, 1)}),
    "duplicates": lambda results: with_controls(
        results, "planted", duplicated={"duplicates": 0.01}
    ),
    "classes": lambda results: with_controls(
        results, "planted", without_class={"classes_covered": len(results.classes)}
    ),
    "detection": lambda results: with_detection(results, 1e-5),
}
"""For each verdict, results of which a planted truth contradicts it and no other."""
