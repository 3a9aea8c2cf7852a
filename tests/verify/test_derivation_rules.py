"""Derivations: the whole pack passes, and each rule refuses one minimal failing case, with every signature in place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from derived_pack import (
    COMMIT,
    INPUT,
    KEYS,
    MEASURED,
    PLAN_FILE,
    POLICY,
    TARGET,
    DerivedPack,
    charter_fields,
    envelope,
)
from pack_builder import RELEASE, PackBuilder
from proofpress.evidence.derivation import envelope_of
from proofpress.evidence.policy import Policy
from proofpress.evidence.values import Number
from proofpress.evidence.yamltext import dump_yaml
from proofpress.pack.derivation import sign_record, write_charter
from proofpress.pack.writer import produced
from proofpress.verify.book import PACK_RULES

RULES = {rule.id for rule in PACK_RULES if rule.id.startswith("DRV")}
CUTOFF = "derivations/cutoff-2.yaml"
WAITING = {"code": "WAITING", "reason": "The timing is not done."}
Change = Callable[[DerivedPack], object]


def gone(pack: DerivedPack, value: str) -> list[object]:
    """The charter's values without one."""
    return [item for item in pack.yaml("charter")["values"] if item["id"] != value]


def seal(pack: DerivedPack, **fields: object) -> None:
    """Replace fields of the cutoff's seal, and bind the derivation to the new one."""
    pack.edit("SEAL-cutoff-2-seal", **fields)
    bound = pack.yaml("cutoff-2")["seal"] | {"sha256": digest(pack, "derivations/SEAL-cutoff-2-seal.yaml")}
    pack.edit("cutoff-2", seal=bound)


def digest(pack: DerivedPack, path: str) -> str:
    """The sha256 of a file of the pack."""
    return str(produced(pack.folder, path)["sha256"])


def seal_late(pack: DerivedPack) -> None:
    seal(pack, timestamp="2026-02-20T09:25:00Z")
    bound = pack.yaml("cutoff-2")["seal"] | {"sealed_at": "2026-02-20T09:25:00Z"}
    pack.edit("cutoff-2", seal=bound)


def tier(pack: DerivedPack, value: str, record: str, **fields: object) -> None:
    """Replace fields of a derivation and of its value in the charter alike."""
    pack.edit(record, **fields)
    shared = {name: told for name, told in fields.items() if name in {"cost_tier", "lockability"}}
    pack.charter_value(value, **shared)


def pending(pack: DerivedPack, name: str, /, **why: str) -> None:
    pack.charter_value(
        name,
        status="pending",
        pending={**WAITING, **why},
        record=None,
        value=None,
        lockability="pending",
        cost_tier="n/a",
    )


def ran(pack: DerivedPack, *touched: str) -> None:
    pack.edit("STOP-more-numbers-decided", already_ran=True, touched=list(touched))


def sealed_otherwise(pack: DerivedPack) -> None:
    seal(pack, parameters={"name": "cutoff", "margin": Number("0.1")})
    pack.edit("cutoff-2", parameters={"name": "cutoff", "margin": Number("0.1")})


def both_sealed_before(pack: DerivedPack) -> None:
    """Another tolerance, sealed before any outcome, is taken once the outcome of the first was seen."""
    early = "2026-02-20T07:30:00Z"
    wide = {"kind": "relative", "value": Number("0.5")}
    seal(pack, timestamp=early, tolerance=wide)
    bound = pack.yaml("cutoff-2")["seal"] | {"sealed_at": early}
    pack.edit("cutoff-2", seal=bound, tolerance=wide)
    pack.charter_value("cutoff", tolerance=wide)


def another_command(pack: DerivedPack) -> None:
    command = [*pack.yaml("cutoff-2")["command"], "--margin=0.1"]
    seal(pack, command=command)
    pack.edit("cutoff-2", command=command)


def launders(pack: DerivedPack) -> None:
    """A value is read from the artifact of a tier C one, and says nothing of it."""
    read = {**produced(pack.folder, "derivations/results/answer-cost-1.json"), "version": "1"}
    pack.edit("words-1", inputs=[*pack.yaml("words-1")["inputs"], read])


def narrowed_stop(pack: DerivedPack) -> None:
    """The operator decides on one of two stopped values, and the other is free as well."""
    pack.edit("STOP-more-numbers", values=["cutoff", "words"])


def goal_moved_by_a_later_record(pack: DerivedPack) -> None:
    lower = [{**TARGET, "value": Number("0.6")}]
    first = pack.yaml("INFEASIBLE-cost-data")
    later = {**first, "id": "capacity", "reason": "capacity", "cost_tier": "C", "supersedes": "cost-data"}
    pack.write(
        "derivations/INFEASIBLE-capacity.yaml",
        dump_yaml({**later, "timestamp": "2026-02-21T13:00:00Z", "targets": lower}),
    )
    pack.signed("INFEASIBLE-capacity")
    pack.charter_value("error-cost", record="capacity", cost_tier="C")
    pack.edit("charter", targets=lower)


def equal_values(pack: DerivedPack) -> None:
    pack.charter_value("depth", must_differ=None)
    pack.charter_value("words", must_differ=["cutoff"], units="fraction", value=Number("0.65"))


def reopened(pack: DerivedPack) -> None:
    for ending in ("yaml", "dsse.json"):
        pack.remove(f"derivations/STOP-more-numbers-decided.{ending}")


def only_signed_by_author(pack: DerivedPack) -> None:
    told = [("deriver", "ada"), ("reviewer", "bea")]
    pack.write(envelope_of(CUTOFF), envelope(CUTOFF, digest(pack, CUTOFF), told, "ada", "cyd"))


def tier_value(pack: DerivedPack, value: str) -> None:
    pack.edit("cutoff-2", value=Number(value))
    pack.charter_value("cutoff", value=Number(value))


def seal_rationale(pack: DerivedPack, text: str) -> None:
    seal(pack, rationale=text)
    pack.edit("cutoff-2", rationale=text)


CASES: dict[str, list[tuple[str, Change]]] = {
    "DRV001": [
        ("a value without record", lambda p: p.charter_value("cutoff", record=None)),
        ("a value twice", lambda p: p.edit("charter", values=[*gone(p, "none"), p.yaml("charter")["values"][4]])),
        ("pending without reason", lambda p: p.charter_value("depth", pending=None)),
        ("a required value left out", lambda p: p.edit("charter", values=gone(p, "error-cost"))),
        ("an unknown upstream", lambda p: p.charter_value("depth", depends_on=["height"])),
        ("no charter", lambda p: p.remove("derivations/charter.yaml").remove("derivations/charter.dsse.json")),
    ],
    "DRV002": [
        ("edited value", lambda p: p.charter_value("cutoff", value=Number("0.66"))),
        ("edited tier", lambda p: p.charter_value("answer-cost", cost_tier="B")),
        ("edited tolerance", lambda p: p.charter_value("cutoff", tolerance={"kind": "relative", "value": Number("9")})),
        ("edited units", lambda p: p.charter_value("cutoff", units="percent")),
        ("a number of nothing", lambda p: p.charter_value("error-cost", value=Number("3"))),
        ("a pending number", lambda p: p.charter_value("depth", value=Number("2"))),
        ("hidden dependency", lambda p: p.charter_value("words", depends_on=[])),
    ],
    "DRV003": [
        ("superseded record", lambda p: p.charter_value("cutoff", record="cutoff-1")),
        ("upstream superseded", lambda p: p.edit("words-1", depends_on=["cutoff-1"])),
    ],
    "DRV004": [
        ("tier C made lockable", lambda p: tier(p, "answer-cost", "answer-cost-1", lockability="lockable")),
        ("tier D with a value", lambda p: tier(p, "answer-cost", "answer-cost-1", cost_tier="D")),
        ("no tier", lambda p: tier(p, "answer-cost", "answer-cost-1", cost_tier="n/a")),
        ("a tier without cost", lambda p: tier(p, "cutoff", "cutoff-2", cost_tier="A")),
        ("the cost dropped from the charter", lambda p: p.charter_value("answer-cost", cost=None)),
        ("the cost of an INFEASIBLE dropped", lambda p: p.charter_value("error-cost", cost=None)),
        ("no reason", lambda p: tier(p, "answer-cost", "answer-cost-1", lockability_reason=None)),
        (
            "no risk owner's note",
            lambda p: p.remove("derivations/NOTE-answer-cost-note.yaml").remove(
                "derivations/NOTE-answer-cost-note.dsse.json"
            ),
        ),
        ("tier D for another reason", lambda p: p.edit("INFEASIBLE-cost-data", reason="power")),
        ("derived from a weak value", lambda p: p.edit("words-1", depends_on=["answer-cost-1"])),
        ("a new tier, not judged", lambda p: p.edit("cutoff-1", cost_tier="C", lockability="lockable")),
    ],
    "DRV005": [
        ("locked", lambda p: p.edit("charter", state="locked", locker="eve", locked_at="2026-02-23T08:00:00Z")),
        ("a locker of nothing", lambda p: p.edit("charter", locker="eve")),
    ],
    "DRV006": [("equal values", equal_values)],
    "DRV007": [("an open stop", reopened)],
    "DRV008": [
        ("attested against a stop", lambda p: ran(p, "cutoff-1", "cutoff-2")),
        ("no stop", lambda p: p.edit("charter", attestation={"no_forbidden_run": False, "statement": "It ran once."})),
    ],
    "DRV009": [
        ("a lower target", lambda p: p.edit("charter", targets=[{**TARGET, "value": Number("0.6")}])),
        ("a goal moved by a later record", goal_moved_by_a_later_record),
        ("another metric", lambda p: p.edit("charter", targets=[{**TARGET, "metric": "recall"}])),
        ("no target", lambda p: p.edit("charter", targets=[])),
    ],
    "DRV010": [
        ("pending for another reason", lambda p: pending(p, "depth")),
        ("nobody told", lambda p: p.edit("ROLLBACK-depth-rollback", notified=["none"])),
        ("other values", lambda p: p.edit("ROLLBACK-depth-rollback", values=["depth", "words"])),
    ],
    "DRV011": [
        ("another id", lambda p: p.edit("cutoff-2", id="cutoff-3", sign=False)),
        ("supersedes nothing", lambda p: p.edit("cutoff-2", supersedes="cutoff-0")),
        ("supersedes a younger one", lambda p: p.edit("cutoff-2", timestamp="2026-02-20T08:10:00Z")),
        ("a stop lifted by half a decision", narrowed_stop),
        ("supersedes another value", lambda p: p.edit("cutoff-2", supersedes="depth-1")),
    ],
    "DRV012": [
        ("unsigned", lambda p: p.remove(envelope_of(CUTOFF))),
        ("edited after signing", lambda p: p.edit("cutoff-2", notes=["Corrected."], sign=False)),
        (
            "the signature of another record",
            lambda p: p.write(envelope_of(CUTOFF), (p / "derivations/cutoff-1.dsse.json").read_bytes()),
        ),
        (
            "other signers",
            lambda p: p.write(
                envelope_of(CUTOFF), envelope(CUTOFF, digest(p, CUTOFF), [("deriver", "ada")], "ada", "bea")
            ),
        ),
        ("no envelope", lambda p: p.write(envelope_of(CUTOFF), "{}\n")),
        (
            "a signature of nothing",
            lambda p: p.write("derivations/lone.dsse.json", (p / envelope_of(CUTOFF)).read_bytes()),
        ),
    ],
    "DRV013": [
        ("an author without role", lambda p: p.edit("SEAL-depth-1-seal", author="gil")),
        ("an unknown reviewer", only_signed_by_author),
        ("a reviewer who is none", lambda p: p.edit("cutoff-2", reviewer="cyd")),
    ],
    "DRV014": [
        ("reviewed by its author", lambda p: p.edit("cutoff-2", reviewer="ada")),
        ("launched by the deriver", lambda p: p.edit("charter", launcher="ada")),
        ("locked by the deriver", lambda p: p.edit("charter", locker="ada")),
        ("locked and launched by one", lambda p: p.edit("charter", locker="fay")),
        ("launched by nobody's key", lambda p: p.edit("charter", launcher="gil")),
        ("noted by the author", lambda p: p.edit("NOTE-answer-cost-note", author="ada")),
    ],
    "DRV015": [
        ("sealed after the outcome", seal_late),
        ("another rationale", lambda p: p.edit("cutoff-2", rationale="It looked best.")),
        ("a wider tolerance", lambda p: p.edit("cutoff-2", tolerance={"kind": "relative", "value": Number("0.5")})),
        ("another parameter", lambda p: p.edit("cutoff-2", parameters={"name": "cut"})),
        ("another seal", lambda p: p.edit("SEAL-cutoff-2-seal", notes=["Later."])),
    ],
    "DRV016": [
        ("influence without budget", lambda p: seal(p, exploratory={"influenced": True, "sources": ["A first look."]})),
        ("sources without influence", lambda p: seal(p, exploratory={"influenced": False, "sources": ["A look."]})),
        ("another parameter after the outcome was seen", sealed_otherwise),
        ("another tolerance, sealed in advance", both_sealed_before),
        ("another command on the same inputs", another_command),
        (
            "an overspent budget",
            lambda p: seal(
                p,
                exploratory={
                    "influenced": True,
                    "sources": ["A first look at two cutoffs."],
                    "prior_rationale": "Both were named in the plan.",
                    "budget": [{"name": "cutoffs", "spent": Number("3"), "allowed": Number("2")}],
                },
            ),
        ),
    ],
    "DRV017": [
        ("a changed input", lambda p: p.write(INPUT, MEASURED.replace("0.65", "0.66"))),
        ("a changed artifact", lambda p: p.write("derivations/results/cutoff-2.json", '{"value": 0.66}\n')),
        ("another value", lambda p: tier_value(p, "0.66")),
        ("an input that another record wrote", launders),
        ("another pointer", lambda p: p.edit("cutoff-2", pointer="/name")),
    ],
    "DRV018": [
        ("another revision", lambda p: p.edit("charter", plan={**p.yaml("charter")["plan"], "revision": "4"})),
        ("a changed plan", lambda p: p.write(PLAN_FILE, "# Plan, revision 4\n")),
    ],
    "DRV019": [
        ("an empty rationale", lambda p: seal_rationale(p, "not applicable")),
        ("no threats", lambda p: p.edit("charter", threats=["none known"])),
        ("no next action", lambda p: p.edit("INFEASIBLE-cost-data", allowed_next_action="n/a")),
    ],
    "DRV020": [
        ("cited in the rationale", lambda p: p.edit("INFEASIBLE-cost-data", evidence_attempted=["The run run-77"])),
        ("the training run", lambda p: p.edit("answer-cost-1", mlflow_run_id="train-1")),
    ],
    "DRV021": [("a reason of its own", lambda p: p.edit("INFEASIBLE-cost-data", reason="laziness"))],
}


def test_the_pack_with_every_record_is_verified(tmp_path: Path) -> None:
    verdict = DerivedPack(tmp_path).verify()
    assert verdict.errors == ()
    assert set(verdict.passed) >= RULES


def test_every_rule_has_a_failing_case() -> None:
    assert set(CASES) == RULES


@pytest.mark.parametrize(
    ("rule", "change"), [pytest.param(rule, case, id=f"{rule} {name}") for rule in CASES for name, case in CASES[rule]]
)
def test_each_rule_refuses(tmp_path: Path, rule: str, change: Change) -> None:
    pack = DerivedPack(tmp_path)
    change(pack)
    assert rule in pack.rules()


def test_a_pack_without_derivations_is_asked_nothing(tmp_path: Path) -> None:
    verdict = PackBuilder(tmp_path).verify()
    assert verdict.errors == ()
    assert {name for name, _why in verdict.skipped} >= {"DRV004", "DRV005"}


def test_without_keys_nothing_is_signed(tmp_path: Path) -> None:
    verdict = DerivedPack(tmp_path).verify(policy=Policy(schema_version="1.0.0"))
    assert {item.rule for item in verdict.errors} == {"DRV013", "DRV014"}


def test_a_key_counts_by_its_bytes_and_its_time(tmp_path: Path) -> None:
    def judged(**change: object) -> set[str]:
        told = POLICY.model_dump(exclude_unset=True)
        told["keys"] |= change
        return {item.rule for item in pack.verify(policy=Policy.model_validate(told)).errors}

    pack = DerivedPack(tmp_path)
    assert judged(bea={"key": KEYS["ada"].public}) == {"DRV014"}, "one key in two guises"
    two = {"ada": {"key": KEYS["ada"].public, "person": "Ada"}, "bea": {"key": KEYS["bea"].public, "person": "ada "}}
    assert judged(**two) == {"DRV014"}, "one person with two keys"
    assert judged(bea={"key": KEYS["bea"].public, "since": "2026-03-01T00:00:00Z"}) == {"DRV013"}
    assert judged(bea={"key": KEYS["bea"].public, "until": "2026-03-01T00:00:00Z"}) == set()


def test_what_a_step_touched_is_invalid_even_when_it_is_attested(tmp_path: Path) -> None:
    pack = DerivedPack(tmp_path)
    ran(pack, "cutoff-1", "cutoff-2")
    pack.edit("charter", attestation={"no_forbidden_run": False, "statement": "New numbers were pulled."})
    assert pack.rules() == ["DRV003"]
    for name in ("cutoff", "words"):
        pending(pack, name, code="INVALIDATED")
    assert pack.rules() == []


def test_a_step_that_ran_names_all_that_was_there(tmp_path: Path) -> None:
    pack = DerivedPack(tmp_path)
    ran(pack, "cutoff-2")
    assert "DRV008" in pack.rules()


def test_a_stopped_value_waits_as_pending(tmp_path: Path) -> None:
    pack = DerivedPack(tmp_path)
    reopened(pack)
    assert pack.rules() == ["DRV007"]
    write_charter(pack.folder, charter_fields(), release_id=RELEASE, at="2026-02-23T08:00:00Z")
    pack.signed("charter")
    values = {item["id"]: item for item in pack.yaml("charter")["values"]}
    assert values["cutoff"]["pending"]["code"] == "STOPPED"
    assert pack.rules() == []


def test_a_charter_of_lockable_values_is_locked(tmp_path: Path) -> None:
    pack = DerivedPack(tmp_path)
    values = [item for item in pack.yaml("charter")["values"] if item["id"] in {"cutoff", "words"}]
    kept = ("cutoff", "words", "SEAL-cutoff", "SEAL-words", "charter", "STOP", "plan")
    for path in [*(pack / "derivations").iterdir()]:
        if path.is_file() and not path.name.startswith(kept):
            path.unlink()
    for name in ("answer-cost-1", "depth-1"):
        pack.remove(f"derivations/results/{name}.json")
    locked = {"state": "locked", "locker": "eve", "locked_at": "2026-02-23T08:00:00Z"}
    pack.edit("charter", values=values, **locked)
    assert pack.rules() == []
    pack.edit("charter", sign=False, **locked)
    (pack / "derivations/charter.dsse.json").unlink()
    sign_record(pack.folder, "charter", KEYS["ada"])
    assert pack.rules() == ["DRV013"], "nobody locks without the locker's key"


def test_a_charter_is_locked_once_nothing_blocks(tmp_path: Path) -> None:
    pack = DerivedPack(tmp_path)
    assert pack.yaml("charter")["commit"] == COMMIT
    locked = {"state": "locked", "locker": "eve", "locked_at": "2026-02-23T08:00:00Z"}
    pack.edit("charter", **locked)
    findings = pack.sealed().verify().errors
    assert {item.rule for item in findings} == {"DRV005"}
    assert {item.message.split("'")[1] for item in findings} == {"answer-cost", "error-cost", "depth"}
