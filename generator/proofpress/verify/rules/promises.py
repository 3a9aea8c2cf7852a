"""IFC, CHG: what a release promises to those who use it, and what it says of its changes."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from proofpress.evidence.finding import Finding
from proofpress.evidence.interface import Interface
from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.evidence.values import Unstated
from proofpress.verify.phrases import tells_nothing
from proofpress.verify.rule import Case, rule, trouble

INTERFACE, RELEASE, SCORES = "interface.json", "release.json", "fixed_input_scores"
_MODEL, _EVAL = "model/model_package.json", "model/eval_metrics.json"
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?[a-z0-9.+-]*", re.ASCII)
_AGAIN = "write it with its builder: proofpress pack interface"


def _interface(case: Case) -> Interface:
    if case.evidence.interface is None:  # pragma: no cover - rules of this module need it
        raise ValueError("no interface")
    return case.evidence.interface


@rule("IFC001", "Scores on fixed inputs are those of this pack's model", needs="interface", book=2)
def scored_model(case: Case) -> Iterator[Finding]:
    """`interface.json` names another model than the pack holds, so its scores are those of that other model."""
    manifest = case.raw.files.get("model/manifest.json")
    package = case.evidence.model
    wanted = f"sha256:{manifest.sha256}" if manifest else package.model_id if package else ""
    found = _interface(case).model_id
    if wanted and found != wanted:
        yield trouble(
            INTERFACE,
            "/model_id",
            "the scores on fixed inputs are those of another model",
            expected=wanted,
            found=found,
            hint="score the fixed inputs with the model of this pack",
        )


@rule("IFC002", "Each name of the interface stands once, each score is one answer", needs="interface", book=2)
def once(case: Case) -> Iterator[Finding]:
    """A list of the interface holds a name twice, a fixed input stands twice or is answered twice for one record and
    output, or an answer is neither a number nor a word, or both.
    """
    interface = _interface(case)
    names = Counter((kind, item.name) for kind, _index, item in interface.surface())
    for kind, index, item in interface.surface():
        if names[kind, item.name] > 1:
            yield _twice(f"/{kind}/{index}/name", f"'{item.name}'")
    inputs = Counter(item.input_sha256 for item in interface.fixed_input_scores)
    for index, fixed in enumerate(interface.fixed_input_scores):
        pointer = f"/{SCORES}/{index}"
        if inputs[fixed.input_sha256] > 1:
            yield _twice(f"{pointer}/input_sha256", f"the fixed input '{fixed.name}'")
        answers = Counter((score.key, score.output) for score in fixed.scores)
        for place, score in enumerate(fixed.scores):
            if answers[score.key, score.output] > 1:
                yield _twice(f"{pointer}/scores/{place}", f"the answer '{score.output}' for {score.key}")
            if (score.score is None) == (score.label is None):
                yield trouble(
                    INTERFACE,
                    f"{pointer}/scores/{place}",
                    f"the answer '{score.output}' for {score.key} is "
                    + ("missing" if score.score is None else "a number and a word"),
                    expected="either 'score' or 'label'",
                    found="neither" if score.score is None else "both",
                    hint=_AGAIN,
                )


def _twice(pointer: str, what: str) -> Finding:
    return trouble(
        INTERFACE, pointer, f"{what} stands more than once", expected="each once", found="more than one", hint=_AGAIN
    )


@rule("IFC003", "Fixed inputs are files of this pack", needs="interface", book=2)
def fixed_inputs(case: Case) -> Iterator[Finding]:
    """The interface says where the pack holds a fixed input, but the manifest has another file there, or none."""
    listed = {entry.path: entry.sha256 for entry in case.evidence.manifest.files}
    for index, item in enumerate(_interface(case).fixed_input_scores):
        if item.input_path is not None and listed.get(item.input_path) != item.input_sha256:
            yield trouble(
                INTERFACE,
                f"/{SCORES}/{index}/input_path",
                f"{item.input_path} is not the fixed input '{item.name}'",
                expected=f"sha256 {item.input_sha256}",
                found=f"sha256 {listed[item.input_path]}" if item.input_path in listed else "not in manifest.json",
                hint="restore the input, which never changes, or score the new one under another name",
            )


@rule("IFC004", "The interface names what model and evaluation name", needs="interface", book=2)
def same_names(case: Case) -> Iterator[Finding]:
    """Inputs or outputs of the interface are not those of the model package, a score is of an output that the interface
    does not name, a metric is one that was not measured, or a headline metric of the release is not among the metrics.

    A list that is left empty promises nothing, and so could never be broken.
    """
    interface, model, evaluation = _interface(case), case.evidence.model, case.evidence.evaluation
    outputs = {item.name for item in interface.outputs}
    pairs: list[tuple[str, str, set[str], set[str]]] = []
    if model is not None:
        pairs += [
            (
                f"/{kind}",
                _MODEL,
                {item.name for item in getattr(model, kind)},
                {item.name for item in getattr(interface, kind)},
            )
            for kind in ("inputs", "outputs")
        ]
    if evaluation is not None:
        measured = {row.name for row in evaluation.rows}
        named = {item.name for item in interface.metrics}
        first = {item.name for item in case.evidence.release.headline} & measured
        pairs.append(("/metrics", _EVAL, first | (named & measured), named))
    for index, fixed in enumerate(interface.fixed_input_scores if outputs else ()):
        pairs.append(
            (f"/{SCORES}/{index}/scores", INTERFACE, outputs, outputs | {score.output for score in fixed.scores})
        )
    for pointer, source, wanted, found in pairs:
        if wanted != found:
            strange = ", ".join(sorted(found - wanted)) or "nothing more"
            missing = ", ".join(sorted(wanted - found))
            yield trouble(
                INTERFACE,
                pointer,
                f"{pointer[1:]} of the interface are not those of {source}: {missing or strange}",
                expected=", ".join(sorted(wanted)) or "nothing",
                found=", ".join(sorted(found)) or "nothing",
                hint="name in the interface what the model package and the evaluation name",
            )


def _version(text: str) -> tuple[int, int, int] | None:
    match = _VERSION.fullmatch(text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


@rule("IFC005", "A deprecated name stays for at least one MINOR", needs="interface", book=2)
def deprecated(case: Case) -> Iterator[Finding]:
    """A name is deprecated and already gone from the interface in the same MINOR, or since a version that is not there
    yet.

    Whoever updates must have had one MINOR release in which the name still worked and its end was announced.
    """
    names = {item.name for _kind, _index, item in _interface(case).surface()}
    release = case.evidence.release
    now = _version(release.version) or (0, 0, 0)
    for index, item in enumerate(release.deprecations):
        since = _version(item.since)
        gone = item.name not in names
        if since is None or since > now or (gone and since[:2] == now[:2]):
            yield trouble(
                RELEASE,
                f"/deprecations/{index}",
                f"'{item.name}' is deprecated since {item.since}"
                + (", which is no version" if since is None else "")
                + (f" and gone in {release.version} already" if gone and since is not None else ""),
                expected="a version before this MINOR" if gone else f"a version up to {release.version}",
                found=item.since,
                hint="keep the name in the interface until the next MINOR",
            )


@rule("IFC006", "The changelog tells what was removed, and since when it was deprecated", needs="interface", book=2)
def removed(case: Case) -> Iterator[Finding]:
    """A deprecated name is gone from the interface, but no entry under `removed` holds it together with the version
    that deprecated it.
    """
    names = {item.name for _kind, _index, item in _interface(case).surface()}
    release = case.evidence.release
    for index, item in enumerate(release.deprecations):
        told = any(item.name in text and item.since in text for text in release.changelog.removed)
        if item.name not in names and not told:
            yield trouble(
                RELEASE,
                "/changelog/removed",
                f"'{item.name}' (/deprecations/{index}) is gone, and the changelog does not tell",
                expected=f"an entry with {item.name} and {item.since}",
                found="; ".join(release.changelog.removed) or "no entry",
                hint=f"add an entry: {item.name} was removed, deprecated since {item.since}",
            )


def answer_of(value: Any) -> tuple[Decimal | None, str | None]:
    """A value of a scores file as number and word: one of them, or neither when it is no answer."""
    if isinstance(value, bool):
        return None, "true" if value else "false"
    if isinstance(value, int | Decimal):
        return value if isinstance(value, Decimal) else Decimal(value), None
    return None, value if isinstance(value, str) and value else None


@rule(
    "IFC007",
    "Scores on fixed inputs are those of the file that they come from",
    needs="interface",
    after="IFC002",
    book=2,
)
def scores_file(case: Case) -> Iterator[Finding]:
    """A fixed input has answers, but names no file of this pack that they come from (`scores_path`); the file is
    missing, larger than 1 MiB or no JSON Lines; an answer is not the one that stands there; or the file is one that
    the demo wrote, and the demo ran on another input.

    An answer that only the interface tells was typed by somebody.
    """
    run = case.evidence.demo
    for index, item in enumerate(_interface(case).fixed_input_scores):
        if item.scores_path in case.broken:
            continue
        pointer = f"/{SCORES}/{index}"
        file = case.raw.files.get(item.scores_path or "")
        lines = case.rows(file.path) if file is not None and file.path.endswith(".jsonl") else None
        if item.scores_path is None or lines is None:
            yield trouble(
                INTERFACE,
                f"{pointer}/scores_path",
                f"there are no scores to compare with at {item.scores_path}"
                if item.scores_path
                else f"no file shows where the answers for '{item.name}' come from",
                expected="JSON Lines of this pack, at most 1 MiB",
                found=item.scores_path or "nothing",
                hint=_AGAIN,
            )
            continue
        shown = run is not None and item.scores_path in {output.path for output in run.outputs}
        if shown and run is not None and item.input_sha256 not in {source.sha256 for source in run.inputs}:
            yield trouble(
                INTERFACE,
                f"{pointer}/scores_path",
                f"{item.scores_path} was written by the demo, which did not read the fixed input '{item.name}'",
                expected=f"an input with sha256 {item.input_sha256}",
                found=", ".join(source.path for source in run.inputs),
                hint="score the fixed input, and name the file with its scores",
            )
        rows = {str(row.get(item.key_field, number)): row for number, row in enumerate(lines, start=1)}
        for place, score in enumerate(item.scores):
            there = answer_of(rows.get(score.key, {}).get(score.output))
            if there != (score.score, score.label):
                yield trouble(
                    INTERFACE,
                    f"{pointer}/scores/{place}",
                    f"the answer '{score.output}' for {score.key} is not the one in {item.scores_path}",
                    expected=_shown(*there),
                    found=_shown(score.score, score.label),
                    hint=_AGAIN,
                )


def _shown(score: Decimal | None, label: str | None) -> str:
    return str(score) if score is not None else label or "no answer"


@rule(
    "IFC008",
    "Answers on fixed inputs are those of the evaluation",
    needs="interface evaluation",
    after="IFC007",
    book=2,
)
def same_answers(case: Case) -> Iterator[Finding]:
    """A record of a fixed input is an example of the evaluation too, by its key, and the answer there is another one
    than the one that the interface tells: a field of the per-example results has the name of the output.

    Only records whose key stands in their own file of scores are compared; row numbers mean nothing elsewhere.
    """
    evaluation = case.evidence.evaluation
    paths = {row.per_sample.path for row in (evaluation.rows if evaluation else ()) if row.per_sample}
    examples = {
        str(row["key"]): (path, row)
        for path in sorted(paths & case.raw.files.keys() - case.broken)
        for row in case.rows(path) or ()
        if "key" in row
    }
    for index, item in enumerate(_interface(case).fixed_input_scores):
        file = case.raw.files.get(item.scores_path or "")
        keyed = {
            str(row[item.key_field]) for row in (case.rows(file.path) if file else ()) or () if item.key_field in row
        }
        for place, score in enumerate(item.scores):
            path, row = examples.get(score.key, ("", {}))
            if (
                score.key in keyed
                and score.output in row
                and answer_of(row[score.output]) != (score.score, score.label)
            ):
                yield trouble(
                    INTERFACE,
                    f"/{SCORES}/{index}/scores/{place}",
                    f"the answer '{score.output}' for {score.key} is another one in {path}",
                    expected=_shown(*answer_of(row[score.output])),
                    found=_shown(score.score, score.label),
                    hint="score fixed inputs and examples with the same model",
                )


@rule("CHG002", "Support outlasts the release", book=2)
def supported(case: Case) -> Iterator[Finding]:
    """Support ended before the release came out, so that it was never offered."""
    release = case.evidence.release
    if release.support is not None and release.support.until < release.released_at[:10]:
        yield trouble(
            RELEASE,
            "/support/until",
            "support ends before the release",
            expected=f"{release.released_at[:10]} or later",
            found=release.support.until,
            hint="state until when fixes are offered, or leave the support out",
        )


@rule("CHG001", "A release says what changed", book=2)
def entry(case: Case) -> Iterator[Finding]:
    """None of the six sections of the changelog holds an entry, or an entry or the summary is an empty phrase. A
    release without changes is not a release. An imported release may have no changelog.
    """
    changelog = case.evidence.release.changelog
    told = [("/summary", case.evidence.release.summary)]
    for section in CHANGELOG_SECTIONS:
        told += [(f"/changelog/{section}/{index}", text) for index, text in enumerate(getattr(changelog, section))]
    for pointer, text in told:
        if tells_nothing(text) and not isinstance(text, Unstated):
            yield trouble(
                RELEASE,
                pointer,
                "an empty phrase where a sentence must stand",
                expected="what the release is" if pointer == "/summary" else "what changed",
                found=text,
                hint="say it, or leave the entry out",
            )
    if not case.imported and not any(getattr(changelog, section) for section in CHANGELOG_SECTIONS):
        yield trouble(
            RELEASE,
            "/changelog",
            "the changelog has no entry",
            expected="an entry in " + ", ".join(CHANGELOG_SECTIONS[:-1]) + f" or {CHANGELOG_SECTIONS[-1]}",
            found="nothing",
            hint="'proofpress changelog draft' sorts the commits into the six sections, for you to edit",
        )


RULES = (scored_model, once, fixed_inputs, same_names, deprecated, removed, scores_file, same_answers, entry, supported)
