"""Plain facts of a release (parameters, dataset, terms of use) and their differences."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from proofpress.diff.change import Change, Direction, exact_delta, relative_delta
from proofpress.diff.fact import Fact, leaves
from proofpress.diff.licence import same_licence
from proofpress.diff.listed import listed_facts
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number
from proofpress.ingest.strict import pointer_of

_SHOWN = 120


def compare_facts(old: Evidence, new: Evidence) -> tuple[tuple[Change, ...], int]:
    """Compare all plain facts. Returns the changes and how many facts are unchanged."""
    before, after = _keyed(facts_of(old)), _keyed(facts_of(new))
    changes = [_compared(before.get(key), after.get(key)) for key in {**before, **after}]
    found = tuple(change for change in changes if change is not None)
    return found, len(changes) - len(found)


def facts_of(evidence: Evidence) -> Iterator[Fact]:
    """All plain facts of one release."""
    yield from _parameters(evidence)
    yield from _dataset(evidence)
    yield from _splits(evidence)
    yield from _release(evidence)
    yield from listed_facts(evidence)


def _keyed(facts: Iterable[Fact]) -> dict[tuple[str, str, str, int], Fact]:
    """Facts by what they are about; a repeated one is numbered, so that none is lost."""
    keyed: dict[tuple[str, str, str, int], Fact] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for fact in facts:
        key = (fact.stem, fact.subject, fact.item)
        seen[key] = seen.get(key, 0) + 1
        keyed[(*key, seen[key])] = fact
    return keyed


def _compared(was: Fact | None, now: Fact | None) -> Change | None:
    fact = now or was
    if fact is None or (was and now and was.text == now.text):
        return None
    delta = relative = None
    direction = fact.judged
    if was is None or now is None:
        end, verb = ("ADDED", "was added") if now else ("REMOVED", "was removed")
        direction = (fact.gained if now else fact.lost) or direction
        if not fact.item:
            verb = "is given for the first time" if now else "is no longer given"
        sentence = f"{fact.noun} {verb}: {_short(fact.text)}."
    elif fact.equivalent is not None and fact.equivalent(was.text, now.text):
        end, direction = "RESPELT", "neutral"
        sentence = f"{fact.noun} is spelt in another way: {_short(was.text)} before, {_short(now.text)} now."
    else:
        end = "CHANGED"
        sentence = f"{fact.noun} changed from {_short(was.text)} to {_short(now.text)}."
        if was.number is not None and now.number is not None and was.number != now.number:
            delta = exact_delta(was.number, now.number)
            relative = None if fact.kind == "parameter" else relative_delta(was.number, now.number)
            if fact.rising:
                direction = fact.rising if delta > 0 else "better"
    return Change(
        code=f"{fact.stem}-{end}",
        kind=fact.kind,
        subject=fact.subject,
        old=was.text if was else None,
        new=now.text if now else None,
        delta=delta,
        relative=relative,
        direction=direction,
        explanation=sentence.removesuffix(".") if sentence.endswith("..") else sentence,
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _parameters(evidence: Evidence) -> Iterator[Fact]:
    """The promoted parameters, leaf by leaf; a list is a leaf. `1` and `1.0` differ: some programs tell them apart."""
    holders = (evidence.model, evidence.evaluation, evidence.training)
    parameters = evidence.promoted_parameters
    if parameters is None:
        parameters = next((holder.parameters for holder in holders if holder), {})
    for path, value in leaves(parameters, ()):
        pointer = pointer_of(path)
        yield Fact(
            stem="PRM",
            kind="parameter",
            subject=pointer,
            noun=f"Parameter {pointer}",
            text=dump_json(value, indent=None).rstrip("\n"),
            number=_as_decimal(value),
        )


def _as_decimal(value: Any) -> Decimal | None:
    if isinstance(value, Number):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _dataset(evidence: Evidence) -> Iterator[Fact]:
    holders = (
        evidence.dataset,
        evidence.dataset_manifest,
        evidence.splits,
        evidence.evaluation,
        evidence.model,
    )
    snapshot = next((holder.dataset_snapshot_id for holder in holders if holder), None)
    if snapshot is not None:
        yield _fact("DST-SNAPSHOT", "snapshot", snapshot, "The dataset snapshot")
    if (dataset := evidence.dataset) is not None:
        yield _licence("DST-LICENCE", dataset.licence, "The dataset's licence")
        yield _fact("DST-TARGET", "target", dataset.target, "The target column", judged="unknown")
        for split in dataset.splits:
            text = f"{split.records} records, keys sha256:{split.keys_sha256}"
            yield _fact("DST-SPLIT", split.name, text, f"Split {split.name}", number=split.records)
        for feature in dataset.features:
            unit = f" in {feature.unit}" if feature.unit else ""
            text = f"{feature.type}{unit}: {feature.description}"
            yield _fact("DST-FEATURE", feature.name, text, f"Feature {feature.name}")
        for source in dataset.sources:
            text = f"{source.reference} ({source.licence})"
            yield _fact("DST-SOURCE", source.name, text, f"Source {source.name}")
        yield from _items("DST-PREPROCESSING", "preprocessing", dataset.preprocessing, "A preprocessing step")
        yield from _items("DST-LIMITATION", "limitation", dataset.limitations, "A limitation of the dataset")
    for file in evidence.dataset_manifest.files if evidence.dataset_manifest else ():
        text = f"sha256:{file.sha256}, {file.records} records, {file.size} bytes"
        yield _fact("DST-FILE", file.name, text, f"Data file {file.name}")


def _splits(evidence: Evidence) -> Iterator[Fact]:
    if (integrity := evidence.splits) is None:
        return
    for count in integrity.class_balance:
        subject = f"{count.label}@{count.split}"
        noun = f"The number of records of class {count.label} in {count.split}"
        yield _fact("DST-BALANCE", subject, str(count.n), noun, number=count.n)
    for overlap in integrity.overlaps:
        subject = f"{overlap.kind}: {overlap.left} and {overlap.right}"
        noun = f"The number of {overlap.kind} keys that {overlap.left} and {overlap.right} share"
        yield Fact(
            stem="DST-OVERLAP",
            kind="dataset",
            subject=subject,
            text=str(overlap.n),
            noun=noun,
            number=Decimal(overlap.n),
            judged="unknown",
            rising="worse",
        )


def _release(evidence: Evidence) -> Iterator[Fact]:
    release = evidence.release
    yield _fact("REL-FAMILY", "family", release.family, "The family", judged="unknown")
    yield _licence("REL-LICENCE", release.licence, "The licence")
    yield from _items("REL-INTENDED-USE", "intended use", release.intended_use, "An intended use", judged="unknown")
    yield from _items("REL-OUT-OF-SCOPE", "out of scope", release.out_of_scope, "A use out of scope", judged="unknown")
    holders = (evidence.model, evidence.evaluation, evidence.efficiency)
    model_id = next((holder.model_id for holder in holders if holder), None)
    if model_id is not None:
        yield _fact("REL-MODEL", "model id", model_id, "The model")


def _licence(stem: str, text: str, noun: str) -> Fact:
    return replace(_fact(stem, "licence", text, noun, judged="unknown"), equivalent=same_licence)


def _fact(
    stem: str, subject: str, text: str, noun: str, *, number: int | None = None, judged: Direction = "neutral"
) -> Fact:
    return Fact(
        stem=stem,
        kind="release" if stem.startswith("REL") else "dataset",
        subject=subject,
        text=text,
        noun=noun,
        number=None if number is None else Decimal(number),
        judged=judged,
    )


def _items(
    stem: str, subject: str, texts: Iterable[str], noun: str, *, judged: Direction = "neutral"
) -> Iterator[Fact]:
    for text in texts:
        yield Fact(
            stem=stem,
            kind="release" if stem.startswith("REL") else "dataset",
            subject=subject,
            text=text,
            item=text,
            noun=noun,
            judged=judged,
        )
