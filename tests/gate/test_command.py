"""`proofpress gate` and `proofpress compare` on packs in folders: codes, forms of output, receipts, and cheating."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pack_builder import EVAL, PackBuilder
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.ingest.strict import parse_yaml
from proofpress.schemas import schemas
from registering import register

ROOT = Path(__file__).parents[2]
FIRST, SECOND = "digits-v0.1.0-tiny-r1", "digits-v0.2.0-tiny-r1"
AT = "2026-06-01T12:00:00Z"
POLICY = """schema_version: "1.1.0"
gates:
  digits:
    thresholds:
      - {metric: accuracy, split: test, op: ">=", value: 0.7, unit: fraction}
    regressions:
      - {metric: accuracy, split: test, absolute: 0.1}
      - {metric: accuracy, split: test, slice: "parity=*", absolute: 0.1}
    required_evidence: [evaluation, model_card]
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in the instance; gives exit code, output and messages."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["-C", str(tmp_path), *argv])
        out, err = capsys.readouterr()
        assert code != ExitCode.INTERNAL, err
        return code, out, err

    return call


class Line:
    """An instance with two releases of a family and a policy."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.first = PackBuilder(root / "packs").with_interface()
        self.second = PackBuilder(root / "packs", release_id=SECOND).with_interface()
        self.second.with_release(SECOND, predecessor=self.first)
        self.policy(POLICY)

    def policy(self, text: str) -> None:
        (self.root / "packs" / "policy.yaml").write_text(text, encoding="utf-8")

    def attestations(self, pack: PackBuilder) -> Path:
        return self.root / "packs" / "attestations" / pack.pack_id.removeprefix("sha256:")


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def gate(run: Run, *argv: str) -> tuple[int, dict[str, Any]]:
    """Exit code and receipt, which obeys its schema."""
    code, out, err = run("gate", *argv, "--at", AT, "--format", "json")
    assert out, err
    receipt = json.loads(out)
    assert list(Draft202012Validator(schemas()["gate"]).iter_errors(receipt)) == []
    return code, receipt


def refused(receipt: dict[str, Any]) -> set[str]:
    """The gates that refuse."""
    return {item["gate"] for item in receipt["decisions"] if item["verdict"] in {"deny", "not decided"}}


def test_a_line_is_judged_from_its_first_release_on(line: Line, run: Run) -> None:
    code, receipt = gate(run, SECOND)
    assert (code, refused(receipt)) == (1, {"GAT010"})
    assert gate(run, FIRST, "--receipt")[0] == 0
    code, receipt = gate(run, SECOND, "--receipt")
    assert (code, receipt["verdict"], receipt["against"]["bundle_id"]) == (0, "PASS", FIRST)
    kept = json.loads((line.attestations(line.second) / "gate.json").read_text("utf-8"))
    assert kept == receipt
    assert run("check")[0] == 0


def test_the_policy_before_may_be_given(line: Line, run: Run) -> None:
    (line.root / "before.yaml").write_text(POLICY, encoding="utf-8")
    assert gate(run, SECOND, "--policy-before", "before.yaml")[0] == 0
    line.policy(POLICY.replace("absolute: 0.1}", "absolute: 0.9}"))
    code, receipt = gate(run, SECOND, "--policy-before", "before.yaml")
    assert (code, refused(receipt)) == (1, {"GAT010"})
    assert refused(gate(run, SECOND, "--policy-before", "missing.yaml")[1]) == {"GAT010"}


def test_a_loosened_policy_is_seen_against_the_receipt(line: Line, run: Run) -> None:
    gate(run, FIRST, "--receipt")
    line.policy(POLICY.replace("value: 0.7", "value: 0.1"))
    assert refused(gate(run, SECOND)[1]) == {"GAT010"}


@pytest.mark.parametrize("format_", ["text", "sarif", "junit", "github", "markdown"])
def test_forms_of_output(line: Line, run: Run, format_: str) -> None:
    code, out, _err = run("gate", SECOND, "--at", AT, "--format", format_)
    assert code == 1
    assert "GAT010" in out
    if format_ == "sarif":
        assert {item["ruleId"] for item in json.loads(out)["runs"][0]["results"]} >= {"GAT010"}
    if format_ == "junit":
        cases = ET.fromstring(out).iter("testcase")  # noqa: S314 - made here
        assert "GAT010" in {case.get("name") for case in cases if case.find("failure") is not None}
    if format_ == "markdown":
        assert out.startswith("<!-- proofpress:gate:digits -->\n## Gates: FAIL\n")
        assert "| not decided | GAT010" in out
    if format_ == "text":
        assert out.splitlines()[-1].startswith(f"FAIL {SECOND} against {FIRST}: 0 denied, 1 not decided")
    if format_ == "github":
        assert out.startswith("::error file=packs/policy.yaml")


def test_without_gates_nothing_is_checked(line: Line, run: Run) -> None:
    line.policy('schema_version: "1.1.0"\n')
    assert run("gate", SECOND, "--at", AT)[0] == ExitCode.NOTHING_CHECKED
    line.policy('schema_version: "1.1.0"\ngates: {"*": {}}\n')
    assert run("gate", FIRST, "--at", AT)[0] == 0


@pytest.mark.parametrize(
    "text",
    [
        POLICY + "waivers: [{gate: GAT005, subject: accuracy@test, owner: me, expires: 2026-12-01, family: digits}]\n",
        POLICY.replace("absolute: 0.1", "absolut: 0.1"),
        POLICY.replace("absolute: 0.1", "absolute: -0.1"),
        POLICY.replace(", absolute: 0.1", ""),
        POLICY + "waivers: [{gate: GAT005, subject: a, owner: me, reason: r, expires: 2026-12-01}]\n",
    ],
)
def test_a_policy_that_is_not_understood_judges_nothing(line: Line, run: Run, text: str) -> None:
    line.policy(text)
    code, out, err = run("gate", SECOND, "--at", AT)
    assert (code, out) == (1, "")
    assert "packs/policy.yaml" in err


def test_a_time_that_is_none_is_refused(line: Line, run: Run) -> None:
    assert run("gate", SECOND, "--at", "yesterday")[0] == ExitCode.USAGE


def test_a_predecessor_that_is_gone_or_another_is_refused(line: Line, run: Run) -> None:
    gate(run, FIRST, "--receipt")
    line.second.corrupt("release.json", "/predecessor/pack_id", "sha256:" + "0" * 64).reseal()
    assert "GAT001" in refused(gate(run, SECOND)[1])
    line.second.corrupt("release.json", "/predecessor", None).reseal()
    assert refused(gate(run, SECOND)[1]) >= {"GAT001"}
    line.second.with_release(SECOND, predecessor=line.first)
    (line.first / EVAL).unlink()
    assert "GAT001" in refused(gate(run, SECOND)[1])


def test_a_predecessor_that_can_not_be_read_is_refused_without_telling_where_it_lies(line: Line, run: Run) -> None:
    shutil.rmtree(line.first.folder)
    line.first.folder.with_name(f"{FIRST}.zip").write_bytes(b"no archive")
    code, receipt = gate(run, SECOND, "--receipt")
    assert (code, "GAT001" in refused(receipt)) == (1, True)
    assert str(line.root) not in json.dumps(receipt)


def test_a_release_between_is_not_skipped(line: Line, run: Run) -> None:
    third = PackBuilder(line.root / "packs", release_id="digits-v0.3.0-tiny-r1").with_interface()
    third.with_release("digits-v0.3.0-tiny-r1", predecessor=line.first)
    gate(run, FIRST, "--receipt")
    assert refused(gate(run, "digits-v0.3.0-tiny-r1")[1]) == {"GAT001"}
    assert "GAT001" not in refused(gate(run, "digits-v0.3.0-tiny-r1", "--against", SECOND)[1])


def test_a_forged_comparison_is_refused(line: Line, run: Run) -> None:
    gate(run, FIRST, "--receipt")
    run("compare", SECOND, "--record")
    (path,) = line.attestations(line.second).glob("comparison-*.json")
    assert gate(run, SECOND)[0] == 0
    record = json.loads(path.read_text("utf-8"))
    path.write_text(dump_json({**record, "correction": "none needed"}), encoding="utf-8")
    assert refused(gate(run, SECOND)[1]) == {"GAT002"}
    path.write_text("{}", encoding="utf-8")
    assert refused(gate(run, SECOND)[1]) == {"GAT002"}
    assert run("diff", FIRST, SECOND)[0] == ExitCode.UNREADABLE


def test_a_receipt_of_another_pack_is_no_receipt(line: Line, run: Run) -> None:
    gate(run, FIRST, "--receipt")
    gate(run, SECOND, "--receipt")
    stolen = (line.attestations(line.second) / "gate.json").read_bytes()
    (line.attestations(line.first) / "gate.json").write_bytes(stolen)
    assert refused(gate(run, SECOND)[1]) == {"GAT010"}


def test_a_run_that_ends_early_leaves_no_receipt(line: Line, run: Run) -> None:
    gate(run, FIRST, "--receipt")
    path = line.attestations(line.first) / "gate.json"
    assert path.is_file()
    line.policy('schema_version: "1.1.0"\n')
    assert run("gate", FIRST, "--at", AT, "--receipt")[0] == ExitCode.NOTHING_CHECKED
    assert not path.exists()


def test_a_registered_release_stays_judged_by_its_policy(line: Line, run: Run) -> None:
    gate(run, FIRST, "--receipt")
    register(line.root, FIRST)
    assert gate(run, FIRST, "--receipt")[0] == 0
    line.policy(POLICY.replace("value: 0.7", "value: 0.1"))
    code, _out, err = run("gate", FIRST, "--at", AT, "--receipt")
    assert (code, "keeps" in err) == (ExitCode.USAGE, True)
    assert (line.attestations(line.first) / "gate.json").is_file()
    assert gate(run, FIRST)[0] == 0


# ── compare ──────────────────────────────────────────────────────────────────────────────────────────


def test_rows_of_few_examples_say_why_they_are_not_tested(line: Line, run: Run) -> None:
    code, out, _err = run("compare", SECOND, "--record")
    assert code == ExitCode.NOTHING_CHECKED
    assert "accuracy@test: not tested, 4 pairs are fewer than the 20 that a test needs" in out
    assert run("compare", FIRST)[0] == ExitCode.USAGE


def test_the_examples_of_the_example_packs_are_tested(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["-C", str(ROOT), "compare", "digits-v0.3.0-mlp64-r1", "--format", "json"]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    found = json.loads(first)
    assert list(Draft202012Validator(schemas()["comparison"]).iter_errors(found)) == []
    accuracy = next(row for row in found["rows"] if row["name"] == "accuracy" and "slice" not in row)
    assert accuracy["n"] == 568
    assert accuracy["ci_low"] < accuracy["difference"] < accuracy["ci_high"]
    assert accuracy["p_value"] <= accuracy["p_adjusted"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == first


def test_a_recorded_test_is_told_by_diff(tmp_path: Path, run: Run) -> None:
    old, new = "digits-v0.2.1-mlp64-r1", "digits-v0.3.0-mlp64-r1"
    for name in ("registry", "profiles", f"digits/{old}", f"digits/{new}"):
        if (ROOT / "packs" / name).is_dir():
            shutil.copytree(ROOT / "packs" / name, tmp_path / "packs" / name)
    before = json.loads(run("diff", old, new, "--format", "json")[1])
    assert run("compare", new, "--record")[0] == 0
    after = json.loads(run("diff", old, new, "--format", "json")[1])
    assert list(Draft202012Validator(schemas()["diff"]).iter_errors(after)) == []
    moved = next(change for change in after["changes"] if change["subject"] == "accuracy@test")
    assert moved["test"]["n"] == 568
    assert "By exact McNemar test" in moved["explanation"]
    assert [change.pop("test", None) for change in before["changes"]] == [None] * len(before["changes"])


def test_the_policy_of_the_guide_is_one() -> None:
    text = (ROOT / "docs" / "guides" / "deciding-on-a-release.md").read_text(encoding="utf-8")
    found = text.partition("```yaml\n")[2].partition("```")[0]
    policy = Policy.model_validate(parse_yaml(found.encode()))
    assert policy.gates_of("digits") is not None
    assert policy.gates_of("clinical") is None
    assert len(policy.waivers) == 1
