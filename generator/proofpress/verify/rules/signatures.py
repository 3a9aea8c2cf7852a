"""DRV012 to DRV014: records are signed, by holders of the roles that they name, and no two of these are one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from proofpress.evidence.derivation import (
    CHARTER,
    DERIVER,
    LAUNCHER,
    PREDICATE,
    Charter,
    Derivation,
    Infeasible,
    Record,
    RiskNote,
    Seal,
    envelope_of,
    is_envelope,
    predicate_of,
)
from proofpress.evidence.finding import Finding
from proofpress.signing.dsse import EnvelopeError, open_statement, signed_by
from proofpress.verify.rule import Case, rule, trouble

_SIGN: Final = "sign it with the keys of the people that it names: proofpress derive sign"


def signed_texts(case: Case) -> Iterator[tuple[str, Charter | Record]]:
    """The charter and all records, by path."""
    if case.evidence.charter is not None:
        yield CHARTER, case.evidence.charter
    yield from case.ledger.records.items()


@rule("DRV012", "Every record carries signatures about its own bytes", book=2)
def enveloped(case: Case) -> Iterator[Finding]:
    """The charter or a record has no signatures beside it (`<name>.dsse.json`), or these are about other bytes, another
    record or other signers; or signatures stand beside nothing.

    The envelope holds an in-toto statement whose one subject is the record by path and sha256.
    """
    expected_envelopes = set()
    for path, signed in signed_texts(case):
        expected_envelopes.add(envelope_of(path))
        file = case.raw.files.get(envelope_of(path))
        wanted = f"{path} with sha256 {case.raw.files[path].sha256}"
        if file is None or file.data is None:
            yield trouble(path, "", f"{path} is not signed", expected=envelope_of(path), found="nothing", hint=_SIGN)
            continue
        try:
            statement, _opened = open_statement(file.data)
        except EnvelopeError as exc:
            yield trouble(file.path, "", str(exc), expected=f"signatures of {path}", found="another file", hint=_SIGN)
            continue
        about = ", ".join(f"{item.name} with sha256 {item.digest.sha256}" for item in statement.subject)
        if about != wanted or statement.predicate_type != PREDICATE:
            message = f"the signatures are not about {path} as it is"
            yield trouble(file.path, "", message, expected=wanted, found=about, hint=_SIGN)
        elif _lists(statement.predicate) != _lists(predicate_of(signed)):
            message = f"the signatures name other signers than {path}"
            yield trouble(file.path, "", message, expected=predicate_of(signed), found=statement.predicate, hint=_SIGN)
    for path in case.raw.files:
        lone = is_envelope(path) and path not in expected_envelopes
        if lone and path.removesuffix(".dsse.json") + ".yaml" not in case.broken:
            yield trouble(path, "", "signatures of no record", expected="a record", found="nothing", hint=_SIGN)


def _lists(value: Any) -> Any:
    """A JSON value with tuples as lists, so that what was parsed and what was made compare."""
    if isinstance(value, Mapping):
        return {name: _lists(item) for name, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, tuple | list) else value


@rule("DRV013", "Signers hold their roles", after="DRV012", book=2)
def signers(case: Case) -> Iterator[Finding]:
    """A signer that a record names is no key of the policy that held the role (deriver, reviewer, risk_owner, operator,
    locker) for the family at that time, or did not sign.

    Signatures are counted by the bytes of the keys in `packs/policy.yaml`.
    """
    family = case.evidence.manifest.family
    for path, signed in signed_texts(case):
        _statement, opened = open_statement(case.raw.files[envelope_of(path)].data or b"")
        for role, name, at in signed.signers:
            held = case.policy.holders(role, family, at)
            if name not in held:
                yield trouble(
                    path,
                    "",
                    f"'{name}' does not hold the role '{role}' for {family} at {at}",
                    expected=", ".join(held) or f"a key with the role '{role}' in packs/policy.yaml",
                    found=name,
                    hint="let the policy give the role to the key, or let a holder of the role sign",
                )
            elif not signed_by(opened, {name: held[name]}):
                message = f"{path} is not signed by '{name}' as {role}"
                yield trouble(path, "", message, expected=held[name], found="no signature by it", hint=_SIGN)


@rule("DRV014", "Who derives, who reviews, who locks and who launches are different", book=2)
def separate(case: Case) -> Iterator[Finding]:
    """A record is reviewed by its author, the charter is locked or launched by somebody who derived or who may derive
    for the family, one key locks and launches, or a risk owner's note is by the author of the record.

    Keys are compared by their bytes, whatever they are called, and by the person whose keys the policy says they are.
    """
    charter, family = case.evidence.charter, case.evidence.manifest.family
    derived = {record.author for record in case.ledger.of_kind(Derivation, Infeasible, Seal)}
    pairs: list[tuple[str, str, str, str, str]] = []  # path, pointer, one, other, what they do
    for path, record in case.ledger.records.items():
        if isinstance(record, Derivation | Infeasible):
            pairs.append((path, "/reviewer", record.author, record.reviewer, "derives and reviews"))
        elif isinstance(record, RiskNote) and (about := case.ledger.by_id.get(record.record)) is not None:
            pairs.append((path, "/author", about.author, record.author, "derives and owns the risk"))
    for role, name, at in _later(charter):
        derivers = derived | ({charter.author} if charter else set()) | set(case.policy.holders(DERIVER, family, at))
        pairs += [(CHARTER, f"/{role}", one, name, f"derives, or may, and is {role}") for one in sorted(derivers)]
    if charter is not None and charter.locker and charter.launcher:
        pairs.append((CHARTER, "/launcher", charter.locker, charter.launcher, "locks and launches"))
    for path, pointer, one, other, what in pairs:
        if one == other or _identities(case, one) & _identities(case, other):
            message = f"'{other}' {what}"
            expected = f"another key than '{one}', of another person"
            yield trouble(path, pointer, message, expected=expected, found=other, hint=_SIGN)
    launcher = charter.launcher if charter else None
    if charter is not None and launcher and launcher not in case.policy.holders(LAUNCHER, family, charter.timestamp):
        message = f"'{launcher}' does not hold the role 'launcher' for {family}"
        yield trouble(CHARTER, "/launcher", message, expected="a launcher of the policy", found=launcher, hint=_SIGN)


def _later(charter: Charter | None) -> Iterator[tuple[str, str, str]]:
    """(role, key, time) of those who act on a charter after it was derived."""
    if charter is not None and charter.locker:
        yield "locker", charter.locker, charter.locked_at or charter.timestamp
    if charter is not None and charter.launcher:
        yield "launcher", charter.launcher, charter.timestamp


def _identities(case: Case, name: str) -> frozenset[str]:
    """Who a key is: its bytes, and the person that the policy names."""
    held = case.policy.keys.get(name)
    if held is None:
        return frozenset()
    person = {" ".join(held.person.split()).casefold()} if held.person else set()
    return frozenset({held.key, *person})


RULES = (enveloped, signers, separate)
