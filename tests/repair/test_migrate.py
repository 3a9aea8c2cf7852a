"""`proofpress migrate` moves an unregistered pack to today's schemas, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_builder import EVAL, PackBuilder
from proofpress.cli import main
from proofpress.errors import UsageError
from proofpress.evidence.pack import KIND_BY_PATH
from proofpress.ingest import migrations as life
from proofpress.repair.migrate import Migrated, migrate_pack
from registering import register

COST = "model/efficiency_report.json"


def migrate_efficiency_1_1_to_1_9(raw: Any) -> dict[str, Any]:
    """Efficiency report: optional fields were added."""
    return {**raw, "schema_version": "1.9.0"}


@pytest.fixture(autouse=True)
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader whose efficiency report and model manifest are newer than those of the pack."""
    version = {"efficiency": "1.9.0", "model_manifest": "1.9.0"}
    for path, kind in KIND_BY_PATH.items():
        if kind.name in version:
            monkeypatch.setitem(KIND_BY_PATH, path, replace(kind, schema_version=version[kind.name]))
    monkeypatch.setitem(life.MIGRATIONS, ("efficiency", "1.1"), migrate_efficiency_1_1_to_1_9)


def migrated(pack: PackBuilder, *, write: bool) -> Migrated:
    return migrate_pack(pack.root.parent, pack.folder, write=write)


def test_what_would_change_is_told_and_nothing_written(pack: PackBuilder) -> None:
    before = pack.pack_id
    done = migrated(pack, write=False)
    (moved,) = done.moved
    assert (moved.path, moved.old, moved.new) == (COST, "1.1.0", "1.9.0")
    assert moved.steps == ("migrate_efficiency_1_1_to_1_9",)
    assert done.stuck == (("model/manifest.json", "1.0.0", "its bytes are the model's identity"),)
    assert (done.written, done.pack_id) == (False, before)
    assert pack.value(COST, "/schema_version") == "1.1.0"
    assert pack.pack_id == before


def test_writing_assembles_the_pack_again(pack: PackBuilder) -> None:
    old = pack.json(COST)
    done = migrated(pack, write=True)
    assert done.written
    assert pack.json(COST) == {**old, "schema_version": "1.9.0"}
    assert done.pack_id == pack.pack_id
    assert pack.verify().errors == ()
    assert migrated(pack, write=True).moved == ()


def test_an_edited_file_is_never_sealed(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/rows/0/n", 5)
    with pytest.raises(UsageError, match="is not the file that the manifest lists"):
        migrated(pack, write=True)
    assert pack.value(COST, "/schema_version") == "1.1.0"


def test_a_registered_pack_is_never_migrated(pack: PackBuilder, tmp_path: Path) -> None:
    register(tmp_path, pack.release_id)
    for write in (True, False):
        with pytest.raises(UsageError, match="registered and never changes"):
            migrated(pack, write=write)


def test_the_command(pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-C", str(tmp_path), "migrate", f"packs/digits/{pack.release_id}"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert f"{COST}: 1.1.0 → 1.9.0  (migrate_efficiency_1_1_to_1_9)" in out
    assert "is not written yet (--write)" in out
    assert main([*words, "--write", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["written"], report["pack_id"]) == (True, pack.pack_id)
    assert main(words) == 0
    assert "nothing to migrate" in capsys.readouterr().out
    assert main(["-C", str(tmp_path), "migrate", "packs/digits/none"]) == 2
