"""Derivations executed again, and the package that whoever locks a charter is given: complete, or not at all."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.attestation import Party
from proofpress.evidence.derivation import CHARTER, Derivation, Infeasible, envelope_of, place_of
from proofpress.evidence.finding import Finding
from proofpress.evidence.handoff import NO_AUTHORITY, Checked, Evidenced, HandedValue, Handoff, Rerun
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.ledger import Ledger
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number
from proofpress.gate.store import attestations
from proofpress.ingest import RawPack, load_pack, source_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.instance import Instance
from proofpress.pack.clean_run import LIMIT_SECONDS, RunError
from proofpress.pack.derivation import current, run_sealed
from proofpress.pack.writer import write_bytes, write_text
from proofpress.pipeline import Rules, label_of, read_registry, select
from proofpress.render.sourced import code, to_markdown
from proofpress.verify.rules.derivations import value_at

_LABEL: Final = "proofpress.handoff"
_RULE: Final = "DRV025"


def rerun(folder: Path, value: str, *, at: str, seconds: int = LIMIT_SECONDS) -> Rerun:
    """Execute the command that derived a value again, in a clean folder with read-only copies of its inputs.

    The verdict is by the tolerance that was sealed before the value was seen. Raises `UsageError` when the charter has
    no such derived value, and `RunError` when an input is another file than the recorded one, or the command fails.
    """
    loaded = load_pack(source_of(folder, label=label_of(folder.absolute())))
    if loaded.evidence is None:
        raise IngestError(f"{folder.name}: no pack that can be read", hint=f"run 'proofpress verify {folder.name}'")
    record = current(loaded.evidence, value)
    written = run_sealed(folder, record.command, record.inputs, record.artifact.path, seconds=seconds)
    again = value_at(written[record.artifact.path], record.pointer)
    if again is None:
        raise RunError(f"{record.artifact.path} holds no number or text at {record.pointer or 'its root'}")
    if isinstance(again, Number) and isinstance(record.value, Number):
        near = record.tolerance.allows(record.value, again)
    else:
        near = again == record.value
    return Rerun.model_validate(
        {
            "schema": "proofpress.rerun/1",
            "generated_by": _LABEL,
            "subject": _party(loaded.evidence),
            "value": value,
            "record": record.id,
            "record_sha256": loaded.raw.files[place_of(record)].sha256,
            "ran_at": at,
            "recorded": record.value,
            "again": again,
            "tolerance": record.tolerance,
            "verdict": "within tolerance" if near else "outside of tolerance",
        }
    )


def _party(evidence: Evidence) -> Party:
    return Party(bundle_id=evidence.bundle_id, pack_id=evidence.pack_id)


def write_rerun(root: Path, report: Rerun) -> Path:
    """Record a rerun beside its pack; returns its path."""
    folder, name = attestations(root, report.subject.pack_id), f"rerun-{report.record}.json"
    write_text(folder, name, text_of(report))
    return folder / name


def text_of(report: Rerun | Handoff) -> str:
    """A report as JSON text; numbers are exact."""
    return dump_json(report.model_dump(by_alias=True))


def read_rerun(root: Path, pack_id: str, record: Derivation, digest: str) -> Rerun | None:
    """The recorded rerun of a derivation of a pack; None without one. Raises `IngestError` when it can't be used."""
    path = attestations(root, pack_id) / f"rerun-{record.id}.json"
    try:
        found = Rerun.model_validate(parse_json(read_file(path)))
    except FileNotFoundError:
        return None
    except (OSError, StrictError, ValidationError) as exc:
        raise IngestError(f"{path.name} can't be used: {exc}", hint="record it again: derive rerun --record") from exc
    if (found.subject.pack_id, found.record, found.record_sha256) != (pack_id, record.id, digest):
        raise IngestError(f"{path.name}: it is the rerun of another record", hint="run 'derive rerun --record' again")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A handoff package (None when it is incomplete), what it lacks, and the files that it carries along."""

    label: str
    package: Handoff | None
    findings: tuple[Finding, ...]
    files: Mapping[str, bytes]


def assemble_handoff(instance: Instance, name: str, *, at: str) -> Assembled:
    """What may be handed over of a pack's charter at the UTC time `at`. Everything that is missing is a finding."""
    rules = Rules.of(instance, read_registry(instance))
    (ref,) = select(instance, (name,))
    loaded = load_pack(source_of(ref.path, label=ref.label))
    verdict = rules.judge(loaded)
    if loaded.evidence is None or verdict.verified is None:
        return Assembled(label=ref.label, package=None, findings=verdict.errors, files={})
    ledger = Ledger.of(loaded.evidence)
    if ledger.charter is None:
        raise UsageError(f"{ref.label} has no charter, so there is nothing to hand over", hint="derive charter")
    reruns = _reruns(instance.root, loaded.evidence, loaded.raw, ledger)
    findings = tuple(_lacking(ledger, reruns, ref.label))
    files = {path: file.data for path, file in loaded.raw.files.items() if _is_carried(path, ledger) and file.data}
    package = None if findings else _package(loaded.evidence, loaded.raw, ledger, reruns, at)
    return Assembled(label=ref.label, package=package, findings=findings, files=files)


def _is_carried(path: str, ledger: Ledger) -> bool:
    documents = {CHARTER, *ledger.records}
    outputs = {item.path for record in ledger.of_kind(Derivation) for item in record.outputs}
    return path in documents | outputs | {envelope_of(item) for item in documents}


def _reruns(root: Path, evidence: Evidence, raw: RawPack, ledger: Ledger) -> Mapping[str, Rerun | None]:
    return {
        record.id: read_rerun(root, evidence.pack_id, record, raw.files[place_of(record)].sha256)
        for record in ledger.answers
        if isinstance(record, Derivation)
    }


def _lacking(ledger: Ledger, reruns: Mapping[str, Rerun | None], label: str) -> Iterator[Finding]:
    """What the package would lack of its checklist."""
    charter = ledger.charter
    if charter is None:  # pragma: no cover - the caller has one
        return

    def lacks(pointer: str, message: str, expected: str, found: str, hint: str) -> Finding:
        return Finding(
            rule=_RULE,
            pack=label,
            file=CHARTER,
            pointer=pointer,
            message=message,
            expected=expected,
            found=found,
            hint=hint,
        )

    if charter.state == "locked":
        hint = "hand over the charter that is to be locked"
        yield lacks("/state", "the charter is locked already", "unlocked or exploratory", "locked", hint)
    if not charter.attestation.no_forbidden_run:
        hint = "what the step touched is invalid; begin again from inputs that it did not touch"
        yield lacks("/attestation", "a forbidden step ran", "no forbidden run", "false", hint)
    for stop in ledger.open_stops:
        hint = "let the operator decide"
        yield lacks("", f"STOP {stop.id} waits for a decision", "a decision", "open", hint)
    for index, value in enumerate(charter.values):
        at, record = f"/values/{index}", ledger.by_id.get(value.record or "")
        if value.status == "pending":
            hint = "derive it, or record an INFEASIBLE"
            message = f"'{value.id}' has neither a derivation nor an INFEASIBLE record"
            yield lacks(at, message, "a signed record", value.pending.code if value.pending else "pending", hint)
        if isinstance(record, Derivation):
            if value.cost and not ledger.risk_notes(record.id):
                hint = "let the risk owner write and sign a note: derive note"
                message = f"'{value.id}' is derived from a cost, and no risk owner's note is about it"
                yield lacks(at, message, f"a note about {record.id}", "no note", hint)
            again = reruns.get(record.id)
            if again is None or again.verdict != "within tolerance":
                hint = f"proofpress derive rerun PACK {value.id} --record"
                message = f"'{value.id}' was not derived again within its tolerance"
                yield lacks(at, message, "a recorded rerun", again.verdict if again else "no rerun", hint)


def _package(
    evidence: Evidence, raw: RawPack, ledger: Ledger, reruns: Mapping[str, Rerun | None], at: str
) -> Handoff | None:
    charter = ledger.charter
    if charter is None or charter.state == "locked":  # pragma: no cover - `_lacking` refused it
        return None
    handed: list[HandedValue] = []
    matrix: list[Evidenced] = []
    for value in charter.values:
        record = ledger.by_id[value.record or ""]
        notes = ledger.risk_notes(record.id)
        infeasible = record if isinstance(record, Infeasible) else None
        handed.append(
            HandedValue(
                **{name: getattr(value, name) for name in ("id", "title", "units", "status", "value")},
                cost_tier=value.cost_tier,
                lockability=value.lockability,
                blocked_by=ledger.blocked.get(value.id, ()),
                record=place_of(record),
                record_sha256=raw.files[place_of(record)].sha256,
                author=record.author,
                reviewer=getattr(record, "reviewer", ""),
                risk_note=place_of(notes[-1]) if notes else None,
                next_action=infeasible.allowed_next_action if infeasible else None,
                remediation=infeasible.required_remediation_artifact if infeasible else None,
            )
        )
        told = [("Who signed it, as author and reviewer?", f"{record.author}, {handed[-1].reviewer}", "signatures")]
        if isinstance(record, Derivation):
            again = reruns[record.id]
            told += [
                (
                    "When was it sealed, and when were outcomes seen?",
                    f"{record.seal.sealed_at}, {record.outcomes_seen_at}",
                    "",
                ),
                ("Was it derived again?", f"{again.verdict}: {again.again}" if again else "no", "rerun"),
            ]
        if infeasible is not None:
            told.append(("What was attempted?", "; ".join(infeasible.evidence_attempted), ""))
        places = {"": place_of(record), "signatures": envelope_of(place_of(record)), "rerun": f"rerun-{record.id}.json"}
        matrix += [
            Evidenced(value=value.id, question=question, answer=answer, shown_by=places[where])
            for question, answer, where in told
        ]
    return Handoff.model_validate(
        {
            "schema": "proofpress.handoff/1",
            "generated_by": _LABEL,
            "subject": _party(evidence),
            "release_id": evidence.release.release_id,
            "made_at": at,
            "charter_sha256": raw.files[CHARTER].sha256,
            "state": charter.state,
            "plan": charter.plan,
            "checklist": tuple(_checklist(ledger)),
            "lockable": ledger.lockable,
            "blocking": tuple(ledger.blocked),
            "values": tuple(handed),
            "evidence_matrix": tuple(matrix),
            "infeasible": tuple(place_of(item) for item in ledger.answers if isinstance(item, Infeasible)),
            "threats": charter.threats,
            "attestation": charter.attestation,
            "authority": NO_AUTHORITY,
        }
    )


def _checklist(ledger: Ledger) -> Iterator[Checked]:
    """The points of the checklist; each was checked by a rule or by `_lacking`."""
    values = ledger.charter.values if ledger.charter else ()
    derived = [item for item in ledger.answers if isinstance(item, Derivation)]
    infeasible = [item for item in ledger.answers if isinstance(item, Infeasible)]
    costs = [value.id for value in values if value.cost]
    for point, by in (
        ("The charter's values, not locked", f"{len(values)} values in {CHARTER}"),
        ("A signed derivation of each value", f"{len(derived)} derivations with their signatures"),
        ("Cost tier and lockability of each value derived from a cost", ", ".join(costs) or "no value is"),
        ("Typed INFEASIBLE records", ", ".join(place_of(item) for item in infeasible) or "none was needed"),
        ("Unresolved threats to validity", "listed below"),
        ("Each derivation was reviewed by another key than its author's", f"{len(ledger.answers)} records"),
        ("The risk owner's note on values derived from costs", ", ".join(costs) or "no value is"),
        ("No training, launch, prediction, selection or pull of data", "the charter's attestation, and no open STOP"),
        ("What may be locked, and what blocks", f"{len(ledger.lockable)} lockable, {len(ledger.blocked)} blocking"),
        ("Each value was derived again within its tolerance", f"{len(derived)} recorded reruns"),
    ):
        yield Checked(point=point, fulfilled_by=by)


def write_handoff(out: Path, assembled: Assembled) -> tuple[str, ...]:
    """Write the package to a new or empty folder: JSON, Markdown, records and signatures. Returns the paths.

    Raises `UsageError` when the folder is not empty or the package is incomplete.
    """
    if assembled.package is None:
        raise UsageError("an incomplete package is not written")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out.name} is there already, and not an empty folder", hint="name a new folder")
    texts = {"handoff.json": text_of(assembled.package), "handoff.md": markdown_of(assembled.package)}
    files = {**{name: text.encode() for name, text in texts.items()}, **assembled.files}
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    for path, data in {**files, "SHA256SUMS": sums.encode()}.items():
        write_bytes(out, path, data)
    return tuple(sorted(files))


def markdown_of(package: Handoff) -> str:
    """The package as a page for people."""
    lines = [f"# Handoff: {to_markdown(package.release_id)}", "", f"**{to_markdown(package.authority)}**", ""]
    lines += [f"Made at {package.made_at} of {code(package.subject.pack_id)}, plan revision "]
    lines[-1] += f"{to_markdown(package.plan.revision)}; the charter is {package.state}."
    lines += ["", "## Checklist", ""]
    lines += [f"- [x] {to_markdown(item.point)}: {to_markdown(item.fulfilled_by)}" for item in package.checklist]
    for title, names in (("May be locked", package.lockable), ("Blocks the lock", package.blocking)):
        lines += ["", f"## {title}", "", *([f"- {code(name)}" for name in names] or ["None."])]
    lines += [
        "",
        "## Values",
        "",
        "| Value | Recorded | Tier | Lockability | Blocked by | Record | Author | Reviewer |",
    ]
    lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
    lines += [
        f"| {_cell(item.title)} ({code(item.id)}) | {_cell(item.status if item.value is None else item.value)} "
        f"{_cell(item.units)} | {item.cost_tier} | {item.lockability} | {_cell('; '.join(item.blocked_by))} "
        f"| {code(item.record)} | {_cell(item.author)} | {_cell(item.reviewer)} |"
        for item in package.values
    ]
    lines += ["", "## Next actions", ""]
    told = [item for item in package.values if item.next_action]
    lines += [
        f"- {code(item.id)}: {to_markdown(item.next_action)} Needed: {to_markdown(item.remediation)}" for item in told
    ] or ["None."]
    lines += ["", "## Evidence", "", "| Value | Question | Answer | Shown by |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {code(item.value)} | {_cell(item.question)} | {_cell(item.answer)} | {code(item.shown_by)} |"
        for item in package.evidence_matrix
    ]
    lines += ["", "## Threats to validity", "", *(f"- {to_markdown(text)}" for text in package.threats)]
    lines += ["", "## Attestation", "", to_markdown(package.attestation.statement), ""]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return to_markdown(str(value))
