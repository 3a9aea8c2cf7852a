"""Slice suites: which parts of a split a profile wants measured, told by rules instead of by hand."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model
from proofpress.evidence.values import Integer, Name, Number, Text


def _pattern(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as exc:
        raise PydanticCustomError("pattern", "not a regular expression") from exc
    if groups != 1:
        raise PydanticCustomError("pattern", "a pattern with exactly one group is expected")
    return value


class SuiteDimension(Model):
    """A way of slicing: by a field of the example's row, by a group of its key, or by a label that it carries.

    A numeric field with `edges` is cut into ranges. `values` are those that are measured; without them, all that occur.
    """

    name: Name
    description: Text
    field: Name | None = Field(default=None, description="A field of the per-example row.")
    edges: tuple[Number, ...] = Field(default=(), description="Rising numbers that cut a numeric field into ranges.")
    key_pattern: Annotated[Text, AfterValidator(_pattern)] | None = Field(
        default=None, description="A regular expression whose one group, found in the key, is the value."
    )
    values: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.field is not None and self.key_pattern is not None:
            raise PydanticCustomError("source", "a dimension is told by a field or by a key pattern, not by both")
        if self.edges and (self.field is None or list(self.edges) != sorted(set(self.edges))):
            raise PydanticCustomError("edges", "edges are rising numbers that cut a field")
        return self

    def value_of(self, row: Mapping[str, Any]) -> str | None:
        """The slice in which an example lies, or None when it lies in none."""
        found: Any
        if self.key_pattern is not None:
            match = re.search(self.key_pattern, str(row["key"]))
            found = match[1] if match else None
        elif self.field is not None:
            found = row.get(self.field)
        else:
            found = row.get("slices", {}).get(self.name)
        if self.edges:
            return self._range(found) if isinstance(found, int | Decimal) and not isinstance(found, bool) else None
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, int | Decimal):
            return format(Decimal(found), "f")
        return found if isinstance(found, str) and found else None

    def _range(self, number: int | Decimal) -> str:
        above = [edge for edge in self.edges if number >= edge]
        if not above:
            return f"below {self.edges[0]}"
        if len(above) == len(self.edges):
            return f"{above[-1]} and above"
        return f"{above[-1]} to below {self.edges[len(above)]}"


class SuiteMetric(Model):
    """What is measured in each slice: the share of examples whose field is 1, of those whose field is 0, or a mean."""

    name: Name
    kind: Literal["accuracy", "error_rate", "mean"]
    field: Name = "correct"
    unit: Name = "fraction"
    higher_is_better: bool | None = None

    @property
    def direction(self) -> bool | None:
        """Whether more is better; known of accuracy and error rate."""
        return {"accuracy": True, "error_rate": False, "mean": self.higher_is_better}[self.kind]


class SliceSuite(Model):
    """Dimensions and metrics that are measured in every split with per-example results.

    A slice with fewer than `minimum` examples stands as a row without value, so that it is not overlooked.
    """

    minimum: Annotated[Integer, Field(ge=1)] = 1
    level: Literal["0.90", "0.95", "0.99"] = "0.95"
    dimensions: Annotated[tuple[SuiteDimension, ...], Field(min_length=1)]
    metrics: Annotated[tuple[SuiteMetric, ...], Field(min_length=1)]
