"""`verify`: a loaded pack → a verdict, and the proof of it when nothing was found."""

from functools import cache

from proofpress.evidence.policy import Policy
from proofpress.ingest.load import LoadedPack
from proofpress.render.sets import TemplateSets
from proofpress.verify.book import PACK_RULES
from proofpress.verify.profile import Profiles
from proofpress.verify.rule import Case, run_rules
from proofpress.verify.verdict import _SEAL, Verdict, VerifiedPack

_PROFILES = cache(Profiles)
_SETS = cache(TemplateSets)


def verify(
    loaded: LoadedPack,
    *,
    policy: Policy | None = None,
    profiles: Profiles | None = None,
    sets: TemplateSets | None = None,
    registered_at: str | None = None,
) -> Verdict:
    """Apply every rule of the book to one pack. One run reports everything; nothing is printed or written.

    Of a pack whose manifest or release can't be read, the rules that do not ask for it are applied all the same.

    `registered_at` is the UTC time at which the log registered this very pack, if it did.
    """
    policy = policy or Policy(schema_version="1.0.0")
    evidence = loaded.evidence or loaded.remains
    if evidence is None:  # pragma: no cover - ingest gives one of the two
        raise ValueError("a pack that was not interpreted")
    case = Case(
        evidence=evidence,
        raw=loaded.raw,
        policy=policy,
        profiles=profiles or _PROFILES(),
        sets=sets or _SETS(),
        values=loaded.values,
        registered_at=registered_at,
        broken=loaded.broken,
    )
    outcome = run_rules(PACK_RULES, case)
    findings = tuple(sorted({*loaded.findings, *outcome.findings}, key=lambda finding: finding.sort_key))
    refused = loaded.evidence is None or any(finding.severity == "error" for finding in findings)
    return Verdict(
        label=loaded.raw.label,
        pack_id=evidence.pack_id,
        findings=findings,
        passed=tuple(outcome.passed),
        skipped=tuple(outcome.skipped),
        verified=None
        if refused
        else VerifiedPack(
            evidence=evidence,
            raw=loaded.raw,
            documents=case.documents,
            remarks=findings,
            seal=_SEAL,
        ),
    )
