"""Evidence → findings: integrity, agreement, claims, freshness, leaks; one rule book."""

from proofpress.evidence.finding import Finding
from proofpress.verify.profile import Profiles
from proofpress.verify.rule import RULE_BOOK, Rule
from proofpress.verify.verdict import Verdict, VerifiedPack
from proofpress.verify.verify import verify

__all__ = ["RULE_BOOK", "Finding", "Profiles", "Rule", "Verdict", "VerifiedPack", "verify"]
