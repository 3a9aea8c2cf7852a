"""Derivations by their commands: seal, record, sign, charter, derive again, hand over; and what each refuses."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from derived_pack import (
    INPUT,
    KEYS,
    MEASURED,
    NAMES,
    POLICY,
    SCRIPT,
    DerivedPack,
    charter_fields,
    derivation_fields,
    derived_instance,
    seal_fields,
)
from pack.conftest import Run
from pack_builder import RELEASE
from proofpress.errors import ExitCode
from proofpress.evidence.yamltext import dump_yaml
from proofpress.ingest.strict import parse_yaml
from proofpress.signing.keys import write_key

FOLDER = f"packs/digits/{RELEASE}"
ID = "cutoff-9"
RESULT = f"derivations/results/{ID}.json"


@pytest.fixture
def derived(tmp_path: Path) -> DerivedPack:
    """The derived release alone, in an instance whose policy knows the keys; the private keys lie beside it."""
    pack = DerivedPack(tmp_path / "packs")
    (tmp_path / "packs/policy.yaml").write_text(dump_yaml(POLICY.model_dump(exclude_unset=True)), encoding="utf-8")
    for name in NAMES:
        write_key(tmp_path / f"{name}.pem", KEYS[name])
    return pack


def answers(root: Path, name: str, fields: Mapping[str, Any]) -> str:
    """A file of answers; returns its name."""
    (root / name).write_text(dump_yaml(fields), encoding="utf-8")
    return name


def derive_again(run: Run, root: Path, *, seal: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[int, str, str]:
    """Seal, sign and record, by the commands."""
    words = ("derive", "seal", FOLDER, answers(root, "seal.yaml", seal), "--at", "2026-02-23T08:00:00Z")
    assert run(*words)[0] == ExitCode.OK
    assert run("derive", "sign", FOLDER, f"{ID}-seal", "--key", "ada.pem")[0] == ExitCode.OK
    return run("derive", "record", FOLDER, answers(root, "record.yaml", fields), "--at", "2026-02-23T09:00:00Z")


def the_seal(**further: Any) -> dict[str, Any]:
    return {**seal_fields(f"{ID}-seal", "cutoff", RESULT), **further}


def the_record(**further: Any) -> dict[str, Any]:
    return derivation_fields(ID, f"{ID}-seal", supersedes="cutoff-2", **further)


def test_a_value_is_derived_by_commands(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    code, out, _err = derive_again(run, tmp_path, seal=the_seal(), fields=the_record())
    assert code == ExitCode.OK
    assert [line.split()[1] for line in out.splitlines()] == [f"derivations/{ID}.yaml", RESULT]
    recorded = parse_yaml((derived / f"derivations/{ID}.yaml").read_bytes())
    assert str(recorded["value"]) == "0.65"
    assert recorded["seal"]["sealed_at"] == "2026-02-23T08:00:00Z" < recorded["outcomes_seen_at"]

    declared = answers(tmp_path, "charter.yaml", charter_fields())
    early, _out, err = run("derive", "charter", FOLDER, declared, "--at", "2026-02-23T10:00:00Z")
    assert early == ExitCode.OK, err
    unsigned = {item["id"]: item for item in parse_yaml((derived / "derivations/charter.yaml").read_bytes())["values"]}
    assert unsigned["cutoff"]["record"] == "cutoff-2", "an unsigned record enters nothing"

    for name in ("ada", "bea"):
        assert run("derive", "sign", FOLDER, ID, "--key", f"{name}.pem")[0] == ExitCode.OK
    assert run("derive", "sign", FOLDER, ID, "--key", "ada.pem")[0] == ExitCode.USAGE
    assert run("derive", "charter", FOLDER, declared, "--at", "2026-02-23T10:00:00Z")[0] == ExitCode.OK
    values = {item["id"]: item for item in parse_yaml((derived / "derivations/charter.yaml").read_bytes())["values"]}
    assert values["cutoff"]["record"] == ID
    assert values["words"]["pending"]["code"] == "INVALIDATED", "what depended on the old record falls with it"
    assert run("derive", "sign", FOLDER, "charter", "--key", "ada.pem")[0] == ExitCode.OK
    assert run("pack", "release", FOLDER)[0] == ExitCode.OK
    assert run("check")[0] == ExitCode.OK


@pytest.mark.parametrize(
    ("seal", "record", "words"),
    [
        ({}, {"value": "0.9"}, "can't be typed by hand"),
        ({}, {"rationale": "It looked best."}, "can't be typed by hand"),
        ({}, {"seal": "none"}, "no seal"),
        ({}, {"pointer": "/nothing"}, "holds no number or text"),
        ({"command": ["python", "-c", "raise SystemExit('no data')"]}, {}, "exit code 1: no data"),
        ({"command": ["python", "-c", "pass"]}, {}, "did not write"),
        ({"command": ["python", "-c", f"import os; os.remove('{INPUT}')"]}, {}, "changed its input"),
        ({}, {"id": "cutoff-1"}, "never edited"),
    ],
)
def test_what_no_record_is_made_of(
    run: Run, derived: DerivedPack, tmp_path: Path, seal: dict[str, Any], record: dict[str, Any], words: str
) -> None:
    before = sorted(path.name for path in (derived / "derivations").glob("*.yaml"))
    code, _out, err = derive_again(run, tmp_path, seal=the_seal(**seal), fields={**the_record(), **record})
    assert code in {ExitCode.USAGE, ExitCode.FINDINGS}
    assert words in err
    after = sorted(path.name for path in (derived / "derivations").glob("*.yaml"))
    assert set(after) - set(before) == {f"SEAL-{ID}-seal.yaml"}


def test_inputs_are_read_only(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    script = (
        "import os, stat; m = os.stat('derivations/inputs/measured.json').st_mode; "
        "raise SystemExit(oct(stat.S_IMODE(m)))"
    )
    _code, _out, err = derive_again(run, tmp_path, seal=the_seal(command=["python", "-c", script]), fields=the_record())
    assert "0o444" in err


def test_a_record_before_its_seal_is_refused(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    words = ("derive", "seal", FOLDER, answers(tmp_path, "seal.yaml", the_seal()), "--at", "2026-02-23T08:00:00Z")
    assert run(*words)[0] == ExitCode.OK
    code, _out, err = run(
        "derive", "record", FOLDER, answers(tmp_path, "r.yaml", the_record()), "--at", "2026-02-23T08:00:00Z"
    )
    assert code == ExitCode.USAGE
    assert "not older than the outcome" in err


def test_words_of_people_by_commands(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    for name, place, fields in (
        (
            "stop",
            "STOP-x",
            {"id": "x", "step": "train", "values": ["cutoff"], "requirement": "A run.", "already_ran": False},
        ),
        (
            "rollback",
            "ROLLBACK-x",
            {"id": "x", "reason": "Why.", "values": ["words"], "records": ["words-1"], "notified": ["All"]},
        ),
        (
            "note",
            "NOTE-x",
            {"id": "x", "value_name": "cutoff", "record": "cutoff-2", "carries": "non-lockable", "text": "Why."},
        ),
        ("infeasible", "INFEASIBLE-x", {"id": "x", "value_name": "depth", "reason": "power", "reviewer": "bea"}),
    ):
        told = {key: charter_fields()[key] for key in ("plan", "commit", "author", "claim_boundary")} | fields
        if name == "infeasible":
            texts = ("trigger", "failed_derivation", "allowed_next_action", "required_remediation_artifact")
            told |= dict.fromkeys(texts, "A sentence.")
            told |= {"evidence_attempted": ["All of it."], "blocked_downstream": ["the lock"]}
        code, out, err = run("derive", name, FOLDER, answers(tmp_path, "x.yaml", told), "--format", "json")
        assert code == ExitCode.OK, err
        assert json.loads(out)["outputs"][0]["path"] == f"derivations/{place}.yaml"
    assert parse_yaml((derived / "derivations/INFEASIBLE-x.yaml").read_bytes())["targets"], "targets are taken over"
    told = {**charter_fields(), "id": "x", "value_name": "cutoff", "record": "cutoff-2", "carries": "lockable"}
    assert run("derive", "note", FOLDER, answers(tmp_path, "x.yaml", told))[0] == ExitCode.USAGE


def test_nothing_is_typed_into_the_charter(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    fields = charter_fields()
    fields["values"][0]["value"] = "0.9"
    code, _out, err = run("derive", "charter", FOLDER, answers(tmp_path, "charter.yaml", fields))
    assert (code, "can't be typed by hand" in err) == (ExitCode.USAGE, True)
    fields = charter_fields()
    fields["values"].append(
        {"id": "new", "title": "A further one", "units": "x", "tolerance": fields["values"][0]["tolerance"]}
    )
    code, _out, err = run("derive", "charter", FOLDER, answers(tmp_path, "charter.yaml", fields))
    assert (code, "no signed record and no typed pending" in err) == (ExitCode.USAGE, True)


def test_rerun_gives_the_value_again(run: Run, derived: DerivedPack) -> None:
    code, out, _err = run("derive", "rerun", FOLDER, "cutoff")
    assert (code, out) == (
        ExitCode.OK,
        "cutoff: recorded 0.65, again 0.65; within tolerance (0.05, relative)\n",
    )
    assert run("derive", "rerun", FOLDER, "depth")[0] == ExitCode.USAGE
    code, out, _err = run("derive", "rerun", FOLDER, "words", "--record", "--format", "json")
    assert json.loads(out)["verdict"] == "within tolerance"
    place = derived.root / "attestations" / derived.pack_id.removeprefix("sha256:") / "rerun-words-1.json"
    assert json.loads(place.read_text())["record"] == "words-1"


def test_rerun_outside_of_the_tolerance(run: Run, derived: DerivedPack) -> None:
    derived.edit("cutoff-2", value=parse_yaml(b"0.70"))
    code, out, _err = run("derive", "rerun", FOLDER, "cutoff")
    assert code == ExitCode.FINDINGS
    assert "recorded 0.70, again 0.65; outside of tolerance" in out


@pytest.mark.parametrize(("path", "text"), [(INPUT, MEASURED.replace("0.65", "0.66")), (SCRIPT, "print(1)\n")])
def test_rerun_with_a_changed_input(run: Run, derived: DerivedPack, path: str, text: str) -> None:
    derived.write(path, text)
    code, _out, err = run("derive", "rerun", FOLDER, "cutoff")
    assert code == ExitCode.FINDINGS
    assert f"{path} is not the input that was recorded" in err


def complete(run: Run, pack: DerivedPack) -> None:
    """Let nothing be pending, and record each rerun."""
    values = [item for item in pack.yaml("charter")["values"] if item["id"] != "depth"]
    for ending in ("yaml", "dsse.json"):
        for name in ("ROLLBACK-depth-rollback", "depth-1", "SEAL-depth-1-seal"):
            pack.remove(f"derivations/{name}.{ending}")
    pack.remove("derivations/results/depth-1.json").edit("charter", values=values).sealed()
    for value in ("cutoff", "words", "answer-cost"):
        assert run("derive", "rerun", FOLDER, value, "--record")[0] == ExitCode.OK


def test_handoff_is_whole(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    complete(run, derived)
    code, out, err = run("handoff", RELEASE, "--out", "handed", "--at", "2026-02-24T08:00:00Z")
    assert code == ExitCode.OK, out + err
    package = json.loads((tmp_path / "handed/handoff.json").read_text())
    assert package["lockable"] == ["cutoff", "words"]
    assert package["blocking"] == ["answer-cost", "error-cost"]
    assert package["infeasible"] == ["derivations/INFEASIBLE-cost-data.yaml"]
    assert len(package["checklist"]) == 10
    assert "no authority to deploy" in package["authority"]
    assert {row["shown_by"] for row in package["evidence_matrix"]} >= {"rerun-cutoff-2.json"}
    page = (tmp_path / "handed/handoff.md").read_text()
    for words in ("no authority to deploy", "- [x] ", "## Blocks the lock", "Keep the hours for a month."):
        assert words in page
    for name in ("charter.yaml", "charter.dsse.json", "cutoff-2.yaml", "cutoff-2.dsse.json"):
        same = (tmp_path / "handed/derivations" / name).read_bytes()
        assert same == (derived / f"derivations/{name}").read_bytes()
    assert run("handoff", RELEASE, "--out", "handed")[0] == ExitCode.USAGE, "a package is never overwritten"


def test_an_incomplete_handoff_is_not_written(run: Run, derived: DerivedPack, tmp_path: Path) -> None:
    code, out, _err = run("handoff", RELEASE, "--out", "handed", "--format", "json")
    assert code == ExitCode.FINDINGS
    found = [item for pack in json.loads(out)["packs"] for item in pack["findings"]] + json.loads(out)["findings"]
    assert {item["rule"] for item in found} == {"DRV025"}
    assert len(found) == 4, "a pending value, and three values that were not derived again"
    assert not (tmp_path / "handed").exists()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("charter", {"state": "locked", "locker": "eve", "locked_at": "2026-02-23T08:00:00Z"}),
        ("cutoff-2", {"reviewer": "ada"}),
    ],
)
def test_a_refused_pack_is_not_handed_over(
    run: Run, derived: DerivedPack, tmp_path: Path, name: str, fields: dict[str, Any]
) -> None:
    complete(run, derived)
    derived.edit(name, **fields).sealed()
    assert run("handoff", RELEASE, "--out", "handed")[0] == ExitCode.FINDINGS
    assert not (tmp_path / "handed").exists()


def test_handoff_without_the_risk_owners_word(run: Run, tmp_path: Path) -> None:
    first, second = derived_instance(tmp_path)
    shutil.rmtree(second.folder)
    fields = {"cost_tier": "B", "lockability": "lockable", "lockability_reason": "Two readers were timed on ten days."}
    first.edit("answer-cost-1", **fields)
    first.charter_value("answer-cost", cost_tier="B", lockability="lockable")
    for ending in ("yaml", "dsse.json"):
        first.remove(f"derivations/NOTE-answer-cost-note.{ending}")
    complete(run, first)
    code, out, _err = run("handoff", RELEASE, "--out", "handed")
    assert code == ExitCode.FINDINGS
    assert "no risk owner's note" in out
