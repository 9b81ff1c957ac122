"""Numbers on disk as frozen, checked objects: how every result is written and read."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from . import files
from .errors import validation_line

Number = int | float


class Record(BaseModel):
    """A result in one JSON file, or a part of it; what is missing is None and not written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def save(self, path: Path) -> None:
        """Write the record as JSON with sorted keys and 6 digits; refuse a non-finite number."""
        files.save_json(path, self.model_dump(exclude_none=True))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; an `InputError` that names the file if it is something else."""
        value = files.load_json(path)
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise files.damaged(path, validation_line(error.errors()[0])) from None


class Estimate(Record):
    """A number and its 95 % interval, where it has one."""

    value: Number
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, value: Number, interval: tuple[float, float] | list[float] | None = None) -> Self:
        """An estimate from a value and, where there is one, its [low, high]."""
        low, high = interval if interval is not None else (None, None)
        return cls(value=value, low=low, high=high)
