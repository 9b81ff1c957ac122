"""A block of choices, and the numbers in it: finite, and bounded where no use asks for more."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Block(BaseModel):
    """Keys with types and bounds, of params.yaml or of a model's constructor."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def _as_whole(value):
    """1e5 is a float in YAML, and the number 100,000 all the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AsWhole = BeforeValidator(_as_whole)
Whole = Annotated[int, AsWhole]
Count = Annotated[Whole, Field(ge=1, le=10**9)]
CountOrZero = Annotated[Whole, Field(ge=0, le=10**9)]
Few = Annotated[Whole, Field(ge=1, le=1000)]
Several = Annotated[Whole, Field(ge=2, le=1000)]
Share = Annotated[float, Field(gt=0, lt=1)]
ShareOrZero = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
