"""The builders of assurance evidence: what they count, what they refuse, and what they leave behind."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pack_builder import ASSURANCE, EVAL, RELEASE, PackBuilder, failure_modes_of
from proofpress.cli import main
from proofpress.evidence.assurance import Condition
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json
from proofpress.pack.assurance import (
    build_assurance,
    write_failure_modes,
    write_guardrails,
    write_risks,
    write_traceability,
)
from proofpress.pack.writer import PackError

RESULTS = "model/per_example/test.jsonl"
CARD = "assurance/assurance_card.md"


def selecting(*where: Mapping[str, Any], **fields: Any) -> list[Mapping[str, Any]]:
    """One failure mode with these conditions."""
    mode = {"id": "some", "title": "Some", "description": "Some fail.", "status": "known", "first_seen": "a-v0.1.0-r1"}
    return [{**mode, "selection": {"path": RESULTS, "where": list(where)}, **fields}]


def is_(field: str, op: str, value: Any) -> Mapping[str, Any]:
    return {"field": field, "op": op, "value": value}


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("where", "keys"),
    [
        ([is_("correct", "==", 0)], ["t23"]),
        ([is_("correct", "!=", 0)], ["t20", "t21", "t22"]),
        ([is_("correct", "<", Number("0.5"))], ["t23"]),
        ([is_("correct", ">=", 1)], ["t20", "t21", "t22"]),
        ([is_("label", "==", "odd")], ["t21", "t23"]),
        ([is_("label", "==", "odd"), is_("correct", "==", 1)], ["t21"]),
        ([is_("correct", "==", "0")], []),
        ([is_("correct", "==", False)], []),
        ([is_("label", "<", "zzz")], []),
    ],
)
def test_failures_are_counted_in_the_results(where: Any, keys: list[str], pack: PackBuilder) -> None:
    (mode,) = write_failure_modes(pack.folder, selecting(*where), release_id=RELEASE).failure_modes
    assert (mode.count, mode.n, list(mode.examples)) == (len(keys), 4, keys)


def test_a_slice_narrows_the_count_and_few_examples_are_named(pack: PackBuilder) -> None:
    modes = selecting(is_("correct", "==", 1))
    modes[0]["selection"]["slice"] = {"dimension": "parity", "value": "even"}
    (mode,) = write_failure_modes(pack.folder, modes, release_id=RELEASE, most_examples=1).failure_modes
    assert (mode.count, mode.n, mode.examples) == (2, 2, ("t20",))


@pytest.mark.parametrize(
    ("field", "first_seen", "status"),
    [("correct", RELEASE, "new"), ("correct", "digits-v0.0.1-tiny-r1", "known"), ("label", RELEASE, "fixed")],
)
def test_the_status_follows_from_the_count(field: str, first_seen: str, status: str, pack: PackBuilder) -> None:
    (mode,) = selecting(is_(field, "==", 0), first_seen=first_seen)
    open_mode = {name: value for name, value in mode.items() if name != "status"}
    (found,) = write_failure_modes(pack.folder, [open_mode], release_id=RELEASE).failure_modes
    assert found.status == status


def test_conditions_compare_like_with_like() -> None:
    assert Condition(field="a", op="==", value=True).holds({"a": True})
    assert not Condition(field="a", op="==", value=Number("1")).holds({"a": True})
    assert not Condition(field="a", op="!=", value="x").holds({"a": None})
    assert not Condition(field="a", op="!=", value="x").holds({})
    assert not Condition(field="a", op=">", value=Number("1")).holds({"a": ["2"]})


@pytest.mark.parametrize(
    ("modes", "words"),
    [
        (selecting(is_("correct", "==", 0), count=1), "count can't be typed by hand"),
        (selecting(is_("correct", "==", 0), examples=["t23"]), "examples can't be typed by hand"),
        (selecting(is_("cheered", "==", 0)), "no row of .* has the field cheered"),
        (selecting(is_("correct", "~", 0)), "failure_modes/0/selection/where/0/op"),
        (selecting(is_("correct", "==", 0), selection={"path": "none.jsonl", "where": [is_("a", "==", 0)]}), "none"),
        (selecting(is_("a", "==", 0), selection={"path": "demo/inputs.jsonl", "where": [is_("a", "==", 0)]}), "no key"),
        (
            selecting(is_("a", "==", 0), selection={"path": "../x.jsonl", "where": [is_("a", "==", 0)]}),
            "selection/path",
        ),
        (selecting(is_("correct", "==", 0), status="gone"), "status"),
    ],
)
def test_what_was_not_counted_is_refused(modes: Any, words: str, pack: PackBuilder) -> None:
    with pytest.raises(PackError, match=words):
        write_failure_modes(pack.folder, modes, release_id=RELEASE)
    assert not (pack / "assurance/failure_modes.json").exists()


@pytest.mark.parametrize("owner", ["Jane Doe", "someone@example.org", ""])
def test_people_are_roles(owner: str, pack: PackBuilder) -> None:
    with pytest.raises(PackError, match="owner"):
        write_risks(pack.folder, [{**ASSURANCE["risks"][0], "owner": owner}])
    with pytest.raises(PackError, match="owner"):
        write_guardrails(pack.folder, [{**ASSURANCE["guardrails"][0], "owner": owner}])


# ── the trace ────────────────────────────────────────────────────────────────────────────────────────


def test_the_trace_is_taken_from_the_documents(pack: PackBuilder) -> None:
    trace = write_traceability(pack.folder)
    assert trace.command == ("python", "train.py", "--depth", "2")
    assert (trace.training_run_id, trace.evaluation_run_id, trace.commit) == ("train-1", "eval-1", "c" * 40)
    assert trace.config_sha256 == sha256((pack / "training/params.yaml").read_bytes()).hexdigest()
    assert trace.environment_sha256 == sha256(b'{"python": "3.11"}\n').hexdigest()
    assert len(trace.links) == 10
    assert all(link.value == str(pack.value(link.source, f"/{link.source_field}")) for link in trace.links)


def test_documents_that_disagree_are_not_linked(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/training_run_id", "train-2")
    links = write_traceability(pack.folder).links
    assert (EVAL, "training_run_id") not in {(link.source, link.source_field) for link in links}
    assert len(links) == 9


@pytest.mark.parametrize("path", ["training/training_run.json", "training/params.yaml", "model/eval_metrics.json"])
def test_no_trace_without_what_ran(path: str, pack: PackBuilder) -> None:
    pack.remove(path)
    with pytest.raises(PackError, match=f"can't be traced without {path}"):
        write_traceability(pack.folder)


# ── all of it, by the command ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Path]:
    """What people write, as JSON, which is YAML too."""
    texts = {
        "risks": {"risks": ASSURANCE["risks"]},
        "monitoring": {"signals": ASSURANCE["signals"]},
        "guardrails": {"guardrails": ASSURANCE["guardrails"]},
        "failure_modes": {"failure_modes": failure_modes_of("digits-v0.1.0-tiny-r1")},
    }
    for name, value in texts.items():
        (tmp_path / f"{name}.json").write_text(dump_json(value), encoding="utf-8")
    return {name: tmp_path / f"{name}.json" for name in texts}


def words(pack: PackBuilder, inputs: Mapping[str, Path]) -> list[str]:
    options = [f"--{name.replace('_', '-')}={path.name}" for name, path in inputs.items()]
    return ["-C", str(pack.root.parent), "pack", "assurance", f"packs/{pack.family}/{pack.release_id}", *options]


def test_the_command_makes_a_pack_that_verifies(
    pack: PackBuilder, inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words(pack, inputs), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [item["path"].removeprefix("assurance/") for item in report["outputs"]] == [
        "risks.json",
        "monitoring_plan.json",
        "guardrails.json",
        "failure_modes.json",
        "traceability.json",
    ]
    assert main(["-C", str(pack.root.parent), "pack", "release", f"packs/digits/{pack.release_id}"]) == 0
    verdict = pack.verify()
    assert verdict.findings == ()
    assert "Assurance card" in (pack / CARD).read_text("utf-8")


def test_a_stale_document_of_an_earlier_run_is_removed(pack: PackBuilder, inputs: dict[str, Path]) -> None:
    assert main(words(pack, inputs)) == 0
    less = {name: inputs[name] for name in ("risks", "monitoring")}
    assert main(words(pack, less)) == 0
    assert not (pack / "assurance/guardrails.json").exists()
    assert not (pack / "assurance/failure_modes.json").exists()
    inputs["risks"].write_text("risks: []\n", encoding="utf-8")
    with pytest.raises(PackError):
        build_assurance(pack.folder, risks=inputs["risks"], monitoring=inputs["monitoring"])
    assert not list((pack / "assurance").glob("*.json"))


@pytest.mark.parametrize("text", ["a: 1\n", "risks: [1]\n", "risks: &x []\n", "- 1\n", '{"risks": [{}], "more": 1}\n'])
def test_bad_files_are_named(
    text: str, pack: PackBuilder, inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    bad = inputs["risks"].with_suffix(".yaml")
    bad.write_text(text, encoding="utf-8")
    assert main(words(pack, {**inputs, "risks": bad})) == 2
    assert "risks.yaml" in capsys.readouterr().err


def test_counts_are_exact_json(pack: PackBuilder) -> None:
    write_failure_modes(pack.folder, selecting(is_("correct", "<", Number("0.50"))), release_id=RELEASE)
    text = (pack / "assurance/failure_modes.json").read_bytes()
    assert b"0.50" in text
    assert parse_json(text)["failure_modes"][0]["selection"]["where"][0]["value"] == Number("0.5")
