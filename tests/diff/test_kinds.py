"""Changes of licences, interfaces, model files, trainings, costs, terms and policies."""

from dataclasses import replace
from typing import Any

import pytest

from diff.releases import KEYS, OTHER_KEYS, header, model_of, pack, part, row
from gate.cases import costs, gates, model, promised, training
from proofpress.diff import CHANGE_CODES, Change, diff
from proofpress.diff.licence import same_licence
from proofpress.diff.policies import compare_gates
from proofpress.evidence.model import ModelManifest
from proofpress.evidence.values import Number


def changed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Change]:
    """Changes by code between two packs of other documents; `release` are fields of release.json."""
    sides = []
    for documents in (old, new):
        made = pack(**documents.pop("release", {}))
        sides.append(replace(made, evidence=replace(made.evidence, **documents)))
    found = diff(*sides)
    assert {change.code for change in found.changes} <= set(CHANGE_CODES)
    return {change.code: change for change in found.changes}


# ── licences ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("MIT", "mit license"),
        ("MIT", "The MIT License"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("CC BY-SA 3.0", "CC-BY-SA-3.0"),
        ("CC BY 4.0 International", "CC-BY-4.0"),
        ("BSD 3-Clause License", "BSD-3-Clause"),
        ("GNU GPL v3", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("MIT OR Apache-2.0", "apache-2.0 or MIT"),
    ],
)
def test_another_spelling_is_no_other_licence(old: str, new: str) -> None:
    assert same_licence(old, new)
    code = changed({"release": {"licence": old}}, {"release": {"licence": new}})["REL-LICENCE-RESPELT"]
    assert code.direction == "neutral"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("MIT", "MIT-0"),
        ("MIT", "Apache-2.0"),
        ("CC BY-SA 3.0", "CC BY-SA 4.0"),
        ("CC BY 4.0", "CC BY-SA 4.0"),
        ("CC BY 4.0", "CC BY-NC 4.0"),
        ("GPL-3.0-only", "GPL-3.0-or-later"),
        ("GPL-3.0-only", "LGPL-3.0-only"),
        ("MIT OR Apache-2.0", "MIT AND Apache-2.0"),
        ("BSD-2-Clause", "BSD-3-Clause"),
        ("Apache-2.0", "Apache-2.0 WITH LLVM-exception"),
        ("LicenseRef-A10", "LicenseRef-A1.0"),
    ],
)
def test_another_licence_is_no_other_spelling(old: str, new: str) -> None:
    assert not same_licence(old, new)
    found = changed({"release": {"licence": old}}, {"release": {"licence": new}})
    assert found["REL-LICENCE-CHANGED"].direction == "unknown"


# ── listed items ─────────────────────────────────────────────────────────────────────────────────────


def files(digest: str) -> Any:
    plain = header(format="table", files=[{"path": "weights.bin", "role": "weights", "sha256": digest, "size": 1}])
    return model_of(ModelManifest, plain)


@pytest.mark.parametrize(
    ("old", "new", "code", "direction"),
    [
        (
            {"model": model()},
            {"model": model(inputs=[{"name": "pixels", "type": "float", "shape": "[256]", "description": "More."}])},
            "IFC-INPUT-CHANGED",
            "unknown",
        ),
        ({"interface": promised()}, {"interface": promised(outputs=[])}, "IFC-PROMISE-REMOVED", "unknown"),
        ({"interface": promised()}, {"interface": promised(outputs=[])}, "IFC-EXPERIMENT-REMOVED", "neutral"),
        ({"interface": promised()}, {"interface": promised("0.6")}, "IFC-SCORES-CHANGED", "neutral"),
        ({"model": model()}, {"model": model(limitations=["Other images."])}, "MOD-LIMITATION-ADDED", "unknown"),
        (
            {"model": model()},
            {"model": model(architecture={"name": "mlp", "description": "Small.", "trainable_parameters": 7})},
            "MOD-SIZE-ADDED",
            "neutral",
        ),
        ({"model_manifest": files(KEYS)}, {"model_manifest": files(OTHER_KEYS)}, "MOD-FILE-CHANGED", "neutral"),
        ({"training": training()}, {"training": training(seed=8)}, "TRN-SEED-CHANGED", "neutral"),
        (
            {"training": training()},
            {"training": training(environment={"python": "3.12"})},
            "TRN-ENVIRONMENT-CHANGED",
            "neutral",
        ),
        ({"training": training()}, {"training": training(commit="d" * 40)}, "TRN-COMMIT-CHANGED", "neutral"),
        ({}, {"release": {"compatibility": {"runtime": {"python": ">=3.11"}}}}, "REL-RUNTIME-ADDED", "unknown"),
        ({"release": {"compatibility": {"features": ["avx2"]}}}, {}, "REL-FEATURE-REMOVED", "neutral"),
        (
            {},
            {"release": {"deprecations": [{"name": "score", "since": "0.2.0", "replacement": "scores"}]}},
            "REL-DEPRECATION-ADDED",
            "unknown",
        ),
        ({"release": {"support": {"until": "2027-01-01", "note": "Fixes."}}}, {}, "REL-SUPPORT-REMOVED", "unknown"),
    ],
)
def test_listed_items(old: dict[str, Any], new: dict[str, Any], code: str, direction: str) -> None:
    found = changed(dict(old), dict(new))
    assert found[code].direction == direction
    assert found[code].explanation.endswith(".")
    assert not found[code].explanation.endswith("..")


# ── costs ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "code", "direction"),
    [
        (costs("10.0"), costs("11.0"), "EFF-CHANGED", "worse"),
        (costs("10.0"), costs("10.4"), "EFF-CHANGED", "neutral"),
        (costs("10.0"), costs("9.0"), "EFF-CHANGED", "better"),
        (costs("10.0"), costs("10.0", environment={"machine": "two"}), "EFF-NOT-COMPARABLE", "unknown"),
        (costs("10.0"), None, "EFF-REMOVED", "unknown"),
        (None, costs("10.0"), "EFF-ADDED", "neutral"),
    ],
)
def test_costs(old: Any, new: Any, code: str, direction: str) -> None:
    found = changed({"efficiency": old}, {"efficiency": new})[code]
    assert (found.subject, found.direction) == ("latency (batch of 1)", direction)


def throughput(value: str, unit: str) -> Any:
    return costs("1", rows=[{"name": "throughput", "value": Number(value), "unit": unit}])


@pytest.mark.parametrize(
    ("unit", "direction"), [("records/s", "better"), ("ms", "worse"), ("points", "unknown"), ("KiB", "worse")]
)
def test_the_direction_of_a_cost_follows_its_unit(unit: str, direction: str) -> None:
    found = changed({"efficiency": throughput("10", unit)}, {"efficiency": throughput("11", unit)})
    assert found["EFF-CHANGED"].direction == direction


# ── slices ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_small_slice_has_no_direction() -> None:
    eight = {"slice": part("digit", "8"), "n": 12}
    old, new = pack(rows=[row(**eight)]), pack("digits-v0.2.0-mlp64-r1", rows=[row(value="0.8", **eight)])
    found = next(change for change in diff(old, new, least_slice_n=20).changes if change.kind == "slice")
    assert (found.code, found.direction) == ("SLC-BELOW-MINIMUM", "unknown")
    assert "on 12 examples, fewer than the 20" in found.explanation
    plain = next(change for change in diff(old, new, least_slice_n=12).changes if change.kind == "slice")
    assert (plain.code, plain.direction) == ("SLC-CHANGED", "worse")


# ── policies ─────────────────────────────────────────────────────────────────────────────────────────

LIMIT = {"metric": "accuracy", "split": "test", "absolute": Number("0.01")}
THRESHOLD = {"metric": "accuracy", "split": "test", "op": ">=", "value": Number("0.95"), "unit": "fraction"}
PROMISE = {"path": "packs/t.yaml", "sha256": KEYS, "recorded_at": "2026-01-01T00:00:00Z", "owner": "owner"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ({"thresholds": [THRESHOLD]}, {}, "POL-LOOSENED"),
        ({"thresholds": [THRESHOLD]}, {"thresholds": [{**THRESHOLD, "value": Number("0.9")}]}, "POL-LOOSENED"),
        ({"thresholds": [THRESHOLD]}, {"thresholds": [{**THRESHOLD, "value": Number("0.99")}]}, "POL-TIGHTENED"),
        ({"thresholds": [THRESHOLD]}, {"thresholds": [{**THRESHOLD, "unit": "percent"}]}, "POL-CHANGED"),
        ({"thresholds": [THRESHOLD]}, {"thresholds": [{**THRESHOLD, "least_n": 100}]}, "POL-TIGHTENED"),
        (
            {"thresholds": [{**THRESHOLD, "op": "<="}]},
            {"thresholds": [{**THRESHOLD, "op": "<=", "value": Number("0.99")}]},
            "POL-LOOSENED",
        ),
        ({"regressions": [LIMIT]}, {"regressions": [{**LIMIT, "absolute": Number("0.02")}]}, "POL-LOOSENED"),
        ({"regressions": [LIMIT]}, {"regressions": [{**LIMIT, "relative": Number("0.02")}]}, "POL-TIGHTENED"),
        ({"regressions": [LIMIT]}, {"regressions": [{**LIMIT, "judge": "significant"}]}, "POL-LOOSENED"),
        ({"regressions": [LIMIT]}, {"regressions": [{**LIMIT, "judge": "non-inferior"}]}, "POL-TIGHTENED"),
        (
            {"regressions": [LIMIT]},
            {"regressions": [{**LIMIT, "absolute": Number("0.02"), "judge": "non-inferior"}]},
            "POL-LOOSENED",
        ),
        ({"regressions": [LIMIT, LIMIT | {"relative": Number("0")}]}, {"regressions": [LIMIT]}, "POL-LOOSENED"),
        ({"costs": [{"name": "*", "relative": Number("0.1")}]}, {}, "POL-LOOSENED"),
        ({"required_evidence": ["efficiency"]}, {}, "POL-LOOSENED"),
        ({}, {"required_evidence": ["efficiency"]}, "POL-TIGHTENED"),
        ({"changes": {"DOC-*": "warn"}}, {"changes": {"DOC-*": "allow"}}, "POL-LOOSENED"),
        ({"changes": {"DOC-*": "deny"}}, {}, "POL-LOOSENED"),
        ({}, {"changes": {"MTR-REMOVED": "warn"}}, "POL-LOOSENED"),
        ({}, {"changes": {"DOC-*": "deny"}}, "POL-TIGHTENED"),
        ({"least_slice_n": 20}, {"least_slice_n": 10}, "POL-LOOSENED"),
        ({"own_targets": "deny"}, {"own_targets": "warn"}, "POL-LOOSENED"),
        ({"preregistered": PROMISE}, {}, "POL-LOOSENED"),
        ({"preregistered": PROMISE}, {"preregistered": {**PROMISE, "sha256": OTHER_KEYS}}, "POL-CHANGED"),
    ],
)
def test_policies(old: dict[str, Any], new: dict[str, Any], code: str) -> None:
    found = compare_gates(gates(**old), gates(**new))
    assert code in {change.code for change in found}
    assert compare_gates(gates(**old), gates(**old)) == ()
    if code == "POL-LOOSENED":
        assert found[0].direction == "worse"
