"""SCH: fields that will go are named while they are still read, and names in lists are unique."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from proofpress.evidence import deprecated
from proofpress.evidence.finding import Finding
from proofpress.ingest.strict import pointer_of
from proofpress.verify.identity_graph import WHERE
from proofpress.verify.rule import Case, rule, trouble


@rule("SCH006", "No field that will go", severity="warning", book=2)
def deprecated_fields(case: Case) -> Iterator[Finding]:
    """A document uses a deprecated field. It is still read, and gone in the next MAJOR of the schema.

    The finding says since when and until when, and what to use instead. `proofpress migrate` moves a document where
    a migration knows how.
    """
    for item in deprecated.DEPRECATED_FIELDS:
        path = WHERE[item.kind]
        for where in _places(case.values.get(path), item.pointer.split("/")[1:]):
            yield trouble(
                path,
                pointer_of(where),
                f"the field is deprecated since schema {item.since} and gone in {item.removal}",
                expected=item.instead,
                found=pointer_of(where),
                hint=f"use {item.instead}",
            )


def _places(value: Any, steps: Sequence[str], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place that a pointer with wildcards leads to."""
    if not steps:
        yield path
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
    for name, inner in items:
        if steps[0] in {"*", str(name)}:
            yield from _places(inner, steps[1:], (*path, name))


_KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "release": {"authors": ("name",), "headline": ("name", "split"), "deprecations": ("name",)},
    "model_manifest": {"files": ("path",)},
    "model": {"inputs": ("name",), "outputs": ("name",)},
    "evaluation": {"splits": ("name",), "baselines": ("name",), "slice_dimensions": ("name",), "inputs": ("path",)},
    "efficiency": {"rows": ("name", "batch_size"), "inputs": ("path",)},
    "training": {"outputs": ("path",), "log": ("step", "name")},
    "dataset": {"splits": ("name",), "features": ("name",), "sources": ("name",)},
    "dataset_manifest": {"files": ("name",)},
    "splits": {"keys": ("kind",), "overlaps": ("kind", "left", "right"), "class_balance": ("split", "label")},
    "demo": {"inputs": ("path",), "outputs": ("path",)},
    "readiness": {"inputs": ("path",)},
    "traceability": {"links": ("source", "source_field", "target", "target_field")},
}
"""By document and list: what names an item of it."""


@rule("SCH007", "Each named item of a list stands once", book=2)
def unique_names(case: Case) -> Iterator[Finding]:
    """A list holds two items of the same name, for example a split, an output or a class of a split: a reader can't
    know which one is meant, and sums count it twice.
    """
    for kind, document in case.evidence.documents():
        for name, key in _KEYS.get(kind.name, {}).items():
            seen: dict[tuple[Any, ...], int] = {}
            for index, item in enumerate(getattr(document, name)):
                names = tuple(getattr(item, part) for part in key)
                if names in seen:
                    shown = ", ".join(str(part) for part in names if part is not None)
                    yield trouble(
                        kind.path,
                        f"/{name}/{index}",
                        f"{shown} stands at /{name}/{seen[names]} already",
                        expected=f"each {' and '.join(key)} once",
                        found=shown,
                        hint="remove one of the two; the builder writes each once",
                    )
                seen.setdefault(names, index)


RULES = (deprecated_fields, unique_names)
