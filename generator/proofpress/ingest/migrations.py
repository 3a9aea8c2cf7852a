"""From one schema version of a document to the next: pure functions over the parsed document, numbers kept exact.

A MINOR adds optional fields only, so its migration raises the version and loses nothing. A reader needs no migration
to read an older MINOR; `proofpress migrate` moves a pack that is not registered, and another MAJOR has to be moved.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from proofpress.evidence.pack import DocumentKind

Migration = Callable[[Mapping[str, Any]], dict[str, Any]]


def migrate_eval_1_0_to_1_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Evaluation metrics: optional fields were added."""
    return {**raw, "schema_version": "1.1.0"}


def migrate_efficiency_1_0_to_1_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Efficiency report: optional fields were added."""
    return {**raw, "schema_version": "1.1.0"}


def migrate_training_1_0_to_1_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Training run: optional fields were added."""
    return {**raw, "schema_version": "1.1.0"}


def migrate_demo_1_0_to_1_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Demo run: optional fields were added."""
    return {**raw, "schema_version": "1.1.0"}


MIGRATIONS: dict[tuple[str, str], Migration] = {
    ("evaluation", "1.0"): migrate_eval_1_0_to_1_1,
    ("efficiency", "1.0"): migrate_efficiency_1_0_to_1_1,
    ("training", "1.0"): migrate_training_1_0_to_1_1,
    ("demo", "1.0"): migrate_demo_1_0_to_1_1,
}
"""By kind of document and the MAJOR.MINOR that it starts from; the result's `schema_version` says where it leads."""


def version_of(text: object) -> tuple[int, int] | None:
    """MAJOR and MINOR of a schema version, or None when it is not one."""
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def migrate(kind: DocumentKind, raw: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A document moved step by step towards the newest version that this reader knows, and the steps' names.

    Without a step that leads on, the document stays as it is.
    """
    moved, names = dict(raw), []
    for name, step in _steps(kind, raw):
        moved = step(moved)
        names.append(name)
    return moved, tuple(names)


def path_from(kind: DocumentKind, version: object) -> tuple[str, ...]:
    """Names of the steps that lead from a version to the newest; none when they end before it."""
    names, reached = [], version_of(version)
    for name, step in _steps(kind, {"schema_version": version}):
        names.append(name)
        reached = version_of(step({"schema_version": version})["schema_version"])
    return tuple(names) if reached == version_of(kind.schema_version) else ()


def _steps(kind: DocumentKind, raw: Mapping[str, Any]) -> Iterator[tuple[str, Migration]]:
    newest, here = version_of(kind.schema_version), version_of(raw.get("schema_version"))
    while newest is not None and here is not None and here < newest:
        step = MIGRATIONS.get((kind.name, f"{here[0]}.{here[1]}"))
        if step is None:
            return
        there = version_of(step({"schema_version": f"{here[0]}.{here[1]}.0"})["schema_version"])
        if there is None or not here < there <= newest:
            return
        yield step.__name__, step
        here = there
