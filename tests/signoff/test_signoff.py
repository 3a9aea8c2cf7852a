"""Sign-off: what is signed and what a deployment asks."""

import dataclasses
import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from proofpress.errors import ExitCode
from proofpress.evidence.attestation import GateReceipt
from proofpress.evidence.pack import Evidence
from proofpress.gate.judge import read_receipt
from proofpress.ingest.strict import parse_yaml
from proofpress.instance import open_instance
from proofpress.registry import RegistryError
from proofpress.schemas import schemas
from proofpress.signoff.checklist import checklist
from registering import move, register
from signoff.instance import FIRST, SECOND, SIGNED, Releases, payload_of, releases


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Releases:
    return releases(tmp_path, capsys)


def test_a_signed_release_may_be_deployed(line: Releases) -> None:
    code, out, _err = line.run("gate", SECOND, "--require-signoff", "--at", "2026-06-03T09:00:00Z", "--format", "json")
    receipt = json.loads(out)
    assert (code, receipt["verdict"]) == (0, "PASS")
    assert list(Draft202012Validator(schemas()["gate"]).iter_errors(receipt)) == []
    passed = {item["gate"] for item in receipt["decisions"] if item["verdict"] == "pass"}
    assert passed >= {"GAT020", "GAT021", "GAT022", "GAT023", "GAT024"}
    assert line.check() == {}


def test_a_statement_binds_digests_and_evidence(line: Releases) -> None:
    said = payload_of(line.file("owner"))
    assert list(Draft202012Validator(schemas()["signoff"]).iter_errors(said["predicate"])) == []
    pack_id = line.pack(SECOND).pack_id
    assert said["subject"] == [{"name": SECOND, "digest": {"sha256": pack_id.removeprefix("sha256:")}}]
    assert said["predicate"]["against"]["pack_id"] == line.pack(FIRST).pack_id
    shown = {item["id"]: " ".join(item["evidence"]) for item in said["predicate"]["checklist"]}
    assert "the gates say PASS" in shown["thresholds"]
    assert f"commit: {'c' * 40}" in shown["traceability"]
    assert "watched" in shown["monitoring"]
    assert f"unchanged since {FIRST}" in shown["intended_use"]


def test_signing_again_gives_the_same_bytes(line: Releases) -> None:
    before = line.file("owner").read_bytes()
    line.file("owner").unlink()
    assert line.sign("owner")[0] == 0
    assert line.file("owner").read_bytes() == before


def test_without_signatures_nothing_is_deployed(line: Releases) -> None:
    code, found = line.deploy(FIRST)
    assert (code, sorted(found)) == (1, ["GAT021"])
    assert [item["subject"] for item in found["GAT021"]] == ["engineer", "owner"]
    line.file("engineer").unlink()
    assert [item["subject"] for item in line.deploy()[1]["GAT021"]] == ["engineer"]
    (line.folder() / "gate.json").unlink()
    assert sorted(line.deploy()[1]) == ["GAT020", "GAT021"]


def test_without_pack_or_rule_nothing_is_deployed(line: Releases) -> None:
    code, out, err = line.run("gate", "digits-v0.9.0-tiny-r1", "--require-signoff")
    assert (code, out) == (ExitCode.USAGE, "")
    assert "no pack" in err
    line.policy(signoff={})
    assert [item["subject"] for item in line.deploy()[1]["GAT020"]] == ["receipt", "sign-off"]
    assert line.run("gate", SECOND, "--require-signoff", "--receipt")[0] == ExitCode.USAGE


@pytest.mark.parametrize("format_", ["text", "markdown", "junit", "sarif", "github"])
def test_forms_of_output_name_the_missing_role(line: Releases, format_: str) -> None:
    line.file("engineer").unlink()
    code, out, _err = line.run("gate", SECOND, "--require-signoff", "--at", "2026-06-03T09:00:00Z", "--format", format_)
    assert code == 1
    assert "GAT021" in out
    assert "engineer" in out
    if format_ == "markdown":
        assert "Every required role has signed off" in out


def test_what_was_yanked_is_not_deployed_whoever_signed_it(line: Releases) -> None:
    register(line.root, SECOND, "2026-06-02T10:00:00Z")
    assert line.deploy() == (0, {})
    move(line.root, "yanked", SECOND, at="2026-06-02T11:00:00Z", reason="A leak was found.")
    found = line.deploy()[1]
    assert [(name, item["subject"]) for name, items in found.items() for item in items] == [("GAT022", "registry")]


def test_an_approval_in_the_registry_needs_the_sign_offs(line: Releases) -> None:
    at = "2026-06-02T11:00:00Z"
    register(line.root, SECOND, "2026-06-02T10:00:00Z")
    move(line.root, "candidate", SECOND, at=at)
    file = line.file("engineer")
    held = file.read_bytes()
    file.unlink()
    with pytest.raises(RegistryError, match="REG019") as raised:
        move(line.root, "approved", SECOND, at=at)
    assert raised.value.category == "not_ready"
    file.write_bytes(held)
    move(line.root, "approved", SECOND, at=at)


def test_a_no_is_a_refusal_until_a_later_yes_of_the_role(line: Releases) -> None:
    no = line.answers("no.yaml", slices={"answer": "no", "note": "Eights fell."})
    code, out, _err = line.sign("owner", "deputy", at="2026-06-02T10:00:00Z", answers=no)
    assert (code, json.loads(out)["decision"]) == (1, "refused")
    assert list(Draft202012Validator(schemas()["signed"]).iter_errors(json.loads(out))) == []
    found = line.deploy()[1]
    assert sorted(found) == ["GAT022"]
    assert "slices (Eights fell.)" in found["GAT022"][0]["why"]
    assert line.sign("engineer", "deputy", at="2026-06-02T11:00:00Z")[0] == 0
    assert sorted(line.deploy()[1]) == ["GAT022"]
    assert line.sign("owner", at="2026-06-02T12:00:00Z")[0] == 0
    assert line.deploy() == (0, {})
    assert payload_of(line.file("owner", number=2))["predicate"]["supersedes"]


def test_what_the_evidence_contradicts_is_not_signed(line: Releases) -> None:
    gates = {"digits": {"thresholds": [_threshold(0.999)]}}
    line.policy(gates=gates)
    assert line.judge(SECOND)[0] == 1
    line.file("owner").unlink()
    code, _out, err = line.sign("owner")
    assert code == ExitCode.FINDINGS
    assert "the gates refuse" in err
    assert not line.file("owner").exists()
    no = line.answers("no.yaml", thresholds={"answer": "no"})
    assert json.loads(line.sign("owner", answers=no)[1])["decision"] == "refused"
    assert "GAT022" in line.deploy()[1]


def _threshold(value: float) -> dict[str, object]:
    return {"metric": "accuracy", "split": "test", "op": ">=", "value": value, "unit": "fraction"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("owner", "engineer"), "does not hold the role"),
        (("owner", "stranger"), "does not hold the role"),
        (("auditor", "owner"), "does not hold the role"),
    ],
)
def test_only_a_holder_signs(line: Releases, argv: tuple[str, str], said: str) -> None:
    code, _out, err = line.sign(*argv)
    assert code == ExitCode.USAGE
    assert said in err


def test_a_stale_receipt_is_not_signed(line: Releases) -> None:
    line.policy(default_profile="standard")
    code, _out, err = line.sign("owner")
    assert code == ExitCode.USAGE
    assert "policy was changed since the gates were run" in err
    line.policy()
    assert "of a later time" in line.sign("owner", at="2026-06-01T11:00:00Z")[2]
    (line.folder() / "gate.json").unlink()
    assert "no receipt" in line.sign("owner")[2]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('schema_version: "1.0.0"\nanswers: {slices: {answer: "yes"}}\n', ExitCode.USAGE, "no answer to intended_use"),
        ('schema_version: "1.0.0"\nanswers: {slices: {answer: perhaps}}\n', ExitCode.USAGE, "slices/answer"),
        ("answers: [", ExitCode.UNREADABLE, "can't be read"),
    ],
)
def test_answers_are_whole(line: Releases, text: str, code: ExitCode, said: str) -> None:
    (line.root / "bad.yaml").write_text(text, encoding="utf-8")
    found, _out, err = line.sign("owner", answers="bad.yaml")
    assert found == code
    assert said in err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_walked_through(line: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ("signoff", SECOND, "--role", "owner", "--key", "deputy.pem", "--at", SIGNED)
    assert line.run(*argv)[0] == ExitCode.USAGE  # no terminal to ask on
    monkeypatch.setattr("sys.stdin", _Terminal("y\nStill so.\ny\n\ny\n\ny\n\ny\n\n"))
    code, out, err = line.run(*argv)
    assert code == 0, err
    assert "approved" in out
    assert "Do the key metrics meet their thresholds?" in err
    said = payload_of(line.file("owner", "deputy"))["predicate"]["checklist"]
    assert [item["note"] for item in said] == ["Still so.", None, None, None, None]


def test_a_terminal_can_not_say_yes_against_the_evidence(line: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    line.policy(gates={"digits": {"thresholds": [_threshold(0.999)]}})
    line.judge(SECOND)
    monkeypatch.setattr("sys.stdin", _Terminal("y\n\ny\nn\nFar off.\ny\n\ny\n\ny\n\n"))
    code, _out, err = line.run("signoff", SECOND, "--role", "owner", "--key", "deputy.pem", "--at", SIGNED)
    assert code == 1
    assert "the evidence says otherwise" in err
    assert payload_of(line.file("owner", "deputy"))["predicate"]["decision"] == "refused"


def evidence_of(line: Releases) -> tuple[Evidence, GateReceipt]:
    loaded = line.pack(SECOND).load()
    assert loaded.evidence is not None
    return loaded.evidence, read_receipt((line.folder() / "gate.json").read_bytes())


def test_new_risks_need_a_signal(line: Releases) -> None:
    evidence, receipt = evidence_of(line)
    asked = {item.id: item for item in checklist(evidence, None, receipt)}
    assert [item.contradiction for item in asked.values()] == [""] * 5
    assert evidence.risks is not None
    blind = evidence.risks.model_copy(
        update={"risks": tuple(item.model_copy(update={"signals": ()}) for item in evidence.risks.risks)}
    )
    asked = {item.id: item for item in checklist(dataclasses.replace(evidence, risks=blind), None, receipt)}
    assert "no signal watches" in asked["monitoring"].contradiction
    bare = dataclasses.replace(evidence, risks=None, monitoring_plan=None, training=None)
    asked = {item.id: item for item in checklist(bare, None, receipt)}
    assert "holds no risks and monitoring plan" in asked["monitoring"].contradiction
    assert "commit, training run" in asked["traceability"].contradiction


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"signoff": {"digits": {"roles": {"auditor": 1}}}}, "nobody holds"),
        ({"signoff": {"*": {"roles": {"owner": 3}}}}, "fewer people hold it"),
        ({"roles": {"owner": {"keys": ["owner"], "families": ["letters"]}}}, "nobody holds"),
    ],
)
def test_a_policy_that_nobody_can_fulfil_is_refused(line: Releases, changed: dict[str, object], said: str) -> None:
    line.policy(**changed)
    found = [item for item in open_instance(line.root).findings if item.pointer.startswith("/signoff")]
    assert {item.rule for item in found} == {"POL001"}
    assert said in found[0].message
    assert line.run("gate", SECOND, "--require-signoff")[0] == ExitCode.FINDINGS


def test_a_key_without_person_signs_nothing_off(line: Releases) -> None:
    keys = parse_yaml((line.root / "packs" / "policy.yaml").read_bytes())["keys"]
    line.policy(keys={name: {"key": item["key"]} for name, item in keys.items()})
    assert "has no person" in open_instance(line.root).findings[0].message
