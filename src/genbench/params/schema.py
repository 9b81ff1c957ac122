"""The blocks of params.yaml: their keys, types and bounds."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _whole(value):
    """1e5 is a float in YAML, and the number 100,000 all the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[Whole, Field(ge=1)]
Seed = Annotated[Whole, Field(ge=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
Rate = Annotated[float, Field(gt=0, le=1)]
Severity = Annotated[float, Field(gt=0)]
Names = Annotated[list[str], Field(min_length=1)]


class Block(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Model(Block):
    latent_dim: Count
    width: Annotated[Whole, Field(ge=4)]


class Train(Block):
    images: Count
    batch_size: Annotated[Whole, Field(ge=2)]
    ema_images: Annotated[Whole, Field(ge=0)]
    log_points: Count
    snapshots: Annotated[Whole, Field(ge=2)]
    threads: Literal["auto"] | Count  # auto: not if portable
    precision: Literal["float32", "tf32", "bfloat16"]
    deterministic: bool
    checkpoint_every: Annotated[float, Field(ge=0)]


class Split(Block):
    val: Share
    test: Share


class Data(Block):
    ood: list[str] = []
    path: str | None = None
    size: Annotated[Whole, Field(ge=8, le=64)] | None = None
    channels: Annotated[Literal[1, 3], BeforeValidator(_whole)] | None = None


class Budgets(Block):
    cnn: Count
    resnet: Count


class Classifier(Block):
    network: Literal["auto", "cnn", "resnet"]
    images: Budgets
    batch_size: Annotated[Whole, Field(ge=2)]
    lr: Rate
    width: Annotated[Whole, Field(ge=4)]

    def network_for(self, channels: int) -> str:
        """The network for images of so many channels, and so its budget."""
        automatic = "resnet" if channels == 3 else "cnn"
        return automatic if self.network == "auto" else self.network


class Evaluate(Block):
    n: Annotated[Whole, Field(ge=10)]
    sample_sets: Count
    extractor: Literal["auto", "classifier", "inception"]
    inception_weights: str | None
    resize: Literal["tensorflow", "antialias"]
    is_splits: Count
    kid_subsets: Count
    kid_subset_size: Annotated[Whole, Field(ge=2)]


class Corruptions(Block):
    noise: Severity | None = None
    salt_and_pepper: Rate | None = None
    blur: Annotated[Whole, Field(ge=1)] | None = None
    occlusion: Rate | None = None
    inversion: Rate | None = None
    rotation: Severity | None = None
    contrast: Rate | None = None


class Iterative(Block):
    scores: list[Literal["importance_weighted", "likelihood_regret", "latent_inversion"]]
    n: Annotated[Whole, Field(ge=2)]
    draws: Count
    steps: Count


class Anomaly(Block):
    n: Annotated[Whole, Field(ge=2)]
    quantile: Share
    held_out_class: str | None
    corruptions: Corruptions
    iterative: Iterative

    @property
    def severities(self) -> dict[str, float]:
        """Kinds of corruption with their severities."""
        return {k: v for k, v in self.corruptions.model_dump().items() if v is not None}


class Latent(Block):
    n: Annotated[Whole, Field(ge=2)]
    ppl_samples: Annotated[Whole, Field(ge=2)]
    iwae_samples: Annotated[Whole, Field(ge=0)]


class Tsne(Block):
    n: Annotated[Whole, Field(ge=10)]
    perplexity: Annotated[float, Field(ge=1)]
    n_neighbors: Count


class Sweep(Block):
    models: list[str]
    # no `Whole` in these two: DVC makes names of files from them as they are written
    latent_dim: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    width: Annotated[list[Annotated[int, Field(ge=4)]], Field(min_length=1)]
    beta: list[Annotated[int | float, Field(gt=0)]]
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    images: Count


class Report(Block):
    single_file: bool


class Tracking(Block):
    enabled: bool
    experiment: Annotated[str, Field(min_length=1)]
    live_after: Annotated[float, Field(ge=0)]
