"""ASR: risks are met and watched, failures are counted, guardrails are shown, and the release can be traced."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from proofpress.evidence.assurance import FailureMode, Selection
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import PARAMS, Evidence
from proofpress.evidence.values import Unstated
from proofpress.ingest.rows import RowGroup
from proofpress.verify.phrases import tells_nothing
from proofpress.verify.rule import Case, rule, trouble
from proofpress.verify.trace import NEEDED, trace_of

RISKS: Final = "assurance/risks.json"
FAILURES: Final = "assurance/failure_modes.json"
PLAN: Final = "assurance/monitoring_plan.json"
GUARDRAILS: Final = "assurance/guardrails.json"
TRACE: Final = "assurance/traceability.json"
RELEASE: Final = "release.json"
_AGAIN: Final = "correct what people wrote, then run 'proofpress pack assurance' again"


def _lists(evidence: Evidence) -> Iterator[tuple[str, str, Sequence[Any]]]:
    """(file, field, entries) of every list of assurance evidence that the pack holds."""
    for file, document, field in (
        (RISKS, evidence.risks, "risks"),
        (FAILURES, evidence.failure_modes, "failure_modes"),
        (PLAN, evidence.monitoring_plan, "signals"),
        (GUARDRAILS, evidence.guardrails, "guardrails"),
    ):
        if document is not None:
            yield file, field, getattr(document, field)


def _failures(case: Case) -> Iterator[tuple[str, FailureMode]]:
    document = case.evidence.failure_modes
    for index, mode in enumerate(document.failure_modes if document else ()):
        yield f"/failure_modes/{index}", mode


@rule("ASR001", "Risks, failure modes, signals and guardrails have ids of their own", book=2)
def unique(case: Case) -> Iterator[Finding]:
    """Two entries of one list have the same id, so that nothing can be said of one of them alone.

    Ids are what releases are compared by: an entry keeps its id as long as it means the same.
    """
    for file, field, entries in _lists(case.evidence):
        counts = Counter(entry.id for entry in entries)
        first: set[str] = set()
        for index, entry in enumerate(entries):
            if counts[entry.id] > 1 and entry.id in first:
                yield trouble(
                    file,
                    f"/{field}/{index}/id",
                    f"the id '{entry.id}' stands twice",
                    expected="an id of its own",
                    found=entry.id,
                    hint=_AGAIN,
                )
            first.add(entry.id)


@rule("ASR002", "Risks and signals name each other", after="ASR001", book=2)
def named(case: Case) -> Iterator[Finding]:
    """A risk names a signal that is not in the monitoring plan, a signal or failure mode names a risk that does not
    exist, or one of a risk and a signal names the other without being named by it.
    """
    evidence = case.evidence
    plan = evidence.monitoring_plan
    known: dict[str, dict[str, set[str]]] = {
        "risks": {risk.id: set(risk.signals) for risk in evidence.risks.risks} if evidence.risks else {},
        "signals": {signal.id: set(signal.risks) for signal in plan.signals} if plan else {},
    }
    for file, field, entries in _lists(evidence):
        for what, place in (("risks", RISKS), ("signals", PLAN)):
            if place in case.broken:
                continue  # nobody can tell what a document that can't be read would have said
            for index, entry in enumerate(entries):
                for number, name in enumerate(getattr(entry, what, ())):
                    theirs = known[what].get(name)
                    if theirs is None:
                        problem, expected = f"is not in {place}", ", ".join(sorted(known[what])) or f"one of the {what}"
                    elif file != FAILURES and entry.id not in theirs:
                        problem, expected = f"does not name it back in {place}", f"'{entry.id}' in '{name}' too"
                    else:
                        continue
                    yield trouble(
                        file,
                        f"/{field}/{index}/{what}/{number}",
                        f"'{entry.id}' names '{name}', which {problem}",
                        expected=expected,
                        found=name,
                        hint=_AGAIN,
                    )


@rule("ASR003", "Every risk is mitigated, or accepted for a reason", needs="risks", book=2)
def mitigated(case: Case) -> Iterator[Finding]:
    """A risk has neither a mitigation nor a reason why it is accepted, is called accepted without a reason, or is
    called closed although its mitigations are planned only.
    """
    document = case.evidence.risks
    for index, risk in enumerate(document.risks if document else ()):
        accepted = risk.accepted_reason is not None and not tells_nothing(risk.accepted_reason)
        in_place = [item for item in risk.mitigations if item.status != "planned"]
        if risk.status == "accepted" and not accepted:
            problem, expected = "is accepted without a reason", "accepted_reason, in a sentence"
        elif risk.status == "closed" and not in_place:
            problem, expected = "is closed, but nothing against it is in place", "a mitigation in place or verified"
        elif not risk.mitigations and not accepted:
            problem, expected = "has neither a mitigation nor a reason to accept it", "a mitigation or accepted_reason"
        else:
            continue
        yield trouble(
            RISKS,
            f"/risks/{index}",
            f"the risk '{risk.id}' {problem}",
            expected=expected,
            found=f"status {risk.status}, {len(risk.mitigations)} mitigations",
            hint="say what is done against the risk, or who accepts it and why",
        )


@rule("ASR004", "Every open risk is watched", needs="risks", after="ASR002", book=2)
def watched(case: Case) -> Iterator[Finding]:
    """An open risk has no signal in the monitoring plan: nobody would notice when it happens.

    Each signal has an owner who acts on it.
    """
    document = case.evidence.risks
    for index, risk in enumerate(document.risks if document else ()):
        if risk.status == "open" and not risk.signals:
            yield trouble(
                RISKS,
                f"/risks/{index}/signals",
                f"no signal of the monitoring plan watches the open risk '{risk.id}'",
                expected="the id of a signal with threshold, action and owner",
                found="no signal",
                hint="add a signal to the monitoring plan, or accept the risk with a reason",
            )


@rule("ASR005", "A failure mode is counted, and its status fits the count", needs="failure_modes", book=2)
def counted(case: Case) -> Iterator[Finding]:
    """A failure mode has neither counts nor a typed reason why nothing was counted, is called fixed although examples
    show it, or new or known although none does; or it is called new without being first seen in this release.
    """
    release_id = case.evidence.release.release_id
    for pointer, mode in _failures(case):
        stated = (mode.selection is not None, mode.count is not None, mode.n is not None)
        if len({*stated}) > 1 or stated[0] == (mode.absent is not None) or (mode.examples and not stated[0]):
            where, problem = "", "needs a selection with count and n, or a typed reason why nothing was counted"
            expected, found = "selection, count and n; or absent", ", ".join(sorted(mode.model_fields_set))
        elif mode.count is not None and (mode.status == "fixed") != (mode.count == 0):
            where, problem = "/status", f"is called {mode.status}, and {mode.count} examples show it"
            expected, found = "known or new" if mode.count else "fixed", mode.status
        elif (mode.status == "new") != (mode.first_seen == release_id):
            where, problem = "/first_seen", f"is called {mode.status}, and was first seen in {mode.first_seen}"
            expected, found = f"new exactly when it is first seen in {release_id}", mode.first_seen
        else:
            continue
        yield trouble(
            FAILURES,
            f"{pointer}{where}",
            f"the failure mode '{mode.id}' {problem}",
            expected=expected,
            found=found,
            hint=_AGAIN,
        )


def _group(case: Case, selection: Selection) -> RowGroup | None:
    """The examples that a selection concerns, as ingest counted them; None when there are none with keys."""
    evaluation = case.evidence.evaluation
    named_paths = {row.per_sample.path for row in evaluation.rows if row.per_sample} if evaluation else set()
    file = case.raw.files.get(selection.path)
    if selection.path not in named_paths or file is None or file.rows is None or not file.rows.keyed:
        return None
    if selection.slice is None:
        return file.rows.whole
    return file.rows.slices.get((selection.slice.dimension, selection.slice.value), RowGroup())


@rule("ASR006", "Counts of failures are recomputed", needs="failure_modes", after="INT001 ASR005", book=2)
def recounted(case: Case) -> Iterator[Finding]:
    """A failure mode states other counts than the per-example results give, or an example that does not show it.

    The selection names a per-example file of the evaluation, a slice, and conditions on the fields of a row; `n` rows
    lie in the slice, `count` of them meet the conditions. A slice without rows, and a field that no row has in the
    form of the condition (number, text or truth value), are refused: nothing is found where nothing was looked for.
    """
    for pointer, mode in _failures(case):
        selection = mode.selection
        if selection is None or selection.path in case.broken:
            continue
        group = _group(case, selection)
        if group is None:
            yield trouble(
                FAILURES,
                f"{pointer}/selection/path",
                f"'{mode.id}': {selection.path} holds no per-example results of this evaluation",
                expected="the per-example file of a row of model/eval_metrics.json",
                found=selection.path,
                hint=_AGAIN,
            )
            continue
        rows = case.rows(selection.path)
        yield from _looked_for(pointer, mode, selection, group.n, rows)
        shown = None if rows is None else {str(row["key"]) for row in rows if selection.chooses(row)}
        for field, found, expected in (
            ("n", mode.n, group.n),
            ("count", mode.count, None if shown is None else len(shown)),
        ):
            if expected is not None and found != expected:
                yield trouble(
                    FAILURES,
                    f"{pointer}/{field}",
                    f"'{mode.id}': the per-example results give another {field}",
                    expected=expected,
                    found=found,
                    hint="let 'proofpress pack assurance' count again",
                )
        for index, key in enumerate(mode.examples if shown is not None else ()):
            if shown is not None and key not in shown:
                yield trouble(
                    FAILURES,
                    f"{pointer}/examples/{index}",
                    f"'{mode.id}': the example {key} does not show this failure",
                    expected="the key of an example that meets the selection",
                    found=key,
                    hint="let 'proofpress pack assurance' choose the examples",
                )


def _looked_for(
    pointer: str, mode: FailureMode, selection: Selection, n: int, rows: Sequence[Mapping[str, Any]] | None
) -> Iterator[Finding]:
    if selection.slice is not None and not n:
        yield trouble(
            FAILURES,
            f"{pointer}/selection/slice",
            f"'{mode.id}': no example lies in {selection.slice.dimension} {selection.slice.value}",
            expected="a slice that examples lie in",
            found=selection.slice.value,
            hint=_AGAIN,
        )
    for place, condition in enumerate(selection.where if rows else ()):
        if not any(condition.applies(row) for row in rows or ()):
            yield trouble(
                FAILURES,
                f"{pointer}/selection/where/{place}",
                f"'{mode.id}': no example has a '{condition.field}' that {condition.value} could be compared with",
                expected=f"a field of {selection.path}",
                found=condition.field,
                hint=_AGAIN,
            )


@rule("ASR007", "Counts in large files are not checked", severity="note", needs="failure_modes", after="INT001", book=2)
def unchecked(case: Case) -> Iterator[Finding]:
    """A failure mode counts rows of a file that is too large to be held, so its count and examples were not checked.

    Its number of rows was. Whoever needs more counts again from the published file.
    """
    for pointer, mode in _failures(case):
        file = case.raw.files.get(mode.selection.path) if mode.selection else None
        if file is not None and file.rows is not None and file.data is None:
            yield trouble(
                FAILURES,
                f"{pointer}/count",
                f"'{mode.id}': the count was not checked, for {file.path} is too large to be held",
                expected="a per-example file of at most 1 MiB",
                found=f"{file.size} bytes",
                hint="count again from the published file, or split the results",
            )


@rule("ASR008", "Guardrails are shown at work", needs="guardrails", book=2)
def shown_at_work(case: Case) -> Iterator[Finding]:
    """A guardrail names a file that is not in the pack, or neither a file nor a typed reason why none shows it."""
    document = case.evidence.guardrails
    listed = {entry.path for entry in case.evidence.manifest.files}
    for index, guardrail in enumerate(document.guardrails if document else ()):
        pointer = f"/guardrails/{index}"
        if bool(guardrail.tests) == (guardrail.absent is not None):
            yield trouble(
                GUARDRAILS,
                f"{pointer}/tests",
                f"the guardrail '{guardrail.id}' has "
                + ("a test and a reason why not" if guardrail.tests else "no test"),
                expected="files of the pack that show it at work, or a typed reason in 'absent'",
                found=", ".join(guardrail.tests) or "nothing",
                hint="name the file that shows it, or say why there is none",
            )
        for place, path in enumerate(guardrail.tests):
            if path not in listed:
                yield trouble(
                    GUARDRAILS,
                    f"{pointer}/tests/{place}",
                    f"{path}, which should show the guardrail '{guardrail.id}' at work, is not in the pack",
                    expected="a file of the pack",
                    found=path,
                    hint="put the file into the pack, or say in 'absent' why there is none",
                )


@rule("ASR009", "Traceability says what the documents say", needs="traceability", book=2)
def traced(case: Case) -> Iterator[Finding]:
    """Commit, snapshot, runs, command, digests or links of `assurance/traceability.json` are not those of the pack's
    other documents, or a document is missing that a trace needs.
    """
    trace = case.evidence.traceability
    documents = {kind.name: document for kind, document in case.evidence.documents()}
    params = case.raw.files.get(PARAMS)
    missing = [name for name in NEEDED if name not in documents]
    if trace is None or params is None or missing:
        if not case.unreadable:
            yield trouble(
                TRACE,
                "",
                "the release can't be traced without " + (", ".join(missing) or PARAMS),
                expected=f"{', '.join(NEEDED)} and {PARAMS}",
                found=", ".join(sorted(documents)),
                hint="build the missing evidence, or remove the traceability document",
            )
        return
    wanted = trace_of(documents, params.sha256)
    links = wanted.pop("links")
    for field, expected in wanted.items():
        found = getattr(trace, field)
        if found != expected:
            yield _untraced(f"/{field}", f"{field.replace('_', ' ')} differs", expected, found)
    stated = [link.model_dump() for link in trace.links]
    for index, link in enumerate(stated):
        if link not in links:
            yield _untraced(f"/links/{index}", "the documents do not agree on this link", "a link that holds", link)
    for link in links:
        if link not in stated:
            yield _untraced("/links", f"{link['source']} is not linked with {link['target']}", link, "no such link")


def _untraced(pointer: str, message: str, expected: Any, found: Any) -> Finding:
    return trouble(
        TRACE,
        pointer,
        message,
        expected=_shown(expected),
        found=_shown(found),
        hint="let 'proofpress pack assurance' take it from the documents again",
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{source} {source_field} = {target} {target_field} = {value}".format(**value)
    return " ".join(value) if isinstance(value, tuple) else str(value)


@rule("ASR010", "Intended use and out of scope do not contradict each other", book=2)
def purpose(case: Case) -> Iterator[Finding]:
    """The same sentence stands under intended use and out of scope, or one of them is an empty phrase."""
    release = case.evidence.release
    intended = {_plain(text) for text in release.intended_use}
    for field in ("intended_use", "out_of_scope"):
        for index, text in enumerate(getattr(release, field)):
            if isinstance(text, Unstated):
                continue
            if tells_nothing(text):
                problem, expected = "an empty phrase instead of a use", "a use, in a sentence"
            elif field == "out_of_scope" and _plain(text) in intended:
                problem, expected = "the same use is intended and out of scope", "a use under one of the two"
            else:
                continue
            yield trouble(
                RELEASE,
                f"/{field}/{index}",
                problem,
                expected=expected,
                found=text,
                hint="say what the release is for, and what it is not for",
            )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!;,")


RULES = (unique, named, mitigated, watched, counted, recounted, unchecked, shown_at_work, traced, purpose)
