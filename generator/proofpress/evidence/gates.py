"""The gates of `packs/policy.yaml`: what a release must reach, how far it may fall, who may look away until when."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model
from proofpress.evidence.values import Count, Digest, Identity, IsoDate, Name, Number, PackPath, Text, UtcTime

Severity = Literal["allow", "warn", "deny"]
GateId = Annotated[str, Field(pattern=r"^GAT[0-9]{3}$")]


def _not_negative(value: Number) -> Number:
    if value < 0:
        raise PydanticCustomError("negative", "a number from 0 up is expected")
    return value


Tolerance = Annotated[Number, AfterValidator(_not_negative)]


class RowPattern(Model):
    """Which rows: metric, split, and slice as `dimension=value`. `*` stands for anything; no slice: the whole split."""

    metric: Name
    split: Name
    slice: Name | None = None

    @property
    def key(self) -> str:
        """The pattern in the form of a row's key."""
        return f"{self.metric}@{self.split}" + (f"[{self.slice}]" if self.slice else "")


class Threshold(RowPattern):
    """What each matching row must reach, in which unit, on how many examples at least."""

    op: Literal[">=", "<="]
    value: Number
    unit: Name
    least_n: Count = 0


class Limit(Model):
    """How much worse something may get: as a difference, as a share of the old value, or both; then both count."""

    absolute: Tolerance | None = None
    relative: Tolerance | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.absolute is None and self.relative is None:
            raise PydanticCustomError("limit", "a limit is expected: absolute, relative or both")
        return self

    def allowed(self, old: Decimal) -> Decimal:
        """The largest change for the worse from an old value."""
        bounds = (self.absolute, None if self.relative is None else self.relative * old.copy_abs())
        return min(bound for bound in bounds if bound is not None)

    @property
    def text(self) -> str:
        """The limit in words."""
        bounds = ((self.absolute, "absolute"), (self.relative, "of the old value"))
        return " and ".join(f"{bound} {kind}" for bound, kind in bounds if bound is not None)


class Regression(RowPattern, Limit):
    """How far each matching row may fall behind the baseline's.

    `value` judges the measured difference. `significant` refuses a fall beyond the limit only when a test says that
    it is real. `non-inferior` refuses unless the whole interval of the difference is within the limit.
    """

    judge: Literal["value", "significant", "non-inferior"] = "value"


class CostLimit(Limit):
    """How much worse a measured cost may get, by its name (with ` (batch of N)` when it has one; `*` for anything)."""

    name: Name

    @property
    def key(self) -> str:
        """The pattern of names."""
        return self.name


class Preregistration(Model):
    """A file of thresholds that was fixed before the run: its digest, and when it was recorded."""

    path: Annotated[PackPath, Field(pattern=r"^packs/.+\.yaml$")]
    sha256: Digest
    recorded_at: UtcTime
    owner: Name


class Thresholds(Model):
    """A file of pre-registered thresholds."""

    schema_version: Literal["1.0.0"]
    thresholds: Annotated[tuple[Threshold, ...], Field(min_length=1)]


class Gates(Model):
    """What the releases of a family must pass. What is not said here is judged by the defaults of each gate."""

    thresholds: tuple[Threshold, ...] = ()
    regressions: tuple[Regression, ...] = ()
    costs: tuple[CostLimit, ...] = ()
    required_evidence: tuple[Name, ...] = Field(default=(), description="Names of documents, as in profiles")
    changes: dict[str, Severity] = Field(
        default_factory=dict, description="What to do about changes, by code; a code may end in '*'"
    )
    least_slice_n: Count = Field(default=0, description="Examples that a slice must hold to be judged")
    own_targets: Severity = Field(default="warn", description="What to do when a release misses its own targets")
    preregistered: Preregistration | None = None


class Waiver(Model):
    """A refusal that somebody answers for, for one subject, until a day. It turns the refusal into a warning."""

    gate: GateId
    subject: Text = Field(description="The subject of the decision, exactly")
    code: Name | None = Field(default=None, description="The code of the change, when the gate judges changes")
    owner: Name
    reason: Text
    expires: IsoDate = Field(description="The last day on which it holds")
    family: Name | None = None
    pack: Identity | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.family is None) == (self.pack is None):
            raise PydanticCustomError("waiver", "either a family or a pack is expected")
        return self
