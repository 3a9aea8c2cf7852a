"""DRV011, DRV015 to DRV021: records are what they are called, sealed in time, and bound to their files."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from proofpress.evidence.derivation import (
    CHARTER,
    COST_DATA,
    FOLDER,
    INFEASIBLE_REASONS,
    Charter,
    Derivation,
    Infeasible,
    InputFile,
    Record,
    RiskNote,
    Rollback,
    Seal,
    Stop,
    place_of,
)
from proofpress.evidence.finding import Finding
from proofpress.evidence.ledger import values_of
from proofpress.evidence.values import Number
from proofpress.ingest.strict import StrictError, parse_json, pointer_of
from proofpress.verify.phrases import tells_nothing
from proofpress.verify.rule import Case, bytes_of, rule, trouble
from proofpress.verify.rules.signatures import signed_texts

_NEW: Final = "write a new record that supersedes it; a record is never edited"


@rule("DRV011", "Records have ids of their own, and name records that are there", book=2)
def named(case: Case) -> Iterator[Finding]:
    """A record stands under another name than its id, two records have one id, or a record supersedes, depends on,
    rolls back, touches or notes a record that is not in the pack, is about another value, or is not older; or a STOP
    takes the place of one without all of its values, so that a stop would be lifted that nobody decided on.
    """
    ledger = case.ledger
    for path, record in ledger.records.items():
        if path != place_of(record) or ledger.by_id[record.id] is not record:
            message = f"the id '{record.id}' is not that of the file, or stands twice"
            yield trouble(
                path, "/id", message, expected=f"an id of its own, in {place_of(record)}", found=path, hint=_NEW
            )
        for field, name, about in _names(record):
            other = ledger.by_id.get(name)
            if other is None:
                problem, expected = "is not in the pack", "a record of this pack"
            elif other.timestamp > record.timestamp or other.id == record.id:
                problem, expected = "is not older than the record that names it", f"before {record.timestamp}"
            elif about and not set(values_of(other)) & set(about):
                problem, expected = "is about another value", ", ".join(about)
            elif field == "supersedes" and _sort(other) != _sort(record):
                problem, expected = "is a record of another kind", _sort(record)
            elif field == "supersedes" and isinstance(record, Stop) and set(values_of(other)) - set(record.values):
                problem, expected = "stops further values", ", ".join(values_of(other))
            else:
                continue
            message = f"'{record.id}' names '{name}' in {field}, which {problem}"
            yield trouble(path, f"/{field}", message, expected=expected, found=name, hint=_NEW)


def _names(record: Record) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(field, id of a record, values of which it must be about one, if any)."""
    if record.supersedes:
        yield "supersedes", record.supersedes, values_of(record)
    if isinstance(record, Derivation):
        yield from (("depends_on", name, ()) for name in record.depends_on)
        yield "seal", record.seal.id, (record.value_name,)
    elif isinstance(record, Stop):
        yield from (("touched", name, record.values) for name in record.touched)
    elif isinstance(record, Rollback):
        yield from (("records", name, record.values) for name in record.records)
    elif isinstance(record, RiskNote):
        yield "record", record.record, (record.value_name,)


def _sort(record: Record) -> str:
    """A derivation may take the place of an INFEASIBLE record and the other way round; other kinds stay."""
    return "derivation" if isinstance(record, Derivation | Infeasible) else type(record).__name__


@rule("DRV015", "Rationale and tolerance were sealed before outcomes were seen", after="DRV011", book=2)
def sealed(case: Case) -> Iterator[Finding]:
    """A derivation's seal has another digest or time than it states, is not older than the outcomes, or says
    another rationale, tolerance, command, parameter or input. What changed after an outcome was seen is
    exploratory influence, whatever it is called.
    """
    for path, record in case.ledger.records.items():
        seal = case.ledger.by_id.get(record.seal.id) if isinstance(record, Derivation) else None
        if not isinstance(record, Derivation):
            continue
        if not isinstance(seal, Seal):
            message = f"'{record.id}' names no seal"
            yield trouble(path, "/seal/id", message, expected="a SEAL record", found=record.seal.id, hint=_NEW)
            continue
        digest = case.raw.files[place_of(seal)].sha256 if place_of(seal) in case.raw.files else "no such file"
        if (digest, seal.timestamp) != (record.seal.sha256, record.seal.sealed_at):
            expected, found = f"{digest} at {seal.timestamp}", f"{record.seal.sha256} at {record.seal.sealed_at}"
            yield trouble(path, "/seal", "the seal is another one", expected=expected, found=found, hint=_NEW)
        if not seal.timestamp < record.outcomes_seen_at <= record.timestamp:
            yield trouble(
                path,
                "/outcomes_seen_at",
                f"'{record.id}' was sealed after its outcomes were seen, or written before",
                expected=f"after {seal.timestamp}, not after {record.timestamp}",
                found=record.outcomes_seen_at,
                hint="an outcome that was seen can't be unseen: declare the influence and its budget in a new seal",
            )
        for field in ("rationale", "tolerance", "parameters", "command", "inputs", "plan", "commit"):
            if getattr(seal, field) != getattr(record, field):
                message = f"'{record.id}' has another {field} than its seal"
                expected, found = str(getattr(seal, field))[:160], str(getattr(record, field))[:160]
                yield trouble(path, f"/{field}", message, expected=expected, found=found, hint=_NEW)


@rule("DRV016", "Exploratory influence is declared and budgeted", book=2)
def exploratory(case: Case) -> Iterator[Finding]:
    """A seal says that exploratory results influenced a choice without naming them, without a rationale that held
    before, or without a budget; the budget is overspent; or it names results and says that they had no influence.

    Whoever derives a value again with another parameter or tolerance, or from the same inputs by another command, after
    its first outcome was seen, was influenced by that outcome, and declares it. That both ways were sealed in advance
    changes nothing: which of the two stands was chosen afterwards.
    """
    for path, record in case.ledger.records.items():
        seal = case.ledger.by_id.get(record.seal.id) if isinstance(record, Derivation) else None
        if not isinstance(record, Derivation) or not isinstance(seal, Seal) or seal.exploratory.influenced:
            continue
        for other in case.ledger.of_kind(Derivation):
            seen = other.value_name == record.value_name and other.outcomes_seen_at <= record.outcomes_seen_at
            if seen and _otherwise(record, other):
                yield trouble(
                    path,
                    "/parameters",
                    f"'{record.id}' is derived otherwise than {other.id}, whose outcome was seen: that is influence",
                    expected="influence declared with its budget, or parameters, tolerance and command as before",
                    found=f"seen at {other.outcomes_seen_at}, and derived again at {record.outcomes_seen_at}",
                    hint=_NEW,
                )
    for path, seal in case.ledger.records.items():
        if not isinstance(seal, Seal):
            continue
        told = seal.exploratory
        over = [item.name for item in told.budget if item.spent > item.allowed]
        reasoned = told.prior_rationale is not None and not tells_nothing(told.prior_rationale)
        if told.influenced and not (told.sources and reasoned and told.budget):
            problem, expected = "influence without sources, prior rationale or budget", "all three"
        elif not told.influenced and (told.sources or told.prior_rationale or told.budget):
            problem, expected = "sources or a budget, and no influence", "influenced: true"
        elif over:
            problem, expected = f"an overspent budget: {', '.join(over)}", "no more than was allowed"
        else:
            continue
        message = f"'{seal.value_name}' declares {problem}; what is derived so is invalid"
        yield trouble(path, "/exploratory", message, expected=expected, found=problem, hint=_NEW)


def _otherwise(record: Derivation, other: Derivation) -> bool:
    """Whether a value was derived in another way: parameters, tolerance, or the command on the same inputs.

    Each command names its own outputs; that is no difference.
    """
    if (other.parameters, other.tolerance) != (record.parameters, record.tolerance):
        return True
    commands = [
        ["" if word in {file.path for file in item.outputs} else word for word in item.command]
        for item in (record, other)
    ]
    return record.inputs == other.inputs and commands[0] != commands[1]


@rule("DRV017", "Inputs and outputs are those of the pack, and the value stands in the output", after="INT001", book=2)
def rehashed(case: Case) -> Iterator[Finding]:
    """A file that a record which holds read or wrote is not in the pack with that digest; the command wrote one of its
    inputs; or the artifact does not hold the recorded value at its pointer. Outputs stand below `derivations/`. Or a
    record reads what another one wrote, and does not say that it depends on that one.

    Inputs are only read. Of records that no longer hold, the outputs are still there; their inputs may have changed.
    """
    for path, record in case.ledger.records.items():
        if not isinstance(record, Derivation):
            continue
        files = [("outputs", index, item) for index, item in enumerate(record.outputs)]
        if record.id not in case.ledger.invalid:
            files += [("inputs", index, item) for index, item in enumerate(record.inputs)]
        for field, index, item in files:
            found = case.listed.get(item.path)
            if found is None or (found.sha256, found.size) != (item.sha256, item.size):
                yield trouble(
                    path,
                    f"/{field}/{index}",
                    f"'{record.id}': {item.path} is not the file that was "
                    + ("read" if field == "inputs" else "written"),
                    expected=bytes_of(item),
                    found=bytes_of(found) if found else "not in manifest.json",
                    hint="restore the file, or derive the value again from what there is now",
                )
            if field == "outputs" and (not item.path.startswith(FOLDER) or item.path in _paths(record.inputs)):
                message = f"'{record.id}' wrote {item.path}: inputs are only read"
                yield trouble(path, f"/{field}/{index}", message, expected=f"a file below {FOLDER}", hint=_NEW)
        for other in case.ledger.of_kind(Derivation):
            written = {item.sha256 for item in other.outputs}
            for index, item in enumerate(record.inputs):
                hidden = other.id not in {record.id, *record.depends_on} and record.id not in case.ledger.invalid
                if hidden and item.sha256 in written:
                    message = f"'{record.id}' reads what {other.id} wrote, and does not say that it depends on it"
                    needs, has = f"{other.id} in depends_on", ", ".join(record.depends_on) or "no record"
                    yield trouble(path, f"/inputs/{index}", message, expected=needs, found=has, hint=_NEW)
        if record.artifact not in record.outputs:
            message = f"'{record.id}': the artifact is no output of the command"
            found_path = record.artifact.path
            yield trouble(path, "/artifact", message, expected="one of its outputs", found=found_path, hint=_NEW)
        stated = value_at(
            (file.data or b"") if (file := case.raw.files.get(record.artifact.path)) else b"", record.pointer
        )
        if type(stated) is not type(record.value) or stated != record.value:
            message = f"'{record.id}': the artifact holds another value"
            expected = "nothing" if stated is None else stated
            yield trouble(path, "/value", message, expected=expected, found=record.value, hint=_NEW)


def _paths(inputs: tuple[InputFile, ...]) -> frozenset[str]:
    return frozenset(item.path for item in inputs)


def value_at(data: bytes, pointer: str) -> Number | str | None:
    """The number or text at a JSON pointer of a document; None when there is none, or no strict JSON."""
    try:
        found = parse_json(data)
    except StrictError:
        return None
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, tuple) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found if isinstance(found, Number | str) else None


@rule("DRV018", "Records follow the approved revision of the plan", needs="charter", book=2)
def planned(case: Case) -> Iterator[Finding]:
    """A record that holds names another revision or digest of the plan than the charter, or the plan's file in the pack
    is not the one that was approved.
    """
    charter = case.evidence.charter
    if charter is None:  # pragma: no cover - the rule needs it
        return
    plan = charter.plan
    if plan.path is not None:
        found = case.listed.get(plan.path)
        if found is None or found.sha256 != plan.sha256:
            told = found.sha256 if found else "no such file"
            message = f"{plan.path} is not the plan that was approved"
            yield trouble(CHARTER, "/plan/sha256", message, expected=plan.sha256, found=told, hint="restore the plan")
    for path, record in case.ledger.records.items():
        holds = record.id not in case.ledger.invalid and record.id not in case.ledger.superseded
        if (
            isinstance(record, Derivation | Infeasible)
            and holds
            and (record.plan.revision, record.plan.sha256)
            != (
                plan.revision,
                plan.sha256,
            )
        ):
            message = f"'{record.id}' follows another revision of the plan"
            yield trouble(path, "/plan", message, expected=plan.revision, found=record.plan.revision, hint=_NEW)


@rule("DRV019", "No placeholder stands for a value or a reason", book=2)
def written(case: Case) -> Iterator[Finding]:
    """A value, rationale, trigger, next action, requirement or statement is an empty phrase. What can't be derived is
    recorded as INFEASIBLE, never as a placeholder.
    """
    fields = (
        *("value", "rationale", "lockability_reason", "trigger", "failed_derivation", "allowed_next_action"),
        *(
            "required_remediation_artifact",
            "requirement",
            "text",
            "evidence_attempted",
            "blocked_downstream",
            "threats",
        ),
    )
    for path, signed in signed_texts(case):
        told: list[tuple[tuple[str, ...], Any]] = [((field,), getattr(signed, field, None)) for field in fields]
        if isinstance(signed, Charter):
            told += [(("attestation", "statement"), signed.attestation.statement)]
            for index, value in enumerate(signed.values):
                told.append((("values", str(index), "value"), value.value))
                told.append(
                    (("values", str(index), "pending", "reason"), value.pending.reason if value.pending else None)
                )
        for place, item in told:
            for text in item if isinstance(item, tuple) else (item,):
                if isinstance(text, str) and _is_empty(text, short=place[-1] in _SHORT):
                    message = "an empty phrase stands for something that was not derived or not said"
                    pointer = pointer_of(place)
                    yield trouble(path, pointer, message, expected="a value or a sentence", found=text, hint=_NEW)


_SHORT: Final = frozenset({"value", "blocked_downstream"})


def _is_empty(text: str, *, short: bool) -> bool:
    return tells_nothing(text) and not (short and any(char.isdigit() for char in text))


@rule("DRV020", "Runs of a tracking server are provenance only", book=2)
def provenance(case: Case) -> Iterator[Finding]:
    """A record's MLflow run id is cited as evidence: as an input's version, in rationale, parameters, command or what
    was attempted, or as the run of the training or evaluation. It stands in `mlflow_run_id` alone.
    """
    evidence = case.evidence
    runs = {item.run_id for item in (evidence.training, evidence.evaluation) if item is not None}
    ids: dict[str, list[str]] = defaultdict(list)
    for path, record in case.ledger.records.items():
        if isinstance(record, Derivation) and record.mlflow_run_id:
            ids[record.mlflow_run_id].append(path)
    for path, signed in signed_texts(case):
        told = str(signed.model_dump(exclude={"mlflow_run_id", "notes", "extensions"}))
        for id_ in ids:
            if len(id_) > 3 and id_ in told:
                message = f"the MLflow run {id_} is cited as evidence"
                yield trouble(path, "", message, expected="mlflow_run_id alone", found=id_, hint=_NEW)
    for id_, paths in ids.items():
        if id_ in runs:
            message = f"the MLflow run {id_} of a derivation is the pack's training or evaluation run"
            yield trouble(
                paths[0], "/mlflow_run_id", message, expected="the derivation's own run", found=id_, hint=_NEW
            )


@rule("DRV021", "Reasons of INFEASIBLE are those of the profile", after="PRO003", book=2)
def reasons(case: Case) -> Iterator[Finding]:
    """An INFEASIBLE record gives a reason that neither the pack's profile nor every profile knows. Reasons are a closed
    list, so that what blocks a release can be counted: cost-data, capacity, power, mapping, null.
    """
    own = [
        name for profile in case.profiles.chain(case.evidence.manifest.profile) for name in profile.infeasible_reasons
    ]
    known = (*INFEASIBLE_REASONS, *own)
    for path, record in case.ledger.records.items():
        if isinstance(record, Infeasible) and record.reason not in known:
            hint = f"take one of them; costs of tier D are {COST_DATA}"
            message = f"'{record.id}' gives an unknown reason"
            yield trouble(path, "/reason", message, expected=", ".join(known), found=record.reason, hint=hint)


RULES = (
    named,
    sealed,
    exploratory,
    rehashed,
    planned,
    written,
    provenance,
    reasons,
)
