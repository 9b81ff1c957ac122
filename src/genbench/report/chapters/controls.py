"""The chapter on controls: planted truths, measured as the models are."""

from ...params import Params
from ...results.metrics import QUALITY, SAMPLES
from ...results.run import DatasetResults
from ..findings.controls import TITLES, check_verdicts
from ..gallery import Gallery
from ..tables import Row, make_table

KEYS = {"fid", "kid", "precision", "recall", "coverage", "classes_covered"}
METRICS = [metric for metric in QUALITY if metric.key in KEYS]
METRICS += [m for m in SAMPLES if m.key in KEYS | {"copying_z", "near_copies", "duplicates"}]


def controls_chapter(results: DatasetResults, params: Params, gallery: Gallery) -> dict:
    """What each verdict would have seen, and the planted sets behind it."""
    planted = results.controls.planted
    rows = [Row(TITLES[name], planted[name].metrics) for name in TITLES if name in planted]
    return {
        "findings": [check.sentence for check in check_verdicts(results).values()],
        "n": planted["held_out"].n_real,
        "sets": make_table(METRICS, rows, first="planted set"),
    }
