"""A typed difference between two releases, and the comparison that holds them all."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final, Literal, get_args

from proofpress.evidence.attestation import RowDifference

ChangeKind = Literal[
    "metric",
    "slice",
    "interface",
    "model",
    "failure_mode",
    "risk",
    "monitoring",
    "guardrail",
    "derivation",
    "readiness",
    "parameter",
    "dataset",
    "training",
    "efficiency",
    "release",
    "policy",
    "document",
    "file",
]
Direction = Literal["worse", "unknown", "better", "neutral"]

KINDS: Final[tuple[ChangeKind, ...]] = get_args(ChangeKind)
DIRECTIONS: Final[tuple[Direction, ...]] = ("worse", "unknown", "better", "neutral")

_FACTS: Final = (
    ("PRM", "a promoted parameter"),
    ("DST-SNAPSHOT", "the dataset snapshot"),
    ("DST-LICENCE", "the dataset's licence"),
    ("DST-TARGET", "the dataset's target column"),
    ("DST-SPLIT", "a split's records or keys"),
    ("DST-FEATURE", "a feature's type, unit or description"),
    ("DST-SOURCE", "a source of the dataset"),
    ("DST-FILE", "a file of the dataset snapshot"),
    ("DST-BALANCE", "the number of records of a class in a split"),
    ("DST-OVERLAP", "the number of keys that two splits share"),
    ("DST-PREPROCESSING", "a preprocessing step"),
    ("DST-LIMITATION", "a limitation of the dataset"),
    ("REL-FAMILY", "the release's family"),
    ("REL-LICENCE", "the release's licence"),
    ("REL-INTENDED-USE", "an intended use"),
    ("REL-OUT-OF-SCOPE", "a use that is out of scope"),
    ("REL-MODEL", "the model's identity"),
    ("REL-DEPRECATION", "a deprecated name"),
    ("REL-SUPPORT", "the time of support"),
    ("REL-FEATURE", "a feature that a platform must offer"),
    ("REL-SCHEMA", "a schema that a platform must read"),
    ("REL-RUNTIME", "a dependency or another demand on the runtime"),
    ("IFC-INPUT", "an input of the model"),
    ("IFC-OUTPUT", "an output of the model"),
    ("IFC-PROMISE", "a name of the public interface that users may rely on"),
    ("IFC-EXPERIMENT", "a name of the public interface that may change"),
    ("IFC-SCORES", "the answers for a fixed input"),
    ("MOD-FORMAT", "the model's format"),
    ("MOD-ARCHITECTURE", "the model's architecture"),
    ("MOD-SIZE", "the number of trainable parameters"),
    ("MOD-FILE", "a file of the model"),
    ("MOD-LIMITATION", "a limitation of the model"),
    ("TRN-RUN", "the training run"),
    ("TRN-COMMIT", "the commit that was trained from"),
    ("TRN-COMMAND", "the training command"),
    ("TRN-SEED", "the seed"),
    ("TRN-ENVIRONMENT", "a part of the training environment"),
    ("EVL-NEGATIVE", "a negative finding"),
    ("EVL-LIMITATION", "a limitation of the evaluation"),
    ("EFF", "a measured cost"),
    ("EFF-BOUNDARY", "what the measured costs do not show"),
    ("RSK", "a risk"),
    ("MON", "a signal of the monitoring plan"),
    ("GRD", "a guardrail"),
    ("DOC", "a rendered document"),
    ("FIL", "an evidence file or external artifact, by its digest"),
)
_MEASURED: Final = (
    ("CHANGED", "the value moved, on the same examples, in the same unit"),
    ("ADDED", "the row is new"),
    ("REMOVED", "the row is gone"),
    ("NOT-COMPARABLE", "both releases have the row, but not on common ground; the reason says why"),
    ("INTERVAL-CHANGED", "the value is equal, its interval is not"),
    ("TARGET-CHANGED", "the target was moved, set or dropped"),
    ("BASELINE-CHANGED", "the baseline or its value is another"),
)

CHANGE_CODES: Final[dict[str, str]] = {
    **{f"MTR-{end}": f"metric: {what}" for end, what in _MEASURED},
    **{f"SLC-{end}": f"slice of a metric: {what}" for end, what in _MEASURED},
    **{
        f"{stem}-{end}": f"{what} {verb}"
        for stem, what in _FACTS
        for end, verb in (("CHANGED", "changed"), ("ADDED", "was added"), ("REMOVED", "was removed"))
    },
    "SLC-BELOW-MINIMUM": "slice of a metric: the value moved, on fewer examples than the policy wants of a slice",
    "REL-LICENCE-RESPELT": "the release's licence is spelt in another way",
    "DST-LICENCE-RESPELT": "the dataset's licence is spelt in another way",
    "EFF-NOT-COMPARABLE": "a measured cost: both releases have it, but not on common ground; the reason says why",
    "POL-LOOSENED": "the policy: a gate asks for less than before",
    "POL-TIGHTENED": "the policy: a gate asks for more than before",
    "POL-CHANGED": "the policy: a gate asks for something else",
    "FLM-NEW": "a failure mode is new",
    "FLM-FIXED": "a failure mode is fixed: no example shows it",
    "FLM-RECURRING": "a failure mode was fixed and is back",
    "FLM-CHANGED": "a failure mode is still there, with another count or description",
    "FLM-REMOVED": "a failure mode is no longer listed",
    "CHV-ADDED": "a value of the charter is required from now on",
    "CHV-REMOVED": "a value of the charter is no longer required",
    "CHV-VALUE-CHANGED": "a value of the charter, or its unit, is another",
    "CHV-TIER-CHANGED": "the cost evidence of a value is of another tier",
    "CHV-LOCKABILITY-CHANGED": "a value of the charter became lockable, or stopped being so",
    "CHV-RECORD-ADDED": "a value was derived, or found infeasible, for the first time",
    "CHV-RECORD-SUPERSEDED": "a later record took the place of a value's record",
    "CHV-RECORD-INVALIDATED": "a value's record no longer holds, and nothing took its place",
    "CHV-RECORD-REMOVED": "a value's record was deleted, which no pack may do",
    "CHV-TARGET-CHANGED": "a target of the plan is new, gone or another",
    "RDY-ROW-ADDED": "a row is required of a release from now on, before it is ready",
    "RDY-ROW-REMOVED": "a row is no longer required of a release that is ready",
    "RDY-TARGET-CHANGED": "what is required of a row of a release that is ready is another",
}
"""Every code that a change may carry, with its meaning. Codes are permanent and never reused."""

_EXACT = Context(prec=1000)
_SHORT = Context(prec=6)


def exact_delta(old: Decimal, new: Decimal) -> Decimal:
    """The difference without rounding: evidence numbers have few enough digits for that."""
    return _EXACT.subtract(new, old)


def relative_delta(old: Decimal, new: Decimal) -> Decimal | None:
    """Difference over the old value's size, to six digits; None from zero or across it."""
    if old == 0 or (old < 0) != (new < 0):
        return None
    return _SHORT.divide(exact_delta(old, new), old.copy_abs())


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionLines:
    """How many lines a document's section gained and lost. The path joins the headings above it."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDetail:
    """Which sections of a document differ, and a unified diff that is cut when it is long."""

    sections: tuple[SectionLines, ...]
    patch: str
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetail:
    """Roles and sizes in bytes of a file on both sides; None where the file does not exist."""

    old_role: str | None
    new_role: str | None
    old_size: int | None
    new_size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two releases.

    `old` and `new` are the exact texts of the evidence, None where there is no value. `delta` and `relative`
    are there only for comparable numbers. `direction` is `unknown` where a person has to judge and `neutral`
    where there is nothing to judge. `reason` is filled when the two sides can't be compared. `test` is what a
    command recorded of the difference between the same examples.
    """

    code: str
    kind: ChangeKind
    subject: str
    old: str | None
    new: str | None
    explanation: str
    direction: Direction = "neutral"
    unit: str = ""
    delta: Decimal | None = None
    relative: Decimal | None = None
    intervals_overlap: bool | None = None
    test: RowDifference | None = None
    reason: str = ""
    detail: DocumentDetail | FileDetail | None = None

    @property
    def sort_key(self) -> tuple[int, int, Decimal, str, str, str, str]:
        """Worst first: by direction, kind, size of the relative change, then by name."""
        size = self.relative if self.relative is not None else Decimal(0)
        return (
            DIRECTIONS.index(self.direction),
            KINDS.index(self.kind),
            size.copy_abs().copy_negate(),
            self.subject,
            self.code,
            self.old or "",
            self.new or "",
        )


def not_comparable(
    code: str,
    kind: ChangeKind,
    subject: str,
    values: tuple[str | None, str | None],
    units: tuple[str, str],
    reasons: Sequence[str],
) -> Change:
    """The change of a value, old and new, whose two sides have no common ground; units that differ are both told."""
    reason = "; ".join(reasons)
    return Change(
        code=f"{code}-NOT-COMPARABLE",
        kind=kind,
        subject=subject,
        old=values[0],
        new=values[1],
        unit=units[1] if units[0] == units[1] else f"{units[0]} → {units[1]}",
        direction="unknown",
        reason=reason,
        explanation=f"{subject} is not comparable, because {reason}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two releases of a comparison."""

    bundle_id: str
    release_id: str
    pack_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that differs between two releases, worst first, and how many facts do not differ.

    `declared` says whether the new release names the old one, by its pack id, as its predecessor.
    """

    old: Side
    new: Side
    declared: bool
    changes: tuple[Change, ...]
    unchanged: int

    def count(self, direction: Direction) -> int:
        """How many changes go that way."""
        return sum(change.direction == direction for change in self.changes)
