"""Ways to cheat a sign-off: each is refused, and a finding or decision says why."""

import base64
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofpress.evidence.attestation import Party
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.evidence.signed import statement
from proofpress.evidence.signoff import PREDICATE_TYPE, QUESTIONS
from proofpress.ingest.strict import parse_json
from proofpress.signing.dsse import key_id, seal_statement
from proofpress.signoff.read import Attested, read_signoffs
from proofpress.signoff.standing import SignoffStanding, standing_of
from signoff.instance import FIRST, KEYS, POLICY, SECOND, SIGNED, Releases, payload_of, releases, sealed


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Releases:
    return releases(tmp_path, capsys)


def reasons(line: Releases, role: str = "owner") -> str:
    """Why a role's sign-off does not count for a deployment: GAT021 refuses it, and tells each void file."""
    code, out, _err = line.run("gate", SECOND, "--require-signoff", "--at", "2026-06-03T09:00:00Z", "--format", "json")
    assert code == 1
    told = [item for item in json.loads(out)["decisions"] if item["gate"] == "GAT021"]
    assert ("deny", role) in {(item["verdict"], item["subject"]) for item in told}
    return "; ".join(item["why"] for item in told if item["verdict"] == "warn")


def test_an_approval_replayed_from_another_pack(line: Releases) -> None:
    for role in ("owner", "engineer"):
        shutil.copy(line.file(role), line.folder(FIRST))
    assert set(line.check()) == {"SGN002", "SGN005"}
    assert [item["subject"] for item in line.deploy(FIRST)[1]["GAT021"]] == ["engineer", "owner"]


def test_edited_answers(line: Releases) -> None:
    envelope = json.loads(line.file("owner").read_bytes())
    said = payload_of(line.file("owner"))
    said["predicate"]["checklist"][2]["note"] = "Checked by the owner."
    envelope["payload"] = base64.b64encode(json.dumps(said).encode()).decode()
    line.file("owner").write_text(json.dumps(envelope), encoding="utf-8")
    assert list(line.check()) == ["SGN003"]
    assert "SGN003" in reasons(line)


def test_a_refusal_turned_into_an_approval_by_its_own_signer(line: Releases) -> None:
    """Even the key's holder can't sign that a no is an approval."""
    said = payload_of(line.file("owner"))
    said["predicate"]["checklist"][2]["answer"] = "no"
    line.file("owner").write_bytes(sealed(said, "owner"))
    assert list(line.check()) == ["SGN001"]
    del said["predicate"]["checklist"][2]
    line.file("owner").write_bytes(sealed(said, "owner"))
    assert "SGN001" in reasons(line)


def test_an_approval_of_what_the_gates_refuse(line: Releases) -> None:
    said = payload_of(line.file("owner"))
    said["predicate"]["receipt"]["verdict"] = "FAIL"
    line.file("owner").write_bytes(sealed(said, "owner"))
    assert "SGN001" in reasons(line)


def test_one_key_under_two_names(line: Releases) -> None:
    twice = {**POLICY["keys"], "engineer": {"key": KEYS["owner"].public, "person": "release engineer"}}
    line.policy(keys=twice)
    code, out, err = line.run("gate", SECOND, "--require-signoff")
    assert (code, out) == (1, "")
    assert "are one key" in err


def test_one_key_in_two_roles(line: Releases) -> None:
    line.file("owner").unlink()
    line.file("engineer").unlink()
    assert line.sign("owner", "deputy")[0] == 0
    assert line.sign("engineer", "deputy")[0] == 0
    found = line.deploy()[1]
    assert len(found["GAT021"]) == 1
    assert "counts once" in found["GAT021"][0]["why"]


def test_a_copy_of_an_approval_is_no_second_one(line: Releases) -> None:
    line.policy(signoff={"digits": {"roles": {"owner": 2}}})
    line.judge(SECOND)
    for path in line.folder().glob("signoff-*"):
        path.unlink()
    line.sign("owner")
    shutil.copy(line.file("owner"), line.folder() / "signoff-owner-00000000.json")
    assert [item["expected"] for item in line.deploy()[1]["GAT021"]] == ["2 of the role"]
    line.sign("owner", "deputy")
    assert line.deploy() == (0, {})


def test_a_key_that_expired_before_the_deployment(line: Releases) -> None:
    assert line.deploy(at="2026-12-31T23:59:59Z")[0] == 0
    found = line.deploy(at="2027-01-01T00:00:00Z")[1]
    assert [item["subject"] for item in found["GAT021"]] == ["owner"]


def test_an_approval_from_the_future(line: Releases) -> None:
    found = line.deploy(at="2026-06-02T08:00:00Z")[1]
    assert [item["subject"] for item in found["GAT021"]] == ["engineer", "owner"]
    assert "GAT020" in line.deploy(at="2026-06-01T11:00:00Z")[1]


def test_a_key_that_was_removed_from_its_role(line: Releases) -> None:
    line.policy(roles={**POLICY["roles"], "owner": {"keys": ["deputy"]}})
    assert list(line.check()) == ["SGN004"]
    assert "SGN004" in reasons(line)


def test_a_key_that_had_expired_when_it_signed(line: Releases) -> None:
    ended = {**POLICY["keys"]["owner"], "until": SIGNED}
    line.policy(keys={**POLICY["keys"], "owner": ended})
    assert [item["message"] for item in line.check()["SGN004"]] == [f"the key 'owner' was not in force at {SIGNED}"]


def test_a_stranger(line: Releases) -> None:
    line.file("owner").write_bytes(sealed(payload_of(line.file("owner")), "stranger"))
    assert list(line.check()) == ["SGN003"]


def test_a_forged_key_id(line: Releases) -> None:
    envelope = json.loads(sealed(payload_of(line.file("owner")), "engineer"))
    envelope["signatures"][0]["keyid"] = key_id(KEYS["owner"].public)
    line.file("owner").write_text(json.dumps(envelope), encoding="utf-8")
    assert list(line.check()) == ["SGN004"]
    assert "'engineer' does not hold the role 'owner'" in reasons(line)


def test_a_signature_over_another_payload_type(line: Releases) -> None:
    said = payload_of(line.file("owner"))
    line.file("owner").write_bytes(sealed(said, "owner", kind="text/plain"))
    assert list(line.check()) == ["SGN001"]
    envelope = json.loads(line.file("owner").read_bytes())
    envelope["payloadType"] = "application/vnd.in-toto+json"
    line.file("owner").write_text(json.dumps(envelope), encoding="utf-8")
    assert list(line.check()) == ["SGN003"]


def test_a_statement_of_another_kind(line: Releases) -> None:
    said = payload_of(line.file("owner"))
    line.file("owner").write_bytes(sealed({**said, "predicateType": "https://slsa.dev/provenance/v1"}, "owner"))
    assert list(line.check()) == ["SGN001"]


def test_two_signatures_in_one_envelope(line: Releases) -> None:
    line.file("owner").write_bytes(sealed(payload_of(line.file("owner")), "owner", "deputy"))
    assert list(line.check()) == ["SGN001"]


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b'{"payloadType": 1}', b"\xff", b"[" * 200])
def test_a_file_that_is_no_envelope(line: Releases, data: bytes) -> None:
    line.file("owner").write_bytes(data)
    assert list(line.check()) == ["SGN001"]
    assert "SGN001" in reasons(line)


def test_a_link_instead_of_a_file(line: Releases) -> None:
    kept = line.file("owner").rename(line.root / "elsewhere.json")
    line.file("owner").symlink_to(kept)
    assert line.run("gate", SECOND, "--require-signoff")[0] != 0
    assert line.run("check")[0] != 0


def test_a_policy_edited_after_the_sign_off(line: Releases) -> None:
    path = line.root / "packs" / "policy.yaml"
    path.write_bytes(path.read_bytes() + b"# one more line\n")
    found = line.deploy()[1]
    assert list(found) == ["GAT020"]
    assert "policy was changed" in found["GAT020"][0]["why"]
    line.judge(SECOND)  # a new receipt does not carry the old approvals over
    assert "SGN005" in reasons(line)
    assert {item["severity"] for item in line.check()["SGN005"]} == {"warning"}


def test_a_replaced_receipt(line: Releases) -> None:
    assert line.judge(SECOND, at="2026-06-01T13:00:00Z")[0] == 0
    assert list(line.check()) == ["SGN005"]
    assert "SGN005" in reasons(line)


def test_an_edited_receipt_that_is_signed_anew(line: Releases) -> None:
    path = line.folder() / "gate.json"
    receipt = json.loads(path.read_bytes())
    receipt["decisions"] = receipt["decisions"][:1]
    path.write_text(json.dumps(receipt), encoding="utf-8")
    assert "does not tell what the gates decide" in line.sign("owner")[2]
    assert "does not tell what the gates decide" in line.deploy()[1]["GAT020"][0]["why"]


def test_a_changed_byte_of_the_pack(line: Releases) -> None:
    pack = line.pack(SECOND)
    kept = line.folder()
    before = pack.pack_id
    pack.corrupt("release.json", "/summary", "It reads digits better.")
    code, _out, err = line.run("gate", SECOND, "--require-signoff")
    assert code == 2
    assert "is refused" in err
    pack.reseal()
    assert pack.pack_id != before
    assert sorted(line.deploy()[1]) == ["GAT020", "GAT021"]
    shutil.copytree(kept, line.folder())  # what was said of the old pack, moved beside the new one
    assert set(line.check()) >= {"SGN002"}
    assert sorted(line.deploy()[1]) == ["GAT020", "GAT021"]


def test_a_baseline_that_was_exchanged(line: Releases) -> None:
    first = line.pack(FIRST)
    first.corrupt("release.json", "/summary", "Another first release.").reseal()
    assert "GAT020" in line.deploy()[1]


def test_a_vanished_refusal(line: Releases) -> None:
    for path in line.folder().glob("signoff-*"):
        path.unlink()
    no = line.answers("no.yaml", slices={"answer": "no"})
    line.sign("owner", answers=no)
    line.sign("owner", at="2026-06-02T10:00:00Z")
    line.sign("engineer")
    assert line.deploy() == (0, {})
    line.file("owner").unlink()
    assert list(line.check()) == ["SGN006"]
    assert "SGN006" in reasons(line)


def test_a_backdated_approval_does_not_lift_a_refusal(line: Releases) -> None:
    no = line.answers("no.yaml", slices={"answer": "no"})
    line.sign("owner", at="2026-06-02T10:00:00Z", answers=no)
    line.sign("owner", at="2026-06-02T09:30:00Z")
    line.sign("owner", "deputy", at="2026-06-02T10:00:00Z")
    assert "GAT022" in line.deploy()[1]


def test_an_approval_signed_past_the_command(line: Releases) -> None:
    """A statement that the command would not have signed, by a key that holds the role."""
    pack = line.pack(SECOND)
    for name in ("risks", "monitoring_plan", "failure_modes", "guardrails", "traceability"):
        pack.remove(f"assurance/{name}.json")
    pack.remove("assurance/assurance_card.md").reseal()
    line.judge(SECOND)
    assert "holds no risks" in line.sign("owner")[2]
    receipt = (line.folder() / "gate.json").read_bytes()
    for role in ("owner", "engineer"):
        data = signed_statement(role, pack_id=pack.pack_id, receipt=receipt)
        line.file(role).write_bytes(data)
    assert line.check() == {}
    found = line.deploy()[1]
    assert list(found) == ["GAT024"]
    assert [item["subject"] for item in found["GAT024"]] == ["monitoring"]


def signed_statement(role: str, key: str = "", *, pack_id: str, receipt: bytes, **changed: Any) -> bytes:
    """An approval by hand."""
    told = json.loads(receipt)
    item = {"answer": "yes", "note": None, "question": "Is it so?", "evidence": ["It is."]}
    fields = {
        "schema": "proofpress.signoff/1",
        "generated_by": "by.hand",
        "tool_version": "0",
        "subject": told["subject"],
        "family": "digits",
        "role": role,
        "decision": "approved",
        "signed_at": SIGNED,
        "receipt": {
            "sha256": hashlib.sha256(receipt).hexdigest(),
            "verdict": told["verdict"],
            "evaluated_at": told["evaluated_at"],
        },
        "policy_sha256": told["policy"]["sha256"],
        "against": told["against"],
        "checklist": [{**item, "id": name} for name in QUESTIONS],
        "supersedes": None,
        **changed,
    }
    made = statement({told["subject"]["bundle_id"]: pack_id.removeprefix("sha256:")}, PREDICATE_TYPE, fields)
    return seal_statement(made, [KEYS[key or role]])


# Without a folder: who signed what, and what it amounts to.

PACK = Party(bundle_id=SECOND, pack_id="sha256:" + "a" * 64)
RECEIPT = dump_json(
    {
        "schema": "proofpress.gate/1",
        "generated_by": "proofpress.gate",
        "subject": {"bundle_id": SECOND, "pack_id": PACK.pack_id},
        "against": None,
        "policy": {"sha256": "b" * 64, "gates": {}},
        "evaluated_at": "2026-06-01T12:00:00Z",
        "verdict": "PASS",
        "decisions": [
            {"gate": "GAT001", "verdict": "pass", "subject": "baseline", "expected": "x", "found": "x", "why": "x"}
        ],
    }
).encode()


def policy(**changed: Any) -> Policy:
    return Policy.model_validate(parse_json(json.dumps({**POLICY, "gates": {}, **changed}).encode()))


def amount(
    signed: Sequence[tuple[str, str]], by: Policy, *, authors: Sequence[str] = (), at: str | None = None
) -> SignoffStanding:
    """What approvals (role, key) amount to."""
    files = {
        f"signoff-{number}.json": signed_statement(role, key, pack_id=PACK.pack_id, receipt=RECEIPT)
        for number, (role, key) in enumerate(signed)
    }
    attested = Attested(pack=PACK, family="digits", files={**files, "gate.json": RECEIPT})
    return standing_of(attested, by, authors, at=at)


BOTH = [("owner", "owner"), ("engineer", "engineer")]


def test_the_author_alone() -> None:
    assert amount(BOTH, policy()).complete
    assert amount(BOTH, policy(), authors=["Model  Owner"]).complete
    alone = amount(BOTH, policy(), authors=["model owner", "Release engineer"])
    assert not alone.complete
    assert "somebody else than the authors" in alone.alone
    assert amount([*BOTH, ("owner", "deputy")], policy(), authors=["Release engineer", "model owner"]).alone
    one = policy(signoff={"*": {"roles": {"owner": 1}}})
    assert amount([("owner", "owner")], one, authors=["model owner"]).alone
    assert amount([("owner", "owner")], one, authors=["release engineer"]).complete


def test_a_person_with_two_keys_counts_once() -> None:
    keys = {**POLICY["keys"], "deputy": {"key": KEYS["deputy"].public, "person": "Model Owner"}}
    twice = policy(keys=keys, signoff={"digits": {"roles": {"owner": 2}}})
    found = amount([("owner", "owner"), ("owner", "deputy")], twice)
    assert found.missing == {"owner": 1}


def test_people_are_given_the_places_that_they_can_fill() -> None:
    """The deputy holds both roles, and takes the one that nobody else fills, whatever the order."""
    for other, role in (("owner", "engineer"), ("engineer", "owner")):
        for order in (1, -1):
            signed = [("owner", "deputy"), ("engineer", "deputy"), (other, other)][::order]
            found = amount(signed, policy())
            assert found.complete
            assert {item.signoff.role for item in found.counted if item.signoff and item.key == "deputy"} == {role}


def test_another_familys_role() -> None:
    roles = {**POLICY["roles"], "owner": {"keys": ["owner"], "families": ["letters"]}}
    found = amount(BOTH, policy(roles=roles))
    assert [item.findings[0].rule for item in found.void] == ["SGN004"]


def test_who_left_since_does_not_count_for_a_deployment() -> None:
    left = policy(keys={**POLICY["keys"], "owner": {**POLICY["keys"]["owner"], "until": "2026-06-02T09:00:01Z"}})
    assert amount(BOTH, left).complete
    assert amount(BOTH, left, at="2026-06-03T00:00:00Z").missing == {"owner": 1}


ENVELOPE = signed_statement("owner", pack_id=PACK.pack_id, receipt=RECEIPT)
SAID = json.loads(base64.b64decode(json.loads(ENVELOPE)["payload"]))


@given(st.integers(0, len(ENVELOPE) - 1), st.integers(1, 255))
def test_a_changed_byte_never_says_something_else(place: int, flip: int) -> None:
    data = bytearray(ENVELOPE)
    data[place] ^= flip
    files = {"signoff-owner.json": bytes(data), "gate.json": RECEIPT}
    (signed,) = read_signoffs(Attested(pack=PACK, family="digits", files=files), policy())
    if signed.counts:  # a byte of the hint `keyid`, or of the blanks between fields
        assert signed.signoff is not None
        assert json.loads(dump_json(signed.signoff.model_dump(by_alias=True))) == SAID["predicate"]


@given(st.integers(0, len(RECEIPT) - 1), st.integers(1, 255))
def test_a_changed_byte_of_the_receipt_voids(place: int, flip: int) -> None:
    data = bytearray(RECEIPT)
    data[place] ^= flip
    files = {"signoff-owner.json": ENVELOPE, "gate.json": bytes(data)}
    (signed,) = read_signoffs(Attested(pack=PACK, family="digits", files=files), policy())
    assert [item.rule for item in signed.findings] == ["SGN005"]
