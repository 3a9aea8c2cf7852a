"""CLM, NEG, TXT: prose says what was measured, and says it plainly."""

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from proofpress.evidence.base import Model
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.finding import Finding
from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.evidence.values import Number, Unstated
from proofpress.ingest.strict import pointer_of
from proofpress.verify.phrases import says_nothing, tells_nothing
from proofpress.verify.rule import Case, rule, trouble

EVAL = "model/eval_metrics.json"
_NUMBER = re.compile(r"(?<![\w.@:/-])[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?(?:\s?%)?(?![\w/@:]|[.-]\w)")
_PLACEHOLDERS = re.compile(
    r"\b(?:todo|tbd|tba|t\. ?b\. ?[ad]|fixme|xxx+|lorem ipsum"
    r"|to be (?:determined|decided|added|written|done|announced|filled (?:in|out))"
    r"|coming soon|fill (?:me |this )?in|insert (?:text|name|value|description) here|placeholder"
    r"|your (?:name|text|description) here|changeme)\b|\?\?\?+|<(?:insert|your|todo)\b[^<>]*>",
    re.IGNORECASE,
)
_LIMITS = frozenset(("claim_boundary", "limitations", "negative_findings"))
_SCALARS = frozenset((str, int, bool, Number, dict, type(None)))
_REASONS = frozenset(("rationale", "description"))
_CLAIMING = frozenset(
    (
        *("title", "description", "intended_use", "out_of_scope", "keywords", "usage", "limitations", "remarks"),
        *("claim_boundary", "negative_findings", "notes", "note", "purpose", "preprocessing", "replacement"),
        *("rationale", "environment_note", "accepted_reason", "affected_groups", "reason", "summary"),
    )
)
"""Fields of people's words in which a number is a claim."""
_QUOTED = re.compile(r"`[^`]*`")
_LEVEL = re.compile(r"\b(?:intervals?|confidence|levels?|CI)\b")


def _prose(case: Case) -> Iterator[tuple[str, str, str]]:
    """(file, pointer, text) of every sentence in which numbers are claims."""
    evidence = case.evidence
    if evidence.evaluation is not None:
        for name in ("conclusions", "negative_findings", "limitations"):
            for index, text in enumerate(getattr(evidence.evaluation, name)):
                yield EVAL, f"/{name}/{index}", text
    yield "release.json", "/summary", evidence.release.summary
    for section in CHANGELOG_SECTIONS:
        for index, text in enumerate(getattr(evidence.release.changelog, section)):
            yield "release.json", f"/changelog/{section}/{index}", text
    if evidence.model is not None:
        for index, text in enumerate(evidence.model.limitations):
            yield "model/model_package.json", f"/limitations/{index}", text


def _resolves(token: str, values: frozenset[Decimal]) -> bool:
    """Whether a number in prose is a measured value, rounded to the digits that the prose shows."""
    percent = token.endswith("%")
    text = token.rstrip("%").strip().replace(",", "").replace("−", "-")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if number in values or (percent and number / 100 in values):
        return True
    unit = Decimal(1).scaleb(int(number.as_tuple().exponent))
    candidates = (-number, number) if text[0] not in "+-" else (number,)
    for value in values:
        scaled = value * 100 if percent else value
        if abs(abs(scaled) - abs(number)) > unit:
            continue
        for rounding in (ROUND_HALF_EVEN, ROUND_HALF_UP):
            with suppress(InvalidOperation):  # more digits than were ever measured
                if scaled.quantize(unit, rounding) in candidates:
                    return True
    return False


@rule("CLM001", "Conclusions name every measured metric", needs="evaluation", after="MET001 MET008")
def complete(case: Case) -> Iterator[Finding]:
    """A metric was measured on a whole split, but no conclusion names it with split, value and difference.

    Conclusions that leave out a metric choose what a reader sees. One sentence each is enough: it holds the
    metric's name, the split, the value, and the difference to the baseline where there is one.
    """
    evaluation: EvalMetrics | None = case.evidence.evaluation
    if evaluation is not None and all(isinstance(text, Unstated) for text in evaluation.conclusions):
        return  # an imported source that concludes nothing; PRO030 decides whether that may be
    for index, row in enumerate(evaluation.rows if evaluation else ()):
        if row.slice is not None or row.value is None or evaluation is None:
            continue
        wanted = [row.name, row.split, str(row.value)]
        if row.delta_vs_baseline is not None:
            wanted.append(str(row.delta_vs_baseline).lstrip("-"))
        if not any(all(_holds(text, part) for part in wanted) for text in evaluation.conclusions):
            yield trouble(
                EVAL,
                "/conclusions",
                f"no conclusion names {row.key} with its value (/rows/{index})",
                expected=" and ".join(wanted) + " in one sentence",
                found=f"{len(evaluation.conclusions)} conclusions without it",
                hint="add a sentence; the evaluation builder writes them",
            )


def _holds(text: str, part: str) -> bool:
    start = text.find(part)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(part) : start + len(part) + 2]
        if not (before.isalnum() or (before in {"_", "."} and before)) and not (
            after[:1].isalnum() or after[:1] == "_" or (after[:1] == "." and after[1:].isdigit())
        ):
            return True
        start = text.find(part, start + 1)
    return False


@rule("CLM002", "Every fraction and percentage in prose was measured", needs="evaluation")
def numbers(case: Case) -> Iterator[Finding]:
    """A sentence holds a decimal number or percentage that no measured value of the pack rounds to.

    Values are compared after rounding to the digits that the sentence shows; `97.2 %` stands for `0.9722`.
    """
    yield from _unresolved(case, whole=False)


@rule("CLM003", "Every whole number in prose was counted", severity="warning", needs="evaluation")
def integers(case: Case) -> Iterator[Finding]:
    """A sentence holds a whole number of 10 or more that stands nowhere in the pack's JSON."""
    yield from _unresolved(case, whole=True)


@rule("CLM004", "Fractions and percentages in any other text were measured", needs="evaluation", book=2)
def elsewhere(case: Case) -> Iterator[Finding]:
    """A title, description, use, limit, note or boundary in any document holds a decimal number or percentage that no
    measured value of the pack rounds to, as CLM002 has it for conclusions, summary and changelog.
    Texts of an imported release are quotes, and free.

    Free are numbers between backticks, which quote, versions (`version 1.5`, or one that stands in a recorded
    environment, compatibility or licence), and levels beside the words interval, confidence or level.
    """
    told = {(file, pointer) for file, pointer, _text in _prose(case)}
    texts = [
        (kind.path, pointer, _QUOTED.sub("", text))
        for kind, document in case.evidence.documents()
        for pointer, name, text in _said(document, _CLAIMING)
        if (kind.path, pointer) not in told
    ]
    recorded = " ".join(text for _pointer, text in _recorded(case))
    for finding in _unresolved(case, whole=False, texts=texts):
        token = finding.message.split(" claims ", 1)[1].split(",", 1)[0]
        if not re.search(rf"(?<![\d.]){re.escape(token)}(?!\d)", recorded):
            yield finding


def _recorded(case: Case) -> Iterator[tuple[str, str]]:
    """Texts in which versions are recorded."""
    evidence = case.evidence
    for holder in (evidence.training, evidence.efficiency):
        if holder is not None:
            yield from _texts(holder.environment)
    yield from _texts(evidence.release.compatibility.runtime)
    licences = (evidence.release.licence, evidence.dataset.licence if evidence.dataset else "")
    yield from (("/licence", text) for text in licences)


def _unresolved(case: Case, *, whole: bool, texts: Iterable[tuple[str, str, str]] | None = None) -> Iterator[Finding]:
    if case.imported:
        return  # its texts are quoted from the source, which measured elsewhere
    levels = {row.ci_level for row in case.evaluation.rows if row.ci_level is not None}
    for file, pointer, text in _prose(case) if texts is None else texts:
        for match in _NUMBER.finditer(text):
            token = match[0]
            is_whole = "." not in token and "%" not in token and "e" not in token.lower()
            if is_whole is not whole or (is_whole and len(token.lstrip("-+−")) < 2):
                continue
            before = text[: match.start()].lower()
            if texts is not None and before.rstrip().endswith(("version", "versions")):
                continue
            named = levels if _LEVEL.search(text) else ()
            if not _resolves(token, case.measured) and not _resolves(token, frozenset(named)):
                yield trouble(
                    file,
                    pointer,
                    f"the text claims {token}, which no measured value of this pack rounds to",
                    expected="a number that the pack's JSON holds, rounded to the digits shown",
                    found=text if len(text) <= 160 else text[:157] + "…",
                    hint="quote the measured value, or add the row that was measured",
                )


@rule("NEG001", "Negative findings and limitations say something", needs="evaluation")
def negative(case: Case) -> Iterator[Finding]:
    """A negative finding or limitation is an empty phrase such as 'none'.

    Every evaluation has something that did not work or was not tried; a release that names nothing has not
    looked.
    """
    for file, pointer, text in _findings_of(case):
        if _is_too_short(text):
            yield trouble(
                file,
                pointer,
                "an empty phrase instead of a finding",
                expected="a sentence that says what failed, or what was not tried",
                found=text,
                hint="say what the evaluation did not show",
            )


def _findings_of(case: Case) -> Iterator[tuple[str, str, str]]:
    evidence = case.evidence
    lists = [(EVAL, name, getattr(evidence.evaluation, name)) for name in ("negative_findings", "limitations")]
    if evidence.model is not None:
        lists.append(("model/model_package.json", "limitations", evidence.model.limitations))
    for file, name, texts in lists:
        for index, text in enumerate(texts):
            if not isinstance(text, Unstated):
                yield file, f"/{name}/{index}", text


def _is_too_short(text: str) -> bool:
    return says_nothing(text) or len(text.split()) < 3


@rule("NEG002", "Boundaries, limits, reasons and descriptions say something", book=2)
def boundaries(case: Case) -> Iterator[Finding]:
    """A claim boundary, limitation, negative finding, description or the reason of a decision is an empty phrase, in
    any document: 'There were none.', 'No known limitations here', 'To be confirmed'; or a limit is a single word.

    Whoever reads the claim must learn where it ends. Something was not tried, or on one machine only.
    """
    told: set[tuple[str, str]] = set()
    if case.evidence.evaluation is not None:  # then NEG001 runs
        told = {(file, pointer) for file, pointer, text in _findings_of(case) if _is_too_short(text)}
    for kind, document in case.evidence.documents():
        for pointer, name, text in _said(document, _LIMITS | _REASONS):
            empty = tells_nothing(text) or (name in _LIMITS and text.isascii() and len(text.split()) < 2)
            if empty and (kind.path, pointer) not in told:
                yield trouble(
                    kind.path,
                    pointer,
                    "an empty phrase where a sentence must stand",
                    expected="what was not tried or claimed" if name in _LIMITS else f"a {name.replace('_', ' ')}",
                    found=text,
                    hint="say it, and build the document again",
                )


def _said(
    part: object, wanted: Collection[str], name: str = "", path: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, str, str]]:
    """(pointer, field, text) of a document's texts in fields of these names; free fields are left out."""
    if type(part) is str:
        yield pointer_of(path), name, part
        return
    inner = enumerate(part) if type(part) is tuple else vars(part).items() if isinstance(part, Model) else ()
    for place, value in inner:
        field = place if type(place) is str else name
        if type(value) not in _SCALARS or (type(value) is str and field in wanted):
            yield from _said(value, wanted, field, (*path, place))


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer_of(path), value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


@rule("TXT001", "No placeholder words", always_refuses=True)
def placeholders(case: Case) -> Iterator[Finding]:
    """A text holds a word such as TODO, TBD or 'lorem ipsum' that stands for something not yet written."""
    suspects = {path for path, _number, line in case.text.lines("placeholder") if _PLACEHOLDERS.search(line)}
    for path in sorted(suspects):
        if path in case.values:
            places = list(_texts(case.values[path]))
        else:
            text = (case.raw.files[path].data or b"").decode("utf-8", "replace")
            places = [(f"line {number}", line) for number, line in enumerate(text.split("\n"), start=1)]
        for where, text in places:
            match = _PLACEHOLDERS.search(text)
            if match:
                yield trouble(
                    path,
                    where,
                    f"'{match[0]}' stands for something that was not written",
                    expected="finished text",
                    found=text.strip()[:160],
                    hint="write the text, or leave the field out and say why",
                )


RULES = (complete, numbers, integers, elsewhere, negative, boundaries, placeholders)
