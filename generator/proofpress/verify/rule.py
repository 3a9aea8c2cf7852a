"""Rules: what one is, what it sees, and how a book of them is run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from proofpress.errors import ProofpressError, UsageError
from proofpress.evidence.base import ProducedFile
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.finding import Finding, Severity
from proofpress.evidence.ledger import Ledger
from proofpress.evidence.pack import KIND_BY_PATH, Evidence, UnreadError, kind_at
from proofpress.evidence.policy import Policy
from proofpress.evidence.release import ExternalArtifact, FileEntry
from proofpress.ingest.raw import RawPack
from proofpress.ingest.rows import held_rows
from proofpress.render.document import RenderedDocument
from proofpress.render.render import render_documents
from proofpress.render.sets import TemplateSet, TemplateSets
from proofpress.verify.profile import Profiles
from proofpress.verify.textscan import TextScan

RULE_BOOK = 2
"""Number of the newest rule book; a rule knows the book that it came with."""
RULE_BOOK_RELEASED: Mapping[int, str] = {1: "2026-11-22T00:00:00Z", 2: "2026-11-25T00:00:00Z"}


_NO_VALUES = frozenset(("ci_level", "extensions"))
_NOT_MEASURED = frozenset(("manifest", "model_manifest", "suite", "readiness"))


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a rule sees: one pack, and what the instance asks of it."""

    evidence: Evidence
    raw: RawPack
    policy: Policy
    profiles: Profiles
    sets: TemplateSets
    values: Mapping[str, Any]
    broken: frozenset[str] = frozenset()
    registered_at: str | None = None

    @cached_property
    def listed(self) -> Mapping[str, FileEntry | ExternalArtifact]:
        """What the manifest says of each file of the release: by its path, or by its name when it lies elsewhere."""
        manifest = self.evidence.manifest
        return {
            **{item.name: item for item in manifest.external_artifacts},
            **{item.path: item for item in manifest.files},
        }

    @property
    def evaluation(self) -> EvalMetrics:
        """The evaluation, for rules that need it."""
        if self.evidence.evaluation is None:  # pragma: no cover - such a rule is skipped without one
            raise ValueError("no evaluation")
        return self.evidence.evaluation

    def unlike(self, item: ProducedFile, *, elsewhere: bool = False) -> str:
        """What the manifest has in place of a recorded file; empty: the file itself.

        With `elsewhere`, an external artifact of that name counts too.
        """
        found = self.listed.get(item.path)
        if found is None or not (elsewhere or isinstance(found, FileEntry)):
            return "not in manifest.json"
        return "" if (found.sha256, found.size) == (item.sha256, item.size) else bytes_of(found)

    @cached_property
    def imported(self) -> bool:
        """Whether the profile accepts facts that an imported source does not state: its texts are others' words."""
        try:
            chain = self.profiles.chain(self.evidence.manifest.profile)
        except UsageError:
            return False  # PRO003 says so
        return any(profile.unstated for profile in chain)

    @cached_property
    def ledger(self) -> Ledger:
        """What charter and records of derivations amount to."""
        return Ledger.of(self.evidence)

    @cached_property
    def unreadable(self) -> bool:
        """Whether a document of the pack could not be read, so that what follows from it can't be judged."""
        return any(kind_at(path) is not None for path in self.broken)

    @cached_property
    def text(self) -> TextScan:
        """All text files of the pack as one."""
        return TextScan(self.raw)

    def rows(self, path: str) -> tuple[dict[str, Any], ...] | None:
        """The rows of a per-example file; None of one that is only streamed."""
        file = self.raw.files[path]
        return None if file.data is None else held_rows(file.data, file.sha256)

    @cached_property
    def measured(self) -> frozenset[Decimal]:
        """Every number of the pack's documents but manifests and readiness, whose numbers are sizes and targets.

        From rule book 2 on also without levels of intervals and the free fields of other tools.
        """
        left_out = _NO_VALUES if self.evidence.manifest.rule_book >= 2 else frozenset[str]()
        kinds = (kind for kind in KIND_BY_PATH.values() if kind.name not in _NOT_MEASURED)
        waiting = [self.values.get(kind.path) for kind in kinds]
        found: set[Decimal] = set()
        while waiting:
            item = waiting.pop()
            if isinstance(item, dict):
                waiting.extend(value for name, value in item.items() if name not in left_out)
            elif isinstance(item, tuple):
                waiting.extend(item)
            elif isinstance(item, Decimal):
                found.add(item)
        return frozenset(found)

    @cached_property
    def template_set(self) -> TemplateSet | None:
        """The set that the manifest names, or None when it is unknown or altered."""
        return self.sets.find(self.evidence.manifest.template_set)

    @cached_property
    def documents(self) -> tuple[RenderedDocument, ...]:
        """The documents as they must be; none when the template set is unknown."""
        return () if self.template_set is None else render_documents(self.evidence, self.template_set)

    def may_be_older(self, newer_since: str | None) -> bool:
        """Whether the pack may keep a version older than the one that came out at `newer_since`.

        Yes for packs that the policy lists, and for those that the log registered before that time.
        """
        if any(item.pack_id == self.evidence.pack_id for item in self.policy.accepted_older):
            return True
        return self.registered_at is not None and newer_since is not None and self.registered_at < newer_since


def bytes_of(item: ProducedFile | FileEntry | ExternalArtifact) -> str:
    """Digest and size of a file as a finding states them."""
    return f"sha256 {item.sha256}, {item.size} bytes"


Check = Callable[[Case], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A permanent id, a title, what must be there and what must have passed first, and the check itself.

    A rule without `check` is applied elsewhere (while reading, or over a whole instance) and stands in the
    book for its documentation.
    """

    id: str
    title: str
    explanation: str
    severity: Severity = "error"
    book: int = 1
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    check: Check | None = None
    always_refuses: bool = False


def rule(
    id: str,  # noqa: A002 - the field's name
    title: str,
    *,
    severity: Severity = "error",
    needs: str = "",
    after: str = "",
    book: int = 1,
    always_refuses: bool = False,
) -> Callable[[Check], Rule]:
    """Make a rule of a function; its docstring is the rule's documentation page."""

    def make(check: Check) -> Rule:
        return Rule(
            id=id,
            title=title,
            explanation=_docstring(check),
            severity=severity,
            needs=tuple(needs.split()),
            after=tuple(after.split()),
            book=book,
            check=check,
            always_refuses=always_refuses,
        )

    return make


def _docstring(check: Check) -> str:
    lines = (check.__doc__ or "").strip().split("\n")
    return "\n".join(line.removeprefix("    ") for line in lines)


def trouble(
    file: str,
    pointer: str,
    message: str,
    *,
    expected: Any = "",
    found: Any = "",
    hint: str = "",
    detail: str = "",
) -> Finding:
    """A finding of the rule that is running; the book adds its id, severity and pack."""
    return Finding(
        rule="",
        file=file,
        pointer=pointer,
        message=message,
        expected=str(expected),
        found=str(found),
        hint=hint,
        detail=detail,
    )


@dataclass(slots=True)
class Outcome:
    """What became of each rule of a book."""

    findings: list[Finding] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def run_rules(rules: Sequence[Rule], case: Case) -> Outcome:
    """Run rules in order. One that depends on a failed or skipped rule is skipped; one that raises fails."""
    outcome = Outcome()
    unusable: set[str] = set()
    for each in rules:
        if each.check is None:
            continue
        absent = [need for need in each.needs if not case.evidence.holds(need)]
        blocked = [name for name in each.after if name in unusable]
        if absent or blocked:
            reason = f"no {absent[0]} evidence" if absent else f"{blocked[0]} did not pass"
            outcome.skipped.append((each.id, reason))
            if blocked:
                unusable.add(each.id)
            continue
        found: list[Finding] = []
        try:
            found.extend(_checked(each, case))
        except UnreadError as exc:
            outcome.findings.extend(found)
            outcome.skipped.append((each.id, f"{exc} could not be read"))
            unusable.add(each.id)
            continue
        outcome.findings.extend(found)
        if any(finding.severity == "error" for finding in found):
            unusable.add(each.id)
        else:
            outcome.passed.append(each.id)
    return outcome


_UNDECIDED = (ProofpressError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def _checked(each: Rule, case: Case) -> Iterator[Finding]:
    severity = each.severity
    newer = case.evidence.holds("manifest") and each.book > case.evidence.manifest.rule_book
    if newer and not each.always_refuses and severity == "error":
        severity = "warning"
    try:
        for finding in each.check(case) if each.check else ():
            yield replace(finding, rule=each.id, severity=severity, pack=case.raw.label)
    except UnreadError:
        raise
    except _UNDECIDED as exc:
        yield Finding(
            rule="SYS001",
            message=f"rule {each.id} could not be decided: {type(exc).__name__}: {exc}",
            expected="a decision",
            found="an exception, which counts as a failure",
            hint="report this with the pack's manifest; the pack stays refused",
            pack=case.raw.label,
        )
