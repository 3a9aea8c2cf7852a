"""The registry's commands on an instance with one small pack."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_builder import PackBuilder
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.signing.keys import write_key
from registering import AT, begin, key_of, move, passed, register, registry_policy

Run = Callable[..., tuple[int, str, str]]
SCOPE = ("--scope", "environment=prod,family=digits")


@pytest.fixture
def run(pack: PackBuilder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    for name in ("owner", "log", "thief"):
        write_key(tmp_path / f"{name}.pem", key_of(name))

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["-C", str(tmp_path), *words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def by(tmp_path: Path, key: str = "owner", at: str = AT) -> tuple[str, ...]:
    return ("--by", "owner", "--key", str(tmp_path / f"{key}.pem"), "--at", at)


def error(out: str) -> tuple[str, str]:
    answer = json.loads(out)
    assert answer["schema"] == "proofpress.registry-error/1"
    return answer["category"], answer["rule"]


def test_from_a_pack_to_the_active_release(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    begin(tmp_path)
    passed(tmp_path, pack.release_id)
    log_key = ("--log-key", str(tmp_path / "log.pem"), "--at", AT)
    code, out, _err = run("registry", "submit", pack.release_id, *by(tmp_path), "--format", "json")
    answer = json.loads(out)
    assert (code, answer["status"], answer["pack_id"]) == (0, "ACCEPTED", pack.pack_id)
    assert (tmp_path / answer["request"]).is_file()
    assert run("registry", "submit", pack.release_id, *by(tmp_path))[1].endswith("DUPLICATE, nothing was written\n")
    # a branch files all of its requests before any is sequenced
    for kind in ("candidate", "approved"):
        assert run("registry", "request", kind, pack.release_id, *by(tmp_path))[0] == 0
    words = ("registry", "request", "activated", pack.release_id, *by(tmp_path))
    assert run(*words, *SCOPE)[0] == 0
    code, out, _err = run("registry", "sequence", *log_key, "--format", "json")
    placed = json.loads(out)
    assert (code, [each["kind"] for each in placed["placed"]]) == (
        0,
        ["registered", "candidate", "approved", "activated"],
    )
    assert "so already, nothing written" in run(*words, *SCOPE)[1]
    assert run("registry", "sequence", *log_key)[1] == "nothing was placed\n"
    assert run("registry", "verify")[0] == 0
    code, out, _err = run("resolve", *SCOPE, "--format", "json")
    assert json.loads(out)["active"]["bundle_id"] == pack.release_id
    assert "active in environment=prod, family=digits" in run("registry", "log")[1]
    assert run("check")[0] == 0


@pytest.mark.parametrize(
    ("words", "category", "rule", "code"),
    [
        (("request", "approved", "NAME"), "illegal_move", "REG008", 1),
        (("request", "candidate", "digits-v9.0.0-x-r1"), "unknown_bundle", "", 2),
        (("request", "activated", "NAME", "--scope", "environment=prod"), "illegal_move", "REG008", 1),
        (("request", "rejected", "NAME"), "invalid_payload", "", 2),
        (("request", "yanked", "NAME", "--reason", "x", "--upgrade-path", "NAME"), "illegal_move", "REG012", 1),
        (("request", "candidate", "NAME", "KEY"), "auth", "REG014", 1),
    ],
)
def test_a_refusal_is_typed_and_writes_nothing(
    words: tuple[str, ...], category: str, rule: str, code: int, pack: PackBuilder, run: Run, tmp_path: Path
) -> None:
    register(tmp_path, pack.release_id)
    key = "thief" if "KEY" in words else "owner"
    said = [word.replace("NAME", pack.release_id) for word in words if word != "KEY"]
    found, out, _err = run("registry", *said, *by(tmp_path, key), "--format", "json")
    assert (found, error(out)) == (code, (category, rule))
    assert not list((tmp_path / "packs/registry/requests").iterdir())


def test_only_a_passing_receipt_of_this_pack_lets_it_in(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    begin(tmp_path)
    submit = ("registry", "submit", pack.release_id, *by(tmp_path), "--format", "json")
    code, out, _err = run(*submit)
    assert (code, error(out)) == (1, ("gate_not_pass", "REG017"))
    passed(tmp_path, pack.release_id, "FAIL")
    assert error(run(*submit)[1]) == ("gate_not_pass", "REG017")
    code, out, _err = run(*submit, "--refusal", "--reason", "Below its target.")
    assert (code, json.loads(out)["status"]) == (0, "ACCEPTED")
    assert run("registry", "sequence", "--log-key", str(tmp_path / "log.pem"), "--at", AT)[0] == 0
    assert "refused by owner (owner), now REJECTED" in run("registry", "log")[1]


def test_other_bytes_under_a_registered_name_are_a_conflict(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    register(tmp_path, pack.release_id)
    pack.corrupt("release.json", "/keywords", ["new"]).reseal()
    passed(tmp_path, pack.release_id)
    code, out, _err = run("registry", "submit", pack.release_id, *by(tmp_path), "--format", "json")
    assert (code, error(out)) == (1, ("conflict", "REG007"))


def test_a_rehearsal_is_refused(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    begin(tmp_path)
    pack.corrupt("model/eval_metrics.json", "/fixture", True).reseal()
    passed(tmp_path, pack.release_id)
    code, out, _err = run("registry", "submit", pack.release_id, *by(tmp_path), "--format", "json")
    assert (code, error(out)) == (1, ("illegal_move", "REG011"))


def test_a_sequencer_believes_no_claim(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    begin(tmp_path)
    passed(tmp_path, pack.release_id)
    run("registry", "submit", pack.release_id, *by(tmp_path))
    sequence = ("registry", "sequence", "--log-key", str(tmp_path / "log.pem"), "--at", AT)
    kept = next((tmp_path / "packs/registry/receipts").iterdir())
    receipt = kept.read_bytes()
    kept.write_bytes(receipt + b"\n")
    code, out, _err = run(*sequence)
    assert (code, "REG017" in out) == (1, True)
    kept.write_bytes(receipt)
    pack.corrupt("release.json", "/keywords", ["new"]).reseal()
    code, out, _err = run(*sequence)
    assert (code, "REG013" in out) == (1, True)


def test_a_threshold_is_reached_by_cosigning(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    text = registry_policy().replace("approved: {roles: [owner]}", "approved: {roles: [owner], threshold: 2}")
    text = text.replace("roles:\n  owner: {keys: [owner]}", "roles:\n  owner: {keys: [owner, second]}")
    text = text.replace("keys:\n", f'keys:\n  second: {{key: "{key_of("second").public}"}}\n', 1)
    (tmp_path / "packs/policy.yaml").write_text('schema_version: "1.2.0"\n' + text, encoding="utf-8")
    write_key(tmp_path / "second.pem", key_of("second"))
    register(tmp_path, pack.release_id)
    move(tmp_path, "candidate", pack.release_id)
    code, out, _err = run("registry", "request", "approved", pack.release_id, *by(tmp_path))
    assert (code, "1 more of the role's keys must sign it" in out) == (0, True)
    sequence = ("registry", "sequence", "--log-key", str(tmp_path / "log.pem"), "--at", AT)
    assert run(*sequence)[0] == 1
    waiting = next((tmp_path / "packs/registry/requests").iterdir()).relative_to(tmp_path).as_posix()
    assert run("registry", "cosign", waiting, "--key", str(tmp_path / "owner.pem"))[1].endswith("signed by 1 keys\n")
    assert run("registry", "cosign", waiting, "--key", str(tmp_path / "second.pem"))[1].endswith("signed by 2 keys\n")
    assert run(*sequence)[0] == 0
    assert "approved by owner (owner, second)" in run("registry", "log")[1]


def git(folder: Path, *words: str) -> None:
    identity = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(("git", *words), cwd=folder, check=True, capture_output=True, env={**os.environ, **identity})


def test_the_base_branchs_log_is_a_prefix(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    begin(tmp_path)
    git(tmp_path, "add", "packs/registry")
    git(tmp_path, "commit", "-q", "-m", "one")
    register(tmp_path, pack.release_id)
    assert run("registry", "verify", "--base", "HEAD")[0] == 0
    pinned = tmp_path / "pinned"
    pinned.write_bytes((tmp_path / "packs/registry/log/checkpoint").read_bytes())
    git(tmp_path, "add", "packs/registry")
    git(tmp_path, "commit", "-q", "-m", "two")
    git(tmp_path, "checkout", "-q", "HEAD~1", "--", "packs/registry/log/checkpoint")
    for where in (("--base", "HEAD"), ("--checkpoint", str(pinned))):
        code, out, _err = run("registry", "verify", *where, "--format", "json")
        findings: list[dict[str, Any]] = json.loads(out)["findings"]
        assert (code, "REG021" in {finding["rule"] for finding in findings}) == (1, True)
    assert run("registry", "verify", "--base", "no-such-branch")[0] == ExitCode.UNREADABLE


def test_a_policy_that_nobody_adopted_is_a_warning(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    begin(tmp_path)
    policy = tmp_path / "packs/policy.yaml"
    policy.write_text(policy.read_text() + "# changed\n", encoding="utf-8")
    code, out, _err = run("registry", "verify")
    assert (code, "REG022" in out) == (0, True)
    assert run("registry", "adopt", *by(tmp_path))[0] == 0
    assert "REG022" not in run("registry", "verify")[1]


def test_an_empty_registry_was_not_checked(pack: PackBuilder, run: Run) -> None:
    assert run("registry", "verify")[0] == ExitCode.NOTHING_CHECKED
    assert run("resolve", *SCOPE)[0] == ExitCode.USAGE


def test_statements_are_signed_by_those_who_may(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    register(tmp_path, pack.release_id)
    for kind in ("candidate", "approved"):
        move(tmp_path, kind, pack.release_id)
    move(tmp_path, "activated", pack.release_id, scope={"environment": "prod", "family": "digits"})
    words = ("registry", "refresh", "--at", AT, "--by", "owner", "--key")
    code, out, _err = run(*words, str(tmp_path / "thief.pem"), "--format", "json")
    assert (code, error(out)) == (1, ("auth", "REG014"))
    assert run(*words, str(tmp_path / "owner.pem"))[0] == 0
    trust = tmp_path / "trust"
    trust.write_text(f"owner {key_of('owner').public}\n")
    source = ("--from", str(tmp_path / "packs/registry/statements"), "--trust", str(trust), "--clock", AT)
    code, out, _err = run("resolve", *SCOPE, *source, "--at", AT)
    assert (code, out.partition(" ")[0]) == (0, pack.release_id)
    assert run("resolve", *SCOPE, "--from", str(tmp_path))[0] == ExitCode.USAGE


def test_a_batch_receipt_of_a_yanked_model_still_checks(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    receipt = f"packs/digits/{pack.release_id}/demo/batch_receipt_report.json"
    code, out, _err = run("verify-receipt", receipt, "--format", "json")
    assert (code, json.loads(out)["warnings"]) == (0, [])
    register(tmp_path, pack.release_id)
    move(tmp_path, "yanked", pack.release_id, reason="Leak.")
    code, out, _err = run("verify-receipt", receipt, "--format", "json")
    answer = json.loads(out)
    assert (code, answer["ok"], answer["warnings"]) == (0, True, ["model_yanked"])
    assert "warning: model_yanked" in run("verify-receipt", receipt)[1]
    answers = tmp_path / f"packs/digits/{pack.release_id}/demo/answers.jsonl"
    answers.write_bytes(answers.read_bytes().replace(b"odd", b"off"))
    code, out, _err = run("verify-receipt", receipt, "--format", "json")
    assert (code, json.loads(out)["ok"]) == (1, False)
    assert run("verify-receipt", "none.json")[0] == ExitCode.UNREADABLE
    code, _out, err = run(
        "verify-receipt", str(Path(__file__).parents[2] / "packs/registry/statements/revocations.json")
    )
    assert code == ExitCode.UNREADABLE
    assert "revocations.json: not the batch receipts of a demo" in err
