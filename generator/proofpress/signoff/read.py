"""Sign-off files beside a pack: bytes in, checked statements and findings out. No key is needed."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from proofpress.evidence.attestation import GateReceipt, Party
from proofpress.evidence.finding import Finding
from proofpress.evidence.policy import Policy
from proofpress.evidence.signoff import PREDICATE_TYPE, Signoff
from proofpress.gate.judge import read_receipt
from proofpress.gate.store import RECEIPT
from proofpress.ingest.schema import first_violation
from proofpress.ingest.strict import StrictError
from proofpress.signing.dsse import EnvelopeError, Opened, open_statement, signed_by

PREFIX: Final = "signoff-"
_SEVERITY: Final = {"SGN005": "warning"}
_VOIDING: Final = frozenset({"SGN005", "SGN006"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """A pack, and the bytes of the files beside it by name."""

    pack: Party
    family: str
    files: Mapping[str, bytes]

    @property
    def receipt(self) -> bytes | None:
        """The bytes of the gate's receipt."""
        return self.files.get(RECEIPT)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sign-off files."""
        return tuple(sorted(name for name in self.files if is_signoff(name)))

    def path(self, name: str) -> str:
        """Where a file lies, from the instance's folder."""
        return f"packs/attestations/{self.pack.pack_id.removeprefix('sha256:')}/{name}"

    def gate_receipt(self) -> GateReceipt | None:
        """The receipt, None when there is none that can be read."""
        try:
            return read_receipt(self.receipt) if self.receipt is not None else None
        except (StrictError, ValidationError):
            return None


def is_signoff(name: str) -> bool:
    """Whether a file of this name is taken for a sign-off."""
    return name.startswith(PREFIX) and name.endswith(".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A sign-off file. `signoff` is None when it can't be read; `key` is the policy's name of the key that signed."""

    name: str
    sha256: str
    signoff: Signoff | None
    key: str
    findings: tuple[Finding, ...]

    @property
    def authentic(self) -> bool:
        """Whether a holder of the role said so about this pack; what it binds may have changed since."""
        return self.signoff is not None and all(item.rule in _VOIDING for item in self.findings)

    @property
    def counts(self) -> bool:
        """Whether nothing speaks against it."""
        return self.signoff is not None and not self.findings


def read_signoffs(attested: Attested, policy: Policy) -> tuple[Signed, ...]:
    """Every sign-off file beside a pack, each with what is wrong with it."""
    digests = {hashlib.sha256(attested.files[name]).hexdigest() for name in attested.names}
    receipt = attested.gate_receipt()
    return tuple(_read(name, attested, policy, digests, receipt) for name in attested.names)


def _read(name: str, attested: Attested, policy: Policy, there: set[str], receipt: GateReceipt | None) -> Signed:
    data = attested.files[name]
    key, said = "", None
    found: list[Finding] = []
    try:
        said, opened, subject = _opened(data)
    except EnvelopeError as exc:
        found.append(_finding("SGN001", str(exc), "a signed sign-off", "something else"))
    else:
        key = next(iter(signed_by(opened, {each: held.key for each, held in policy.keys.items()})), "")
        found += _of_this_pack(said, subject, attested)
        found += _by_a_holder(said, key, policy, attested.family)
        found += _of_this_receipt(said, attested, receipt)
        if said.supersedes is not None and said.supersedes not in there:
            found.append(_finding("SGN006", "the sign-off that it replaces is gone", said.supersedes, "no such file"))
    return Signed(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        signoff=said,
        key=key,
        findings=tuple(replace(item, file=attested.path(name)) for item in found),
    )


def _opened(data: bytes) -> tuple[Signoff, Opened, tuple[tuple[str, str], ...]]:
    statement, opened = open_statement(data)
    if len(opened.signatures) != 1:
        raise EnvelopeError("a sign-off has one signature, that of the person who decides")
    if statement.predicate_type != PREDICATE_TYPE:
        raise EnvelopeError(f"the predicate is {statement.predicate_type!r}, not {PREDICATE_TYPE!r}")
    try:
        said = Signoff.model_validate(statement.predicate)
    except ValidationError as exc:
        raise EnvelopeError(f"sign-off: {first_violation(exc)}") from exc
    return said, opened, tuple((item.name, item.digest.sha256) for item in statement.subject)


def _of_this_pack(said: Signoff, subject: tuple[tuple[str, str], ...], attested: Attested) -> Iterator[Finding]:
    pack = attested.pack
    own = ((pack.bundle_id, pack.pack_id.removeprefix("sha256:")),)
    if said.subject != pack or subject != own or said.family != attested.family:
        named = f"{said.subject.bundle_id} ({said.subject.pack_id})"
        yield _finding("SGN002", "it is a sign-off of another pack", f"{pack.bundle_id} ({pack.pack_id})", named)


def _by_a_holder(said: Signoff, key: str, policy: Policy, family: str) -> Iterator[Finding]:
    if not key:
        yield _finding(
            "SGN003", "no key of the policy made its signature", ", ".join(policy.keys) or "a key", "another signature"
        )
    elif key not in policy.holders(said.role, family, said.signed_at):
        role = policy.roles.get(said.role)
        held = role is not None and key in role.keys and bool({"*", family} & set(role.families))
        window = policy.keys[key]
        why = (
            f"the key '{key}' was not in force at {said.signed_at}"
            if held
            else f"the key '{key}' does not hold the role '{said.role}' for the family '{family}'"
        )
        expected = f"since {window.since or 'ever'}, until {window.until or 'further notice'}" if held else said.role
        yield _finding("SGN004", why, expected, f"{key} at {said.signed_at}")


def _of_this_receipt(said: Signoff, attested: Attested, receipt: GateReceipt | None) -> Iterator[Finding]:
    found = hashlib.sha256(attested.receipt).hexdigest() if attested.receipt is not None else "no receipt"
    if found != said.receipt.sha256:
        yield _finding(
            "SGN005", "the receipt that was signed is not the one beside the pack", said.receipt.sha256, found
        )
        return
    stated = (said.receipt.verdict, said.receipt.evaluated_at, said.policy_sha256, said.against, said.subject)
    there = receipt and (receipt.verdict, receipt.evaluated_at, receipt.policy.sha256, receipt.against, receipt.subject)
    if stated != there:
        yield _finding("SGN005", "the receipt says something else than the sign-off", "one story", "two")
    elif said.signed_at < said.receipt.evaluated_at:
        yield _finding("SGN005", "it was signed before the gates were run", said.receipt.evaluated_at, said.signed_at)


def _finding(rule: str, message: str, expected: str, found: str) -> Finding:
    return Finding(
        rule=rule,
        message=message,
        expected=expected,
        found=found,
        hint=f"proofpress rules --explain {rule}",
        severity="warning" if rule in _SEVERITY else "error",
    )
