"""What a gate is: a permanent id, its documentation, and a function from a case to decisions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from proofpress.console import printable
from proofpress.diff import Change, Comparison, diff
from proofpress.errors import ProofpressError
from proofpress.evidence.attestation import DecisionVerdict, GateDecision, PairedComparison, RowDifference
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.gates import Gates, RowPattern, Severity
from proofpress.gate.paired import holm
from proofpress.verify.rule import Rule
from proofpress.verify.verdict import VerifiedPack

EVALUATION: Final = "model/eval_metrics.json"
RELEASE: Final = "release.json"
POLICY: Final = "packs/policy.yaml"
_LONGEST: Final = 1000
Rows = Mapping[str, list[MetricRow]]


@dataclass(frozen=True, kw_only=True)
class GateCase:
    """What gates judge: a release, its baseline, the gates of its family, and what commands read for them.

    `old` is None for the first release of a line, and when the baseline is `missing`, which then says why.
    `earlier` are the bundle ids of the line's releases before this one, oldest first; of them, `yanked` were withdrawn
    and `rejected` never came into use. `before` are the gates that the baseline was judged by; `before_trouble` says
    why they can't be told. `recorded` is the comparison that was found beside the pack, `computed` the one that was
    computed just now. `preregistered` are the bytes of the file of pre-registered thresholds.
    """

    new: VerifiedPack
    old: VerifiedPack | None
    gates: Gates
    missing: str = ""
    earlier: tuple[str, ...] = ()
    yanked: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    before: Gates | None = None
    before_trouble: str = ""
    recorded: PairedComparison | None = None
    recorded_trouble: str = ""
    computed: PairedComparison | None = None
    preregistered: bytes | None = None

    @property
    def newest(self) -> str:
        """The newest usable release before this one, empty when there is none."""
        usable = [item for item in self.earlier if item not in self.yanked | self.rejected]
        return usable[-1] if usable else ""

    @cached_property
    def rows(self) -> Rows:
        """The rows of the release, by key."""
        return _by_key(self.new)

    @cached_property
    def old_rows(self) -> Rows:
        """The rows of the baseline, by key."""
        return _by_key(self.old) if self.old else {}

    @cached_property
    def tests(self) -> Mapping[str, RowDifference]:
        """Tested differences by key."""
        return {row.key: row for row in self.computed.rows} if self.computed else {}

    @cached_property
    def corrected(self) -> Mapping[str, Decimal]:
        """p-values by key, corrected for the rows that the policy has judged by significance, and for no others.

        So nobody can hide a regression by adding rows to the evaluation.
        """
        limits = [limit for limit in self.gates.regressions if limit.judge == "significant"]
        chosen = [
            key
            for key in sorted(self.tests.keys() & self.rows.keys())
            if any(is_for(limit, row) for limit in limits for row in self.rows[key])
        ]
        return dict(zip(chosen, holm([self.tests[key].p_value for key in chosen]), strict=True))

    @cached_property
    def comparison(self) -> Comparison | None:
        """What changed since the baseline."""
        if self.old is None:
            return None
        return diff(self.old, self.new, recorded=self.computed, least_slice_n=self.gates.least_slice_n)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes since the baseline; none without one."""
        return self.comparison.changes if self.comparison else ()


def _by_key(pack: VerifiedPack) -> Rows:
    found: dict[str, list[MetricRow]] = {}
    for row in pack.evidence.evaluation.rows if pack.evidence.evaluation else ():
        found.setdefault(row.key, []).append(row)
    return found


Check = Callable[[GateCase], Iterable[GateDecision]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate. `compares` says that it needs a baseline; without one that should be there it is not decided."""

    id: str
    title: str
    explanation: str
    compares: bool
    check: Check

    @property
    def rule(self) -> Rule:
        """The gate as the rule book shows it."""
        return Rule(id=self.id, title=self.title, explanation=self.explanation, book=2)


def gate(id: str, title: str, *, compares: bool = False) -> Callable[[Check], Gate]:  # noqa: A002 - the field's name
    """Make a gate of a function; its docstring is the gate's documentation page."""

    def make(check: Check) -> Gate:
        lines = (check.__doc__ or "").strip().split("\n")
        text = "\n".join(line.removeprefix("    ") for line in lines)
        return Gate(id=id, title=title, explanation=text, compares=compares, check=check)

    return make


def decision(
    verdict: DecisionVerdict,
    subject: str,
    *,
    expected: str,
    found: str,
    why: str,
    file: str = EVALUATION,
    code: str = "",
) -> GateDecision:
    """A decision of the gate that is running; the runner adds the gate's id."""
    return GateDecision(
        gate="GAT000",
        verdict=verdict,
        subject=_text(subject),
        expected=_text(expected),
        found=_text(found),
        why=_text(why),
        file=file,
        code=code,
    )


def _text(text: str) -> str:
    """One line that can be printed; evidence, and what an exception says, may be longer than a decision needs."""
    text = printable(" ".join(text.split()), keep="") or "nothing"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def worded(severity: Severity) -> DecisionVerdict:
    """The verdict that a severity of the policy leads to."""
    verdicts: Mapping[Severity, DecisionVerdict] = {"allow": "pass", "warn": "warn", "deny": "deny"}
    return verdicts[severity]


def matches(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern, in which `*` stands for anything and nothing else is special."""
    head, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(head):
        return False
    at = len(head)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def is_limited(case: GateCase, key: str) -> bool:
    """Whether a limit of the policy decides about the row of this key, so that its changes need no other judgement."""
    rows = (*case.old_rows.get(key, ()), *case.rows.get(key, ()))
    return any(is_for(limit, row) for limit in case.gates.regressions for row in rows)


def is_for(pattern: RowPattern, row: MetricRow) -> bool:
    """Whether a limit of the policy is for a row."""
    part = f"{row.slice.dimension}={row.slice.value}" if row.slice else None
    same_part = part is None if pattern.slice is None else part is not None and matches(pattern.slice, part)
    return same_part and matches(pattern.metric, row.name) and matches(pattern.split, row.split)


_UNDECIDED = (ProofpressError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def run_gate(each: Gate, case: GateCase) -> Iterator[GateDecision]:
    """The decisions of one gate. One that lacks its baseline, or that raises, is not decided."""
    found: list[GateDecision] = []
    if each.compares and case.old is None:
        if case.missing:
            found.append(
                decision("not decided", "baseline", expected="a baseline", found="none", why=case.missing, file=RELEASE)
            )
    else:
        try:
            found.extend(each.check(case))
        except _UNDECIDED as exc:
            why = f"the gate ended with {type(exc).__name__}: {exc}, which is no pass; report this"
            found.append(decision("not decided", "the gate itself", expected="a decision", found="an error", why=why))
    for item in found:
        yield item.model_copy(update={"gate": each.id})
