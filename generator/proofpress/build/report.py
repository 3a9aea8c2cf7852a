"""What a build did, or why it refused."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proofpress.evidence.finding import Finding
from proofpress.site.publish import Outcome

if TYPE_CHECKING:
    from proofpress.verify.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """The end of a build. `verdicts` are those of the packs that had to be verified."""

    packs: int
    outcome: Outcome | None = None
    verdicts: "tuple[Verdict, ...]" = ()
    findings: tuple[Finding, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding of the packs that were verified, and between packs."""
        return (*(item for verdict in self.verdicts for item in verdict.findings), *self.findings)

    @property
    def refused(self) -> bool:
        """Whether the old site was left as it is because of the evidence."""
        return self.outcome is None

    def summary(self) -> dict[str, Any]:
        """The report as plain JSON."""
        done = self.outcome
        return {
            "packs": self.packs,
            "changed": bool(done and done.changed),
            "units_built": done.built if done else 0,
            "units_kept": done.kept if done else 0,
            "units_removed": done.removed if done else 0,
        }

    def sentence(self) -> str:
        """The report in one line."""
        done = self.outcome
        if done is None:
            return "the site was not built"
        if not done.changed:
            return f"site/ is up to date: {self.packs} packs, nothing changed"
        return (
            f"site/ built from {self.packs} packs: {done.built} units built, {done.kept} kept, {done.removed} removed"
        )
