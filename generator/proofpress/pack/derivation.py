"""`derivations/`: seals before outcomes, records of what a command derived, refusals, and the charter of all these."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from proofpress.errors import UsageError
from proofpress.evidence.derivation import (
    CHARTER,
    FOLDER,
    PREDICATE,
    PREFIXES,
    Charter,
    Derivation,
    Infeasible,
    InputFile,
    Record,
    Seal,
    Stop,
    envelope_of,
    place_of,
    predicate_of,
)
from proofpress.evidence.ledger import Ledger
from proofpress.evidence.pack import Evidence, kind_at
from proofpress.evidence.signed import statement
from proofpress.evidence.values import JsonObject
from proofpress.ingest.sources import read_file
from proofpress.pack.clean_run import LIMIT_SECONDS, RunError, run_clean
from proofpress.pack.writer import (
    PackError,
    described,
    document_text,
    parse_document,
    produced,
    write_bytes,
    write_text,
)
from proofpress.signing.dsse import EnvelopeError, open_statement, seal_statement, sign_again
from proofpress.signing.keys import SigningKey
from proofpress.verify.rules.derivations import value_at

_LABEL: Final = "proofpress.pack.derivation"
_SEALED: Final = ("rationale", "tolerance", "parameters", "command", "inputs", "plan", "commit")
"""What a derivation takes over from its seal, so that nothing of it can be chosen later."""
_DECLARED: Final = ("id", "title", "units", "cost", "tolerance", "depends_on", "must_differ")
R = TypeVar("R", bound=Record)


def records_in(folder: Path) -> dict[str, Record]:
    """All records of a folder by path, read strictly. Raises `PackError`."""
    found: dict[str, Record] = {}
    for item in sorted((folder / FOLDER).glob("*.yaml")) if (folder / FOLDER).is_dir() else ():
        path = FOLDER + item.name
        kind = kind_at(path)
        document = parse_document(kind.model, read_file(item), path=path) if kind else None
        if isinstance(document, Record):
            found[path] = document
    return found


def ledger_in(folder: Path) -> Ledger:
    """The records of a folder, and the charter if there is one."""
    charter = parse_document(Charter, read_file(folder / CHARTER)) if (folder / CHARTER).is_file() else None
    return Ledger(charter=charter, records=records_in(folder))


def write_record(folder: Path, model: type[R], fields: Mapping[str, Any], *, at: str) -> R:
    """Write a record of people's words (a note, a stop, a rollback, an INFEASIBLE) with its time.

    An INFEASIBLE takes the targets over that the charter has, so that none can be weakened later. Raises `PackError`
    when a record of that id is there already: a record is never edited.
    """
    told = {"timestamp": at, **fields}
    if model is Infeasible and "targets" not in told:
        charter = ledger_in(folder).charter
        told["targets"] = charter.targets if charter else ()
    path = f"{FOLDER}{PREFIXES[model]}{told.get('id', '')}.yaml"
    _refuse_there(folder, path)
    text = document_text(model, told, generated_by=_LABEL, path=path)
    write_text(folder, path, text)
    return parse_document(model, text.encode(), path=path)


def write_seal(folder: Path, fields: Mapping[str, Any], *, at: str) -> Seal:
    """Seal how a value will be derived: each input's digest is taken now. Raises `PackError` when it is sealed already.

    `fields["inputs"]` are `{path, version}`.
    """
    inputs = []
    for item in fields.get("inputs", ()):
        if not isinstance(item, Mapping) or set(item) != {"path", "version"}:
            raise PackError("an input is {path, version}", hint="digests are taken from the files")
        inputs.append({**produced(folder, str(item["path"])), "version": item["version"]})
    return write_record(folder, Seal, {**fields, "inputs": inputs}, at=at)


def write_derivation(
    folder: Path,
    fields: Mapping[str, Any],
    *,
    at: str,
    outcomes_at: str | None = None,
    seconds: int = LIMIT_SECONDS,
) -> Derivation:
    """Run the sealed command on read-only copies of the sealed inputs, and record the value that it wrote.

    `fields` name the seal (`seal`, its id), the artifact's path and the pointer of the value in it, and what people
    judge: units, cost tier, lockability, reviewer, claim boundary. What was sealed is taken from the seal. The outcome
    is seen at `outcomes_at`, else at `at`. Raises `RunError` when an input is not the one that was sealed.
    """
    records = records_in(folder)
    seal = {record.id: record for record in records.values()}.get(str(fields.get("seal")))
    if not isinstance(seal, Seal):
        raise PackError(f"no seal '{fields.get('seal')}'", hint="seal rationale and tolerance first: derive seal")
    typed = sorted({*_SEALED, "value", "outputs", "timestamp"} & set(fields))
    if typed:
        raise PackError(f"{', '.join(typed)} can't be typed by hand", hint="it comes from the seal, or from the run")
    seen = outcomes_at or at
    if not seal.timestamp < seen <= at:
        raise PackError(f"the seal {seal.id} is not older than the outcome ({seal.timestamp}, {seen})")
    _refuse_there(folder, f"{FOLDER}{fields.get('id', '')}.yaml")
    artifact, pointer = str(fields.get("artifact")), str(fields.get("pointer", ""))
    written = run_sealed(folder, seal.command, seal.inputs, artifact, seconds=seconds)
    value = value_at(written[artifact], pointer)
    if value is None:
        raise RunError(f"{artifact} holds no number or text at {pointer or 'its root'}")
    for name, data in written.items():
        write_bytes(folder, name, data)
    sealed = {"id": seal.id, "sha256": produced(folder, place_of(seal))["sha256"], "sealed_at": seal.timestamp}
    told: JsonObject = {
        **fields,
        **{name: getattr(seal, name) for name in _SEALED},
        "value_name": seal.value_name,
        "value": value,
        "artifact": produced(folder, artifact),
        "outputs": [produced(folder, name) for name in sorted(written)],
        "seal": sealed,
        "outcomes_seen_at": seen,
    }
    return write_record(folder, Derivation, told, at=at)


def run_sealed(
    folder: Path, command: Sequence[str], inputs: Sequence[InputFile], artifact: str, *, seconds: int = LIMIT_SECONDS
) -> Mapping[str, bytes]:
    """What a recorded command writes in a clean folder that holds read-only copies of its inputs alone.

    Raises `RunError` when an input is another file than the recorded one, or the command fails, changes an input, or
    does not write the artifact.
    """
    for item in inputs:
        found = produced(folder, item.path)
        if (found["sha256"], found["size"]) != (item.sha256, item.size):
            raise RunError(
                f"{item.path} is not the input that was recorded",
                hint="restore it, or seal and derive again from what there is now",
            )
    captured = run_clean(folder, command, [item.path for item in inputs], seconds=seconds, read_only=True)
    if captured.exit_code != 0:
        last = captured.stderr.strip().splitlines()[-1:] or ["no message"]
        raise RunError(f"the command ended with exit code {captured.exit_code}: {last[0]}")
    if artifact not in captured.written:
        raise RunError(f"the command did not write {artifact}")
    return captured.written


def write_charter(folder: Path, fields: Mapping[str, Any], *, release_id: str, at: str) -> Charter:
    """Write the charter: people declare the values, the signed records say what became of each.

    `fields["values"]` declare id, title, units, tolerance and, if any, cost, what each depends on and must differ from,
    and a `pending` for those without a record. A record without all its signatures counts for nothing.
    """
    ledger = Ledger(charter=None, records=_signed_records(folder))
    declared = fields.get("values", ())
    values = [_entry(item, ledger) for item in declared if isinstance(item, Mapping)]
    told = {"release_id": release_id, "timestamp": at, "state": "unlocked", **fields, "values": values}
    text = document_text(Charter, told, generated_by=_LABEL)
    write_text(folder, CHARTER, text)
    (folder / envelope_of(CHARTER)).unlink(missing_ok=True)
    return parse_document(Charter, text.encode())


def _entry(declared: Mapping[str, Any], ledger: Ledger) -> JsonObject:
    if typed := sorted(set(declared) - {*_DECLARED, "pending"}):
        raise PackError(
            f"values: {', '.join(typed)} can't be typed by hand", hint="what a value is comes from its signed record"
        )
    entry = {name: declared[name] for name in _DECLARED if name in declared}
    found = [record for record in ledger.answers if record.value_name == declared.get("id")]
    stop = next((item for item in ledger.open_stops if declared.get("id") in item.values), None)
    if found and stop is None:
        record = found[-1]
        entry |= {"record": record.id, "cost_tier": record.cost_tier}
        if isinstance(record, Derivation):
            return entry | {"status": "value", "value": record.value, "lockability": record.lockability}
        return entry | {"status": "infeasible", "lockability": "infeasible"}
    pending = declared.get("pending") or _pending(str(declared.get("id")), ledger, stop)
    if pending is None:
        raise PackError(
            f"'{declared.get('id')}' has no signed record and no typed pending",
            hint="derive it, record an INFEASIBLE, or say why it is pending",
        )
    return entry | {"status": "pending", "lockability": "pending", "pending": pending}


def _pending(value: str, ledger: Ledger, stop: Stop | None) -> JsonObject | None:
    if stop is not None:
        return {"code": "STOPPED", "reason": f"STOP {stop.id} waits for a decision: {stop.requirement}"}
    gone = [
        record
        for record in ledger.history(value)
        if isinstance(record, Derivation | Infeasible) and record.id in ledger.invalid
    ]
    if not gone:
        return None
    why = ledger.invalid[gone[-1].id]
    code = "ROLLED_BACK" if why.startswith("rolled back") else "INVALIDATED"
    return {"code": code, "reason": f"{gone[-1].id} is {why}"}


def _signed_records(folder: Path) -> dict[str, Record]:
    """The records that carry an envelope about their bytes with as many signatures as they name signers."""
    found = {}
    for path, record in records_in(folder).items():
        envelope = folder / envelope_of(path)
        if not envelope.is_file():
            continue
        try:
            told, opened = open_statement(read_file(envelope))
        except EnvelopeError as exc:
            raise PackError(f"{envelope_of(path)}: {exc}") from exc
        same = [item.digest.sha256 for item in told.subject] == [produced(folder, path)["sha256"]]
        if same and len(opened.signatures) >= len(record.signers):
            found[path] = record
    return found


def sign_record(folder: Path, name: str, key: SigningKey) -> str:
    """Sign the charter or a record, named by its id or file name, beside it; returns the path of the signatures.

    Signatures about other bytes than the record has now are replaced. Raises `PackError`.
    """
    path, signed = _named(folder, name)
    digest = described(path, read_file(folder / path))["sha256"]
    wanted = statement({path: digest}, PREDICATE, predicate_of(signed))
    place = folder / envelope_of(path)
    try:
        if place.is_file() and _is_about(read_file(place), digest):
            data = sign_again(read_file(place), key)
        else:
            data = seal_statement(wanted, [key])
    except EnvelopeError as exc:
        raise PackError(f"{envelope_of(path)}: {exc}") from exc
    write_bytes(folder, envelope_of(path), data)
    return envelope_of(path)


def _is_about(data: bytes, digest: str) -> bool:
    told, _opened = open_statement(data)
    return [item.digest.sha256 for item in told.subject] == [digest]


def _named(folder: Path, name: str) -> tuple[str, Charter | Record]:
    ledger = ledger_in(folder)
    stem = os.path.basename(name).removesuffix(".yaml")  # noqa: PTH119 - a name, not a place
    if stem == "charter" and ledger.charter is not None:
        return CHARTER, ledger.charter
    for path, record in ledger.records.items():
        if stem in {record.id, path.removeprefix(FOLDER).removesuffix(".yaml")}:
            return path, record
    raise UsageError(f"no record '{name}' in {folder.name}", hint=", ".join(sorted(ledger.by_id)) or "there is none")


def _refuse_there(folder: Path, path: str) -> None:
    if (folder / path).exists():
        raise PackError(f"{path} is there already, and is never edited", hint="give the new record an id of its own")


def current(evidence: Evidence, value: str) -> Derivation:
    """The derivation that holds for a value of the charter. Raises `UsageError` when there is none."""
    ledger = Ledger.of(evidence)
    found = next((item for item in ledger.charter.values if item.id == value), None) if ledger.charter else None
    record = ledger.by_id.get(found.record or "") if found else None
    if not isinstance(record, Derivation):
        known = ", ".join(item.id for item in ledger.charter.values if item.status == "value") if ledger.charter else ""
        raise UsageError(f"the charter has no derived value '{value}'", hint=f"derived values: {known or 'none'}")
    return record
