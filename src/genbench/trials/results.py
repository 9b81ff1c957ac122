"""What was measured of a trial, in one file."""

from ..anomaly.results import DetectionResults
from ..evaluation.results import Quality
from ..latent.results import EmbeddingMetrics, LatentResults
from ..utils.record import Estimate, Number, Record


class Trial(Record):
    """A training with other choices than those of params.yaml; it lies in a folder of its own.

    at : the choices that differ, {"seed": 1}; of a sweep also latent_dim and width, or beta
    quality : of its samples; None if it failed
    detection, embedding : of more seeds only; the embedding's metrics are those without t-SNE
    latent : of more seeds, and of the rate-distortion curve
    """

    model: str
    at: dict[str, Number]
    quality: Quality | None = None
    detection: DetectionResults | None = None
    latent: LatentResults | None = None
    embedding: EmbeddingMetrics | None = None

    @property
    def metrics(self) -> dict[str, Estimate]:
        """Of its samples and of its latent space, by the keys of `results.metrics`."""
        quality = self.quality.metrics if self.quality else {}
        return quality | (self.latent.metrics if self.latent else {})

    @property
    def extractor(self) -> str:
        """In whose features its samples were measured."""
        return self.quality.protocol.extractor if self.quality else "none"


def trial_name(model: str, at: dict[str, Number]) -> str:
    """The name of a trial's files, in the folder of its dataset: gan-1, vae-4-16-0."""
    return "-".join(map(str, (model, *at.values())))
