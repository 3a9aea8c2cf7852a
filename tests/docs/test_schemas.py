"""docs/schemas holds the schemas as they are, and real documents and outputs obey them."""

import base64
import json
import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from complete_pack import complete_template
from derived_pack import derived_template
from pack_builder import ASSURANCE, PackBuilder
from proofpress.cli import cli
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS, DocumentKind, documents_among
from proofpress.registry.log import entry_of
from proofpress.registry.store import read_log
from proofpress.schemas import schemas, write_schemas

ROOT = Path(__file__).parents[2]
SCHEMAS = schemas()
PACKS = sorted(path.parent for path in (ROOT / "packs").glob("*/*/manifest.json"))


def errors(name: str, document: Any) -> list[str]:
    """What a document breaks in a schema."""
    found = Draft202012Validator(SCHEMAS[name]).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]


def output(arguments: Sequence[str], root: Path = ROOT) -> Any:
    """The JSON that a command prints."""
    done = CliRunner().invoke(cli, ["-C", str(root), *arguments, "--format", "json"], standalone_mode=False)
    assert done.exception is None, done.output
    return json.loads(done.stdout)


def test_the_committed_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    fresh = {path.name: path.read_text(encoding="utf-8") for path in write_schemas(tmp_path)}
    committed = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "schemas").glob("*.json")}
    assert committed == fresh, "run 'make docs'"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_with_a_name(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"].startswith(f"urn:proofpress:schema:{name}:")
    assert SCHEMAS[name]["title"]
    assert not unknown_words(SCHEMAS[name])


def unknown_words(schema: Any) -> set[str]:
    """Keywords that JSON Schema does not have, and that validators would skip without a word."""
    known = {*Draft202012Validator.VALIDATORS, "$schema", "$id", "title", "description", "default", "$defs"}
    found: set[str] = set()
    for name, value in schema.items():
        if name not in known:
            found.add(name)
        if name in {"properties", "$defs"}:
            for item in value.values():
                found |= unknown_words(item)
        elif name in {"anyOf", "oneOf"}:
            for item in value:
                found |= unknown_words(item)
        elif name in {"items", "additionalProperties"} and isinstance(value, dict):
            found |= unknown_words(value)
    return found


def documents() -> Iterator[tuple[DocumentKind, Path]]:
    for pack in (*PACKS, complete_template(), derived_template()):
        paths = (path.relative_to(pack).as_posix() for path in sorted(pack.rglob("*.*")))
        yield from ((kind, pack / kind.path) for kind in documents_among(paths))


def test_packs_obey_them() -> None:
    checked = set()
    for kind, path in documents():
        read = yaml.safe_load if path.suffix == ".yaml" else json.loads
        assert errors(kind.name.replace("_", "-"), read(path.read_bytes())) == [], path
        checked.add(kind.name)
    assert checked == {kind.name for kind in KINDS}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"schema_version": 1}, "$.schema_version"),
        ({"commit": "abc"}, "$.commit"),
        ({"evaluated_at": "2026-13-01T00:00:00Z"}, "$.evaluated_at"),
        ({"rows": []}, "$.rows"),
        ({"surprise": 1}, "$"),
        ({"splits": [{"name": "test", "n": -1, "keys_sha256": "0" * 64}]}, "$.splits[0].n"),
    ],
)
def test_a_wrong_document_is_refused(change: dict[str, Any], path: str) -> None:
    document = json.loads((PACKS[0] / "model/eval_metrics.json").read_bytes())
    assert [error.partition(":")[0] for error in errors("evaluation", {**document, **change})] == [path]


def test_policy_profiles_and_log_obey_them() -> None:
    for path in (ROOT / "generator/proofpress/verify/profiles").glob("*.yaml"):
        assert errors("profile", yaml.safe_load(path.read_bytes())) == [], path
    policy = ROOT / "packs" / "policy.yaml"
    if policy.is_file():
        assert errors("policy", yaml.safe_load(policy.read_bytes())) == []
    for path in (ROOT / "packs" / "platforms").glob("*.yaml"):
        assert errors("platform", yaml.safe_load(path.read_bytes())) == [], path


def test_messages_of_the_registry_obey_their_contracts() -> None:
    stored = read_log(ROOT / "packs/registry/log")
    assert stored.log
    seen = set()
    for logged in stored.log:
        assert errors("registry-contracts", json.loads(logged.signed.envelope.payload)) == []
        assert errors("registry-contracts", json.loads(entry_of(logged.seq, logged.at, logged.signed.envelope))) == []
        seen.add(logged.event.kind)
    assert {"policy_adopted", "registered", "refused", "approved", "activated", "yanked", "rolled_back"} <= seen
    for path in (ROOT / "packs/registry/statements").rglob("*.json"):
        envelope = json.loads(path.read_bytes())
        assert errors("registry-contracts", envelope) == []
        assert errors("registry-contracts", json.loads(base64.b64decode(envelope["payload"]))) == []
    words = ["resolve", "--scope", "environment=prod,family=digits"]
    assert errors("registry-contracts", output(words)) == []
    refused = output(["resolve", "--scope", "environment=prod", "--at", "2026-07-01T00:00:00Z"])
    assert (errors("registry-contracts", refused), refused["category"]) == ([], "invalid_payload")
    receipt = "packs/digits/digits-v0.2.0-mlp64-r1/demo/batch_receipt_report.json"
    assert errors("verify-receipt", output(["verify-receipt", receipt])) == []


def test_what_assurance_commands_print_obeys_them(pack: PackBuilder) -> None:
    root, folder = pack.root.parent, f"packs/digits/{pack.release_id}"
    for name in ("risks", "signals"):
        (root / f"{name}.json").write_text(dump_json({name: ASSURANCE[name]}), encoding="utf-8")
    words = ["pack", "assurance", folder, "--risks", "risks.json", "--monitoring", "signals.json"]
    assert errors("written", output(words, root)) == []
    assert errors("slices", output(["slices", folder, "--profile", "tabular"], root)) == []
    assert errors("profiles", output(["profiles"], root)) == []


def test_what_commands_print_obeys_them(tmp_path: Path) -> None:
    old, new = next((a, b) for a, b in pairwise(PACKS) if a.parent == b.parent)
    assert errors("findings", output(["verify", str(old)])) == []
    assert errors("identities", output(["verify", str(old), str(new), "--explain"])) == []
    assert errors("findings", output(["check"])) == []
    assert errors("diff", output(["diff", old.name, new.name])) == []
    assert errors("rules", output(["rules"])) == []
    assert errors("render", output(["render", "--check"])) == []
    assert errors("registry-log", output(["registry", "log"])) == []

    assert errors("changelog-draft", output(["changelog", "draft"])) == []
    (tmp_path / "empty.yaml").write_text("name: x\n", encoding="utf-8")
    words = ["pack", "dataset", "x", "--spec", "empty.yaml", "--check-spec"]
    assert errors("pack-dataset", output(words, tmp_path)) == []

    damaged = tmp_path / "packs" / old.parent.name / old.name
    for path in (path for path in old.rglob("*") if path.is_file()):
        target = damaged / path.relative_to(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (damaged / "SHA256SUMS").unlink()
    shutil.copytree(ROOT / "packs" / "profiles", tmp_path / "packs" / "profiles")
    report = output(["verify", str(damaged)], tmp_path)
    assert report["packs"][0]["findings"]
    assert errors("findings", report) == []
    assert errors("repair", output(["repair", str(damaged)], tmp_path)) == []
    assert errors("migrate", output(["migrate", str(damaged)], tmp_path)) == []
    assert errors("pack", output(["pack", "release", str(damaged)], tmp_path)) == []
