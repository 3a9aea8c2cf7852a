"""SCH006: fields that will go are named while they are still read."""

from collections.abc import Iterator, Sequence
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


RULES = (deprecated_fields,)
