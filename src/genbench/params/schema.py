"""The blocks of params.yaml: their keys, types and bounds."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ..utils.choices import (
    AsWhole,
    Block,
    Count,
    CountOrZero,
    Few,
    Rate,
    Several,
    Share,
    Whole,
)


def _distinct(values: list) -> list:
    if len(set(values)) < len(values):
        raise PydanticCustomError("distinct", "A value stands twice")
    return values


Distinct = AfterValidator(_distinct)
Names = Annotated[list[str], Field(min_length=1), Distinct]
LatentDim = Annotated[int, Field(ge=1, le=100_000)]
Width = Annotated[int, Field(ge=4, le=10_000)]
Seed = Annotated[Whole, Field(ge=0, le=10**18)]
ListedSeed = Annotated[int, Field(ge=0, le=10**18)]
"""Of a list, whose elements become names of files as they are written."""
Severity = Annotated[float, Field(gt=0, le=1000)]
Size = Annotated[Whole, Field(ge=2, le=10**6)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Samples = Annotated[Whole, Field(ge=0, le=4000)]
"""Of the posterior, for one image: `models/base/variational.py` has so many different ones."""


class Model(Block):
    latent_dim: Annotated[LatentDim, AsWhole]
    width: Annotated[Width, AsWhole]


class Train(Block):
    images: Count
    batch_size: Size
    ema_images: CountOrZero
    log_points: Annotated[Whole, Field(ge=1, le=10_000)]
    snapshots: Several
    threads: Literal["auto"] | Few  # auto: not if portable
    precision: Literal["float32", "tf32", "bfloat16"]
    deterministic: bool
    checkpoint_every: Seconds
    augment: Annotated[list[Literal["color", "translation", "cutout"]], Distinct]
    select: Literal["last", "best"]


class Imported(Block):
    """The block `zoo.<name>` of images that were made elsewhere."""

    samples: Annotated[dict[str, str], Field(min_length=1)]  # by dataset
    resize: bool = False


class Split(Block):
    val: Share
    test: Share
    train: Size | None


class Data(Block):
    ood: Annotated[list[str], Distinct] = []
    path: str | None = None
    size: Annotated[Whole, Field(ge=8, le=64)] | None = None
    channels: Annotated[Literal[1, 3], AsWhole] | None = None


class Budgets(Block):
    cnn: Count
    resnet: Count


class Classifier(Block):
    network: Literal["auto", "cnn", "resnet"]
    images: Budgets
    batch_size: Size
    lr: Rate
    width: Annotated[Width, AsWhole]

    def network_for(self, channels: int) -> str:
        """The network for images of so many channels, and so its budget."""
        automatic = "resnet" if channels == 3 else "cnn"
        return automatic if self.network == "auto" else self.network


def _extractor(value: str) -> str:
    if value not in ("auto", "classifier", "inception") and ":" not in value:
        allowed = "'auto', 'classifier', 'inception' or plugins/<file>.py:<function>"
        raise PydanticCustomError("extractor", "Input should be {allowed}", {"allowed": allowed})
    return value


class Evaluate(Block):
    n: Annotated[Whole, Field(ge=10, le=10**6)]
    sample_sets: Few
    metrics: Annotated[list[str], Distinct] = []
    extractor: Annotated[str, AfterValidator(_extractor)]
    inception_weights: str | None
    resize: Literal["tensorflow", "antialias"]
    is_splits: Few
    kid_subsets: Few
    kid_subset_size: Size


class Corruptions(Block):
    noise: Severity | None = None
    salt_and_pepper: Rate | None = None
    blur: Few | None = None
    occlusion: Rate | None = None
    inversion: Rate | None = None
    rotation: Severity | None = None
    contrast: Rate | None = None


class Iterative(Block):
    scores: Annotated[
        list[Literal["importance_weighted", "likelihood_regret", "latent_inversion"]], Distinct
    ]
    n: Size
    draws: Annotated[Samples, Field(ge=1)]
    steps: Annotated[Whole, Field(ge=1, le=100_000)]


class Anomaly(Block):
    n: Size
    quantile: Share
    held_out_class: str | None
    corruptions: Corruptions
    iterative: Iterative

    @property
    def severities(self) -> dict[str, float]:
        """Kinds of corruption with their severities."""
        return {k: v for k, v in self.corruptions.model_dump().items() if v is not None}


class Latent(Block):
    n: Size
    ppl_samples: Size
    iwae_samples: Samples


class Tsne(Block):
    n: Annotated[Whole, Field(ge=10, le=10**6)]
    perplexity: Annotated[float, Field(ge=1, le=1e6)]
    n_neighbors: Annotated[Whole, Field(ge=1, le=10**6)]


class Sweep(Block):
    models: Annotated[list[str], Distinct]
    # no `Whole` in lists of numbers: DVC makes names of files from them as they are written
    latent_dim: Annotated[list[LatentDim], Field(min_length=1), Distinct]
    width: Annotated[list[Width], Field(min_length=1), Distinct]
    beta: Annotated[list[Annotated[int | float, Field(gt=0, le=1e6)]], Distinct]
    seeds: Annotated[list[ListedSeed], Field(min_length=1), Distinct]
    images: Count


class Report(Block):
    single_file: bool


class Tracking(Block):
    enabled: bool
    experiment: Annotated[str, Field(min_length=1)]
    live_after: Seconds
