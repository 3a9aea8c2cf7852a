"""Schema life: every released schema is read, every older MINOR leads to today's without loss, and fields go slowly."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proofpress.errors import ExitCode, IngestError, SchemaCompatError
from proofpress.evidence.deprecated import DEPRECATED_FIELDS, DeprecatedField
from proofpress.evidence.pack import KINDS, DocumentKind
from proofpress.ingest import document_of
from proofpress.ingest import migrations as life
from proofpress.ingest.schema import read_document
from proofpress.ingest.strict import parse_json

ROOT = Path(__file__).parents[2]
EVALUATION = next(kind for kind in KINDS if kind.name == "evaluation")
FROZEN = sorted((ROOT / "tests" / "frozen").glob("*/*/*/manifest.json"))


def frozen() -> Iterator[tuple[DocumentKind, Any, str]]:
    """Every document of every frozen pack."""
    for manifest in FROZEN:
        for kind in KINDS:
            path = manifest.parent / kind.path
            if path.is_file():
                yield kind, parse_json(path.read_bytes()), f"{manifest.parts[-4]} {kind.name}"


@pytest.mark.parametrize(("kind", "raw"), [pytest.param(kind, raw, id=name) for kind, raw, name in frozen()])
def test_a_frozen_document_is_read_and_migrated_without_loss(kind: DocumentKind, raw: Any) -> None:
    document, findings = read_document(kind, raw)
    assert document is not None
    assert findings == ()
    moved, steps = life.migrate(kind, raw)
    assert moved["schema_version"] == kind.schema_version if steps else moved == raw
    assert {**moved, "schema_version": raw["schema_version"]} == raw, "a MINOR loses nothing and changes nothing"
    again, _findings = read_document(kind, moved)
    assert again is not None
    assert again.model_copy(update={"schema_version": document.schema_version}) == document


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_released_minor_leads_to_the_newest(kind: DocumentKind) -> None:
    version = life.version_of(kind.schema_version)
    assert version is not None
    for minor in range(version[1]):
        assert life.path_from(kind, f"{version[0]}.{minor}.0"), f"no migration of {kind.name} from 1.{minor}"
    assert life.path_from(kind, kind.schema_version) == ()


@pytest.mark.parametrize("key", life.MIGRATIONS, ids=str)
def test_each_migration_is_pure_and_raises_the_version(key: tuple[str, str]) -> None:
    step = life.MIGRATIONS[key]
    raw = {"schema_version": f"{key[1]}.0", "rows": ({"value": 1},), "extensions": {"x": 2}}
    before = repr(raw)
    moved = step(raw)
    assert repr(raw) == before
    old, new = life.version_of(raw["schema_version"]), life.version_of(moved["schema_version"])
    assert old is not None
    assert new is not None
    assert old < new
    assert key[0] in {kind.name for kind in KINDS}
    assert step.__doc__
    assert step.__name__.endswith(f"{old[0]}_{old[1]}_to_{new[0]}_{new[1]}")


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> DocumentKind:
    """A reader of schema 2.0, with two migrations that lead to it."""

    def migrate_eval_1_1_to_2_0(raw: Any) -> dict[str, Any]:
        return {**raw, "schema_version": "2.0.0", "notes": ()}

    monkeypatch.setitem(life.MIGRATIONS, ("evaluation", "1.1"), migrate_eval_1_1_to_2_0)
    return replace(EVALUATION, schema_version="2.0.0")


def test_migrations_are_composed(newer: DocumentKind) -> None:
    moved, steps = life.migrate(newer, {"schema_version": "1.0.7", "rows": ()})
    assert moved == {"schema_version": "2.0.0", "rows": (), "notes": ()}
    assert steps == ("migrate_eval_1_0_to_1_1", "migrate_eval_1_1_to_2_0")


def test_another_major_names_the_migration(newer: DocumentKind) -> None:
    with pytest.raises(SchemaCompatError, match="older MAJOR") as caught:
        document_of(newer, {"schema_version": "1.0.0"})
    assert caught.value.migration == ("migrate_eval_1_0_to_1_1", "migrate_eval_1_1_to_2_0")
    assert "proofpress migrate PACK --write" in caught.value.hint
    assert "migrate_eval_1_1_to_2_0" in caught.value.hint
    assert caught.value.exit_code is ExitCode.UNREADABLE
    _document, (finding,) = read_document(newer, {"schema_version": "1.0.0"})
    assert (finding.rule, finding.hint) == ("SCH002", caught.value.hint)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"schema_version": "0.9.0"}, "no migration from schema 0.9.0 is known"),
        ({"schema_version": "7.0.0"}, "use a Proofpress that reads this schema"),
        ({"schema_version": "1.9.0", "requires": ("carbon",)}, "use a newer Proofpress"),
    ],
)
def test_what_this_reader_cannot_read(raw: Any, words: str) -> None:
    with pytest.raises(SchemaCompatError) as caught:
        document_of(EVALUATION, raw)
    assert words in caught.value.hint
    assert caught.value.migration == ()


def test_a_broken_document_is_no_question_of_its_schema() -> None:
    for raw in ({"schema_version": "1.0.0"}, [], {"schema_version": 1}):
        with pytest.raises(IngestError) as caught:
            document_of(EVALUATION, raw)
        assert not isinstance(caught.value, SchemaCompatError)


def test_a_valid_document_is_its_model() -> None:
    path = next(path.parent for path in FROZEN) / EVALUATION.path
    assert document_of(EVALUATION, parse_json(path.read_bytes())).schema_version == "1.0.0"


@pytest.mark.parametrize("text", ["1.0", "1.0.x", "", None, 1, "1.0.0.0", "9999999999.0.0", "¹.0.0"])
def test_what_is_no_version(text: Any) -> None:
    assert life.version_of(text) is None
    assert life.migrate(EVALUATION, {"schema_version": text}) == ({"schema_version": text}, ())


def test_the_table_of_deprecated_fields_obeys_its_law() -> None:
    assert [item.trouble() for item in DEPRECATED_FIELDS] == [""] * len(DEPRECATED_FIELDS)


_GOING = DeprecatedField(kind="evaluation", pointer="/rows", since="1.1.0", removal="2.0.0", instead="'results'")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"kind": "nothing"}, "no kind of document"),
        ({"since": "1.1.1"}, "no MINOR"),
        ({"since": "1.0.0"}, "no MINOR"),
        ({"removal": "1.2.0"}, "no later MAJOR"),
        ({"removal": "1.0.0"}, "no later MAJOR"),
        ({"since": "1.7.0"}, "is not between"),
        ({"since": "0.1.0", "removal": "1.0.0"}, "is not between"),
        ({"pointer": "rows"}, "pointer"),
        ({"instead": " "}, "what to use instead"),
    ],
)
def test_a_field_warns_for_at_least_one_minor(change: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [replace(kind, schema_version="1.1.0") if kind.name == "evaluation" else kind for kind in KINDS]
    monkeypatch.setattr("proofpress.evidence.deprecated.KINDS", tuple(kinds))
    assert words in replace(_GOING, **change).trouble()
    assert bool(replace(_GOING, **change).trouble()) == bool(words)
