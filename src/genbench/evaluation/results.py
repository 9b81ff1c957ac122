"""How good images are: metrics of a model's samples, of real images and of noise."""

from pathlib import Path

from ..utils.record import Estimate, Number, Record

METRICS_FILE = "metrics.json"
FEATURES = "features.npz"
"""Features in the folder of a stage.

`evaluate` : fake (n, D) and logits (n, K) of generated images, by the classifier
`reference` : train (N, D), test (M, D) of all images and test_distances (M,), by the classifier;
the arrays of `quality.RealFeatures`, by the protocol's extractor
"""
NEAREST = "nearest.png"
DETECTION = "detection.json"
"""Of the stage `controls`: one half of the test images against the other, by baselines."""
OWN_PREFIX = "own_"
"""Of the keys of the user's own metrics among the others."""
SAMPLES = "samples.npz"
"""Of the stage `sample`: x, y, z, ema, and where there are any labels, test_negative_elbo."""


class Protocol(Record):
    """How numbers were measured: those under another protocol do not compare.

    extractor : classifier, contrastive (of a dataset without classes) or inception, with the sha256
        of its weights and the rule of resizing
    n : images of either kind; split : of the real ones
    weights, checkpoint : of the model that generated, where there is one
    source : of images that were made elsewhere
    """

    extractor: str
    extractor_sha256: str
    resize: str
    n: int
    split: str
    seed: int
    weights: str | None = None
    checkpoint: str | None = None
    source: str | None = None


class ClassShare(Record):
    """A class's share of the generated images, and their precision; None without images."""

    name: str
    share: float
    precision: float | None = None


class Reference(Record):
    """What every metric says of real training images (floor) and of noise (ceiling)."""

    protocol: Protocol
    floor: dict[str, Estimate]
    ceiling: dict[str, Estimate]

    @classmethod
    def of(cls, folder: Path) -> "Reference":
        """The reference in the folder of its stage."""
        return cls.load(folder / METRICS_FILE)


class Quality(Record):
    """Metrics of one model's samples, by the keys of `results.metrics`.

    halves : the values for halves of the images, by metric, the real ones the same for all models;
        `intervals.standard_error` says how sure a difference of two models is
    sample_sets : the values of several samples of the model, by metric; {} for one sample
    """

    protocol: Protocol
    n_real: int
    n_fake: int
    metrics: dict[str, Estimate]
    halves: dict[str, list[Number]] = {}
    sample_sets: dict[str, list[Number]]
    classes: list[ClassShare]


class Controls(Record):
    """Generators without a network, and sets of images of which the truth is known.

    classical : by name of `classical.classical_samples`, measured as a model is
    planted : by name of `planted.planted_samples`, measured against the other half of test images
    """

    classical: dict[str, Quality]
    planted: dict[str, Quality]
