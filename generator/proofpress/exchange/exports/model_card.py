"""Hugging Face model card: the evaluation as `model-index` in the head of a README, beside what people wrote."""

from typing import Any, Final

import yaml

from proofpress.errors import UsageError
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number, Unstated
from proofpress.exchange.formats.model_card import HEAD

_KEY: Final = "model-index:"


def model_card(evidence: Evidence, card: str = "") -> str:
    """A card with the release's metrics as its `model-index`; every other byte of a given card stays as it is.

    Without a card, a new one has licence, tags, title and summary. Rows of slices and absent values have no place in
    a `model-index`. Raises `UsageError` when the release has no value for it, or the head can't be merged into.
    """
    index = _index(evidence)
    if not card:
        return _new(evidence, index)
    newline = "\r\n" if "\r\n" in card else "\n"
    text = card.replace("\r\n", "\n")
    match = HEAD.match(text)
    if match is None:
        return f"---\n{index}---\n{text}".replace("\n", newline)
    try:
        head = yaml.safe_load(match[1])
    except yaml.YAMLError as exc:
        raise UsageError(f"the card's head is not YAML: {exc}"[:300]) from exc
    if not isinstance(head, dict):
        raise UsageError("the card's head is no mapping")
    lines = match[1].split("\n")
    start = next((at for at, line in enumerate(lines) if line.startswith(_KEY)), None)
    if (start is None) == ("model-index" in head):
        raise UsageError("the card writes its model-index in a way that can't be replaced line by line")
    if start is None:
        merged = [*lines, *index.rstrip("\n").split("\n")]
    else:
        end = next((at for at in range(start + 1, len(lines)) if lines[at][:1] not in {" ", "-", ""}), len(lines))
        merged = [*lines[:start], *index.rstrip("\n").split("\n"), *lines[end:]]
    return (text[: match.start(1)] + "\n".join(merged) + text[match.end(1) :]).replace("\n", newline)


def _new(evidence: Evidence, index: str) -> str:
    release = evidence.release
    head: dict[str, Any] = {}
    if not isinstance(release.licence, Unstated):
        head["license"] = release.licence.lower()
    if release.keywords:
        head["tags"] = list(release.keywords)
    written = yaml.safe_dump(head, sort_keys=False, allow_unicode=True) if head else ""
    summary = "" if isinstance(release.summary, Unstated) else f"\n{release.summary}\n"
    return f"---\n{written}{index}---\n\n# {release.title}\n{summary}"


def _index(evidence: Evidence) -> str:
    rows = [row for row in (evidence.evaluation.rows if evidence.evaluation else ()) if not row.slice]
    splits: dict[str, list[MetricRow]] = {}
    for row in rows:
        if row.value is not None:
            splits.setdefault(row.split, []).append(row)
    if not splits:
        raise UsageError(f"{evidence.bundle_id} has no value of a whole split")
    lines = [_KEY, f"- name: {_text(evidence.release.family)}", "  results:"]
    for split, found in splits.items():
        lines += [
            "  - task:",
            "      type: other",
            "    dataset:",
            f"      name: {_text(_dataset(evidence) or split)}",
            "      type: other",
            f"      split: {_text(split)}",
            "    metrics:",
        ]
        for row in found:
            lines += [
                f"    - type: {_text(row.name)}",
                f"      value: {_value(row.value)}",
                f"      name: {_text(f'{row.name} ({row.unit})')}",
            ]
    return "\n".join(lines) + "\n"


def _dataset(evidence: Evidence) -> str:
    named = evidence.evaluation.dataset_snapshot_id if evidence.evaluation else ""
    return "" if isinstance(named, Unstated) else named


def _value(value: Number | None) -> str:
    """The number as YAML 1.1 reads it too: a mantissa with a point, a signed exponent; no digit is lost."""
    token = value.token if value is not None else "null"
    mantissa, mark, exponent = token.lower().partition("e")
    if not mark:
        return token
    whole = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{whole}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _text(text: str) -> str:
    """A double-quoted YAML scalar, which JSON's quoting is."""
    return dump_json(text).rstrip("\n")
