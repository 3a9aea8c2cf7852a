"""Ways to cheat a gate. Each is refused by a decision of the gate that sees it, which says why."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from diff.releases import OTHER_KEYS, part, row
from gate.cases import AT, EIGHT, OLD, case, gates, model, promised, refusals, rows, waiver
from gate.test_command import FIRST, POLICY, SECOND, Line, Run, gate, refused
from pack_builder import PackBuilder
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.evidence.gates import Gates, Waiver
from proofpress.evidence.values import Number
from proofpress.gate.gate import GateCase

FALL: Final = {"metric": "accuracy", "split": "test", "absolute": Number("0.01")}
SLICES: Final = {**FALL, "slice": "digit=*"}
REACHED: Final = {"metric": "accuracy", "split": "test", "op": ">=", "value": Number("0.95"), "unit": "fraction"}
BAD: Final = rows("0.900")
BEFORE: Final = "digits-v0.0.1-mlp-r1"


def limited(**fields: Any) -> Gates:
    return gates(**{"regressions": [FALL, SLICES], "thresholds": [REACHED], "least_slice_n": 20, **fields})


def promise(**fields: Any) -> Mapping[str, Any]:
    agreed = hashlib.sha256(AGREED).hexdigest()
    plain = {"path": "packs/agreed.yaml", "sha256": agreed, "recorded_at": "2026-02-01T00:00:00Z", "owner": "owner"}
    return {**plain, **fields}


AGREED: Final = (
    b'schema_version: "1.0.0"\nthresholds:\n'
    b'  - {metric: accuracy, split: test, op: ">=", value: 0.95, unit: fraction}\n'
)


def itself(made: GateCase) -> GateCase:
    return replace(made, old=made.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheat:
    """What was done, which gate refuses it, and what it says."""

    made: Callable[[], GateCase]
    gate: str
    why: str
    waivers: tuple[Waiver, ...] = ()
    at: str = AT


CHEATS: Final[Mapping[str, Cheat]] = {
    "the baseline is missing": Cheat(
        made=lambda: replace(case(policy=limited()), old=None, missing="no pack has this pack_id"),
        gate="GAT001",
        why="no pack has this pack_id",
    ),
    "no predecessor is named": Cheat(
        made=lambda: replace(case(policy=limited(), new_fields={"predecessor": None}), old=None),
        gate="GAT001",
        why="this one has to name its predecessor",
    ),
    "a bad release between the two is skipped": Cheat(
        made=lambda: replace(case(policy=limited()), earlier=(OLD, "digits-v0.1.5-mlp-r1")),
        gate="GAT001",
        why="a regression against it would stay unseen",
    ),
    "the baseline is a release that was rejected": Cheat(
        made=lambda: replace(case(policy=limited()), earlier=(BEFORE, OLD), rejected=frozenset({OLD})),
        gate="GAT001",
        why="it was rejected, so nobody uses it",
    ),
    "the release is compared with itself": Cheat(
        made=lambda: itself(case(policy=limited())),
        gate="GAT001",
        why="compared with itself shows nothing",
    ),
    "a slice vanished": Cheat(
        made=lambda: case(new=[row()], policy=limited()),
        gate="GAT005",
        why="the release no longer does",
    ),
    "a slice was renamed": Cheat(
        made=lambda: case(new=[row(), {**rows(eight="0.60")[1], "slice": part("digit", "eight")}], policy=limited()),
        gate="GAT005",
        why="the release no longer does",
    ),
    "a slice that nobody limits vanished": Cheat(
        made=lambda: case(new=[row()], policy=gates()), gate="GAT007", why="is no longer reported"
    ),
    "a metric was renamed": Cheat(
        made=lambda: case(new=[row("accuracy_v2", "0.90"), rows()[1]], policy=limited()),
        gate="GAT005",
        why="the release no longer does",
    ),
    "the unit was changed": Cheat(
        made=lambda: case(new=[row(value="97.0", unit="percent"), rows()[1]], policy=limited()),
        gate="GAT005",
        why="the unit flipped",
    ),
    "percent are passed for a fraction": Cheat(
        made=lambda: case(new=[row(value="97.0"), rows()[1]], policy=limited()),
        gate="GAT003",
        why="it looks like percent",
    ),
    "the direction was turned": Cheat(
        made=lambda: case(new=rows("0.900", higher_is_better=False), policy=limited()),
        gate="GAT005",
        why="the direction differs",
    ),
    "other examples were evaluated": Cheat(
        made=lambda: case(new=rows("0.990", evaluated_keys_sha256=OTHER_KEYS), policy=limited()),
        gate="GAT005",
        why="the evaluated examples differ",
    ),
    "fewer examples were evaluated": Cheat(
        made=lambda: case(new=rows("0.990", n=300), policy=limited()),
        gate="GAT005",
        why="the number of examples differs",
    ),
    "a slice was made too small to be judged": Cheat(
        made=lambda: case(
            new=[row(), row(value="0.50", slice=EIGHT, n=19, evaluated_keys_sha256=OTHER_KEYS)], policy=limited()
        ),
        gate="GAT006",
        why="it held 40 before",
    ),
    "the value is said to be absent": Cheat(
        made=lambda: case(
            new=[row(value=None, absent={"code": "WITHHELD", "reason": "Secret."}), rows()[1]], policy=limited()
        ),
        gate="GAT003",
        why="the value is absent (WITHHELD",
    ),
    "the row stands twice, once with a good value": Cheat(
        made=lambda: case(new=[*rows("0.900"), row(value="0.990")], policy=limited()),
        gate="GAT005",
        why="the row stands more than once",
    ),
    "the release lowers its own target": Cheat(
        made=lambda: case(
            rows(target={"op": ">=", "value": Number("0.96")}), rows(target={"op": ">=", "value": Number("0.50")})
        ),
        gate="GAT007",
        why="target",
    ),
    "the waiver has expired": Cheat(
        made=lambda: case(new=BAD, policy=gates(regressions=[FALL])),
        waivers=(waiver(expires="2026-05-31"),),
        gate="GAT005",
        why="beyond the limit",
    ),
    "an expired waiver is left standing": Cheat(
        made=lambda: case(new=BAD, policy=gates(regressions=[FALL])),
        waivers=(waiver(expires="2026-05-31"),),
        gate="GAT016",
        why="it expired on 2026-05-31",
    ),
    "the waiver is for another pack": Cheat(
        made=lambda: case(new=BAD, policy=gates(regressions=[FALL])),
        waivers=(waiver(family=None, pack="sha256:" + "0" * 64),),
        gate="GAT005",
        why="beyond the limit",
    ),
    "the waiver is for another subject": Cheat(
        made=lambda: case(new=BAD, policy=gates(regressions=[FALL])),
        waivers=(waiver(subject="accuracy@*"),),
        gate="GAT005",
        why="beyond the limit",
    ),
    "the waiver waives the waivers' own gate": Cheat(
        made=lambda: case(policy=gates()),
        waivers=(waiver(gate="GAT016", subject="anything"),),
        gate="GAT016",
        why="no gate that can be waived",
    ),
    "the judgement is dated back to when a waiver was in force": Cheat(
        made=lambda: case(new=BAD, policy=gates(regressions=[FALL])),
        waivers=(waiver(expires="2025-12-31"),),
        at="2025-12-30T00:00:00Z",
        gate="GAT016",
        why="by a day on which the release had not been evaluated",
    ),
    "the policy misspells what it limits": Cheat(
        made=lambda: case(new=BAD, policy=gates(regressions=[{**FALL, "metric": "acuracy"}])),
        gate="GAT005",
        why="no row of the baseline has this metric",
    ),
    "the policy was loosened, and allows that": Cheat(
        made=lambda: replace(
            case(new=BAD, policy=gates(regressions=[{**FALL, "absolute": Number("0.5")}], changes={"POL-*": "allow"})),
            before=gates(regressions=[FALL]),
        ),
        gate="GAT010",
        why="was loosened",
    ),
    "the gate was removed": Cheat(
        made=lambda: replace(case(new=BAD, policy=gates()), before=gates(regressions=[FALL])),
        gate="GAT010",
        why="was loosened, from 0.01 absolute",
    ),
    "the baseline was never judged": Cheat(
        made=lambda: replace(case(policy=limited()), before=None), gate="GAT010", why="the baseline has no receipt"
    ),
    "agreed thresholds were edited": Cheat(
        made=lambda: replace(
            case(policy=gates(preregistered=promise())), preregistered=AGREED.replace(b"0.95", b"0.10")
        ),
        gate="GAT009",
        why="is not the file that was recorded",
    ),
    "agreed thresholds were recorded after the run": Cheat(
        made=lambda: replace(
            case(policy=gates(preregistered=promise(recorded_at="2026-03-02T00:00:00Z"))), preregistered=AGREED
        ),
        gate="GAT009",
        why="when the run had begun",
    ),
    "a score moves in a PATCH": Cheat(
        made=lambda: case(rows("0.970"), rows("0.980"), ids=(OLD, "digits-v0.1.1-mlp-r1")),
        gate="GAT013",
        why="the score moved on the same 360 examples",
    ),
    "a name of the interface is taken away in a MINOR": Cheat(
        made=lambda: case(new_fields={"evidence": {"interface": promised(outputs=[])}}),
        gate="GAT014",
        why="a MINOR may not do that",
    ),
    "a name of the interface is taken away in a revision": Cheat(
        made=lambda: case(
            new_fields={"evidence": {"interface": promised(outputs=[])}}, ids=(OLD, OLD.replace("-r1", "-r2"))
        ),
        gate="GAT012",
        why="a revision may not do that",
    ),
    "the interface is not told": Cheat(
        made=lambda: case(new_fields={"evidence": {"interface": None}}),
        gate="GAT014",
        why="nobody knows what its users rely on",
    ),
    "the model was trained again under the same name": Cheat(
        made=lambda: replace(
            case(new_fields={"bundle": 2, "evidence": {"model": model(model_id="sha256:" + "2" * 64)}}, ids=(OLD, OLD)),
            earlier=(OLD,),
        ),
        gate="GAT012",
        why="trained again under the same version",
    ),
    "the release does not tell its changes": Cheat(
        made=lambda: case(new_fields={"changelog": {}}), gate="GAT011", why="no section of the changelog has an entry"
    ),
    "required evidence was left out": Cheat(
        made=lambda: case(policy=gates(required_evidence=["efficiency"])), gate="GAT008", why="the policy requires it"
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_refused_and_told(name: str) -> None:
    cheat = CHEATS[name]
    found = refusals(cheat.made(), *cheat.waivers, at=cheat.at)
    assert [item for item in found if item.gate == cheat.gate and cheat.why in item.why], found


def test_what_was_cheated_with_passes_without_the_cheat() -> None:
    policy = limited(preregistered=promise(), required_evidence=["model", "evaluation"])
    assert refusals(replace(case(policy=policy), preregistered=AGREED)) == []


# ── on disk ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in the instance; gives exit code, output and messages."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["-C", str(tmp_path), *argv])
        assert code != ExitCode.INTERNAL
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def line(tmp_path: Path, run: Run) -> Line:
    """Two releases; the first was judged, and the second passes."""
    made = Line(tmp_path)
    assert gate(run, FIRST, "--receipt")[0] == 0
    assert gate(run, SECOND)[0] == 0
    return made


def edited(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def why_not(run: Run) -> str:
    """Why the gate on the policy refuses the second release."""
    code, receipt = gate(run, SECOND)
    assert (code, refused(receipt)) == (1, {"GAT010"})
    return next(item["why"] for item in receipt["decisions"] if item["gate"] == "GAT010")


def test_the_receipt_of_another_pack(line: Line, run: Run) -> None:
    gate(run, SECOND, "--receipt")
    shutil.copy(line.attestations(line.second) / "gate.json", line.attestations(line.first))
    assert "it is the receipt of another pack" in why_not(run)


def test_the_gates_of_a_receipt_are_loosened(line: Line, run: Run) -> None:
    receipt = line.attestations(line.first) / "gate.json"
    edited(receipt, lambda it: it["policy"]["gates"]["thresholds"][0].update(value=0.1))
    assert "its gates are not those of its policy" in why_not(run)


def test_the_policy_beside_a_receipt_is_loosened(line: Line, run: Run) -> None:
    policy = line.attestations(line.first) / "policy.yaml"
    policy.write_text(POLICY.replace("value: 0.7", "value: 0.1"), encoding="utf-8")
    assert "it is not the policy of the receipt" in why_not(run)


def test_the_policy_beside_a_receipt_is_gone(line: Line, run: Run) -> None:
    (line.attestations(line.first) / "policy.yaml").unlink()
    assert "policy.yaml" in why_not(run)


def test_the_verdict_of_a_receipt_is_turned(line: Line, run: Run) -> None:
    line.policy(POLICY.replace("value: 0.7", "value: 0.99"))
    assert gate(run, FIRST, "--receipt")[0] == 1
    edited(line.attestations(line.first) / "gate.json", lambda it: it.update(verdict="PASS"))
    line.policy(POLICY)
    assert "a verdict that follows from the decisions is expected" in why_not(run)


def test_an_easier_baseline_is_named_on_the_command_line(line: Line, run: Run) -> None:
    third = PackBuilder(line.root / "packs", release_id="digits-v0.3.0-tiny-r1").with_interface()
    third.with_release("digits-v0.3.0-tiny-r1", predecessor=line.second)
    code, receipt = gate(run, "digits-v0.3.0-tiny-r1", "--against", FIRST)
    assert (code, refused(receipt)) == (1, {"GAT001"})
    assert f"{SECOND} is the newest usable release before this one" in receipt["decisions"][0]["why"]


def test_the_recorded_comparison_is_prettier_than_the_packs(line: Line, run: Run) -> None:
    run("compare", SECOND, "--record")
    (record,) = line.attestations(line.second).glob("comparison-*.json")
    edited(record, lambda it: it.update(level=0.5))
    code, receipt = gate(run, SECOND)
    assert (code, refused(receipt)) == (1, {"GAT002"})


def test_one_number_of_the_release_is_better_than_it_was(line: Line, run: Run) -> None:
    line.second.corrupt("model/eval_metrics.json", "/rows/0/value", 1)
    code, out, err = run("gate", SECOND, "--at", AT)
    assert (code, out) == (ExitCode.USAGE, "")
    assert "verify" in err
