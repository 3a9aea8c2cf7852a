"""Publication evidence beside a pack: bytes in, a checked statement and findings out."""

from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from proofpress.evidence.finding import Finding
from proofpress.evidence.policy import Policy
from proofpress.evidence.publication import PublicationEvidence
from proofpress.ingest.schema import first_violation
from proofpress.signing.dsse import EnvelopeError, Opened, open_statement, signed_by
from proofpress.signoff.read import Attested
from proofpress.verify.rule import Rule

PUBLICATION_FILE: Final = "publication.dsse.json"
PUBLICATION_PREDICATE: Final = "https://proofpress.example/publication/v1"
PUBLISHER: Final = "publisher"
"""The role whose keys sign publication evidence."""

RULES: Final = (
    Rule(
        id="PUB001",
        title="Publication evidence can be read",
        explanation="`publication.dsse.json` beside a pack is not one DSSE envelope over an in-toto statement with\n"
        "the evidence that `proofpress publish evidence` binds. It counts for nothing.\n\n"
        "Mend it by restoring the file from its last commit, or by binding the reports again.",
        book=2,
    ),
    Rule(
        id="PUB002",
        title="Publication evidence is of the pack beside which it lies",
        explanation="The statement's subject is another pack: evidence of one release was copied to another, or the\n"
        "pack was changed since.\n\nMend it by removing the file, and by publishing the pack that is there.",
        book=2,
    ),
    Rule(
        id="PUB003",
        title="Publication evidence is signed by a publisher of the policy",
        explanation="No key that held the policy's role `publisher` for the family at that time made the signature,\n"
        "or the statement was edited after it was signed.\n\n"
        "Mend it by binding the reports with a publisher's key, or by giving the role to the key in the reviewed\n"
        "policy.",
        book=2,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The publication evidence of a pack. `key` is the policy's name of the key that signed it."""

    evidence: PublicationEvidence | None
    key: str
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> bool:
        """Whether nothing speaks against it."""
        return self.evidence is not None and not self.findings


def read_published(attested: Attested, policy: Policy) -> Published | None:
    """The publication evidence among the files beside a pack, with what is wrong with it; None without one."""
    data = attested.files.get(PUBLICATION_FILE)
    if data is None:
        return None
    path = attested.path(PUBLICATION_FILE)
    try:
        evidence, subjects, opened = _opened(data)
    except EnvelopeError as exc:
        finding = _finding("PUB001", str(exc), "publication evidence", "something else")
        return Published(evidence=None, key="", findings=(replace(finding, file=path),))
    found: list[Finding] = []
    pack = attested.pack
    if subjects != {(pack.bundle_id, pack.pack_id)}:
        named = ", ".join(f"{name} ({digest})" for name, digest in sorted(subjects))
        found.append(_finding("PUB002", "it is evidence of another pack", f"{pack.bundle_id} ({pack.pack_id})", named))
    key = min(signed_by(opened, policy.holders(PUBLISHER, attested.family, evidence.bound_at)), default="")
    if not key:
        message = f"no key that was a {PUBLISHER} at {evidence.bound_at} made its signature"
        found.append(_finding("PUB003", message, f"a key of the role '{PUBLISHER}'", "another signature"))
    return Published(evidence=evidence, key=key, findings=tuple(replace(item, file=path) for item in found))


def _opened(data: bytes) -> tuple[PublicationEvidence, set[tuple[str, str]], Opened]:
    """The evidence, its subjects as (bundle id, pack id), and the envelope. Raises `EnvelopeError`."""
    statement, opened = open_statement(data)
    if statement.predicate_type != PUBLICATION_PREDICATE:
        raise EnvelopeError(f"the predicate is {statement.predicate_type!r}")
    try:
        evidence = PublicationEvidence.model_validate(statement.predicate)
    except ValidationError as exc:
        raise EnvelopeError(first_violation(exc)) from exc
    return evidence, {(item.name, f"sha256:{item.digest.sha256}") for item in statement.subject}, opened


def _finding(rule: str, message: str, expected: str, found: str) -> Finding:
    hint = "bind the reports again: proofpress publish evidence"
    return Finding(rule=rule, message=message, expected=expected, found=found, hint=hint)
