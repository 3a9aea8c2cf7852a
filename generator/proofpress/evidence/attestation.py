"""What is said about a pack afterwards, below `packs/attestations/<hex of pack_id>/`."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model
from proofpress.evidence.evaluation import SliceKey
from proofpress.evidence.gates import Gates
from proofpress.evidence.values import Count, Digest, Identity, Label, Name, Number, Text, UtcTime

COMPARISON_SCHEMA: Final = "proofpress.comparison/1"
GATE_SCHEMA: Final = "proofpress.gate/1"


class Party(Model):
    """A pack that an attestation is about."""

    bundle_id: Name
    pack_id: Identity


class RowDifference(Model):
    """How a row differs between two releases, example by example, and how sure that is.

    `difference` is the mean of new minus old over the `n` examples that both rows were evaluated on, with its
    interval. `p_value` is two-sided for no difference; `p_adjusted` is corrected for all rows of the comparison.
    """

    name: Name
    split: Name
    slice: SliceKey | None = None
    field: Name
    n: Count
    difference: Number
    ci_low: Number
    ci_high: Number
    p_value: Number
    p_adjusted: Number
    method: Text

    @property
    def key(self) -> str:
        """The key of the row, as `MetricRow.key`."""
        part = f"[{self.slice.dimension}={self.slice.value}]" if self.slice else ""
        return f"{self.name}@{self.split}{part}"


class Untested(Model):
    """A row of both releases whose difference can't be tested, and why."""

    row: Text
    reason: Text


class PairedComparison(Model):
    """`comparison-<hex of the old pack_id>.json`: what was computed of two packs' per-example results.

    Everything follows from the two packs, so that whoever has them can compute it again: the seed of a row's
    resampling is the sha256 of both pack ids and the row's key.
    """

    schema_: Literal["proofpress.comparison/1"] = Field(alias="schema")
    generated_by: Label
    old: Party
    new: Party
    level: Number
    resamples: Count
    correction: Text
    rows: tuple[RowDifference, ...]
    untested: tuple[Untested, ...]


DecisionVerdict = Literal["pass", "warn", "deny", "not decided"]
REFUSING: Final[frozenset[DecisionVerdict]] = frozenset({"deny", "not decided"})
"""What refuses a release."""


class GateDecision(Model):
    """What one gate says of one subject. `not decided` refuses like `deny`: what a gate can't judge is no pass."""

    gate: Annotated[str, Field(pattern=r"^GAT[0-9]{3}$")]
    verdict: DecisionVerdict
    subject: Text
    expected: Text
    found: Text
    why: Text
    file: str = Field(default="", description="The file of the pack, or of the instance, that it is about")
    code: str = Field(default="", description="The code of the change that was judged")
    waived_by: Text | None = Field(default=None, description="The waiver that turned a refusal into a warning")


class JudgedBy(Model):
    """The policy that a release was judged by: the digest of its file and the gates that applied."""

    sha256: Digest
    gates: Gates


class GateReceipt(Model):
    """`gate.json`: the decisions on one pack against one baseline by one policy at one time."""

    schema_: Literal["proofpress.gate/1"] = Field(alias="schema")
    generated_by: Label
    subject: Party
    against: Party | None
    policy: JudgedBy
    evaluated_at: UtcTime
    verdict: Literal["PASS", "FAIL"]
    decisions: Annotated[tuple[GateDecision, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _follows(self) -> Self:
        refused = any(item.verdict in REFUSING for item in self.decisions)
        if (self.verdict == "FAIL") is not refused:
            raise PydanticCustomError("verdict", "a verdict that follows from the decisions is expected")
        return self
