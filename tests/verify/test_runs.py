"""Rules of runs and demos: what each refuses beyond its minimal mutation, and what it lets pass."""

from collections.abc import Callable

import pytest

from pack_builder import ANSWERS, REMOVE, PackBuilder
from proofpress.evidence.values import Number

RUN, EVAL = "training/training_run.json", "model/eval_metrics.json"
PREFLIGHT, FILES = "training/training_preflight_report.json", "training/training_run_manifest.json"
DEMO, RUNTIME = "demo/terminal_demo_manifest.json", "demo/runtime_preflight_report.json"
REPORT, RECEIPTS = "demo/batch_receipt_report.json", "demo/receipts.jsonl"
OTHER = "d" * 64


def found(pack: PackBuilder) -> list[tuple[str, str, str]]:
    """Rule, file and pointer of every finding."""
    return [(finding.rule, finding.file, finding.pointer) for finding in pack.verify().findings]


def test_a_resumed_run_with_its_own_checkpoint_verifies(pack: PackBuilder) -> None:
    assert found(pack.with_resumption()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dataset_snapshot_id", "digits-other"),
        ("config_sha256", OTHER),
        ("splits", [{"name": "train", "keys_sha256": OTHER}, {"name": "test", "keys_sha256": OTHER}]),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(field: str, value: object, pack: PackBuilder) -> None:
    assert found(pack.with_resumption(**{field: value})) == [("RUN006", RUN, f"/resumed_from/{field}")]


def test_a_checkpoint_that_is_not_in_the_pack_is_refused(pack: PackBuilder) -> None:
    assert found(pack.with_resumption(sha256=OTHER)) == [("RUN006", RUN, "/resumed_from")]


@pytest.mark.parametrize(
    ("path", "pointer", "value", "where"),
    [
        (RUN, "/resumed_step", 2, "/resumed_step"),
        (RUN, "/resumed_step", REMOVE, "/resumed_step"),
        (RUN, "/log/1", REMOVE, "/log"),
        (RUN, "/log/0/step", 0, "/log"),
        (RUN, "/log/1/value", Number("2"), "/log"),
        (EVAL, "/resumed_step", REMOVE, "/resumed_step"),
    ],
)
def test_the_resumed_step_stands_everywhere(
    path: str, pointer: str, value: object, where: str, pack: PackBuilder
) -> None:
    pack.with_resumption().corrupt(path, pointer, value).reseal()
    assert found(pack) == [("RUN007", path, where)]


def test_a_stale_preflight_is_refused(pack: PackBuilder) -> None:
    pack.corrupt("dataset/dataset_package.json", "/title", "Other digits").reseal(bindings=False)
    stale = ("RUN003", PREFLIGHT, "/inputs/1")
    assert found(pack) == [stale]
    assert "stale" in pack.verify().findings[0].message


def test_a_dataset_file_that_the_preflight_has_not_seen_is_refused(pack: PackBuilder) -> None:
    pack.write("dataset/more.txt", "more\n").reseal()
    assert found(pack) == [("INT008", "dataset/more.txt", ""), ("RUN003", PREFLIGHT, "/inputs")]


def test_other_promoted_parameters_than_the_preflight_checked(pack: PackBuilder) -> None:
    pack.replace("training/params.yaml", "0.50", "0.65").reseal(bindings=False)
    rules = {(rule, pointer) for rule, _file, pointer in found(pack)}
    assert ("RUN002", "/configuration") in rules
    assert ("RUN002", "/configuration/payload/threshold") in rules
    assert any(rule == "PAR001" for rule, _ in rules)


@pytest.mark.parametrize(
    ("pointer", "value", "places"),
    [
        ("/checks/0/ok", False, ["/checks/0", "/ok"]),
        ("/checks/4", REMOVE, ["/checks"]),
        ("/checks/1/name", "something", ["/checks"]),
        ("/checks/1/found", "perhaps", ["/checks"]),
        ("/machine/memory_bytes", 1000, ["/checks"]),
        ("/requirements/min_memory_bytes", 2**40, ["/checks"]),
        ("/requirements/accelerator", {"kind": "cuda", "min_memory_bytes": 1}, ["/checks"]),
    ],
)
def test_a_verdict_is_computed_again(pointer: str, value: object, places: list[str], pack: PackBuilder) -> None:
    pack.corrupt(PREFLIGHT, pointer, value).reseal()
    assert found(pack) == [("RUN001", PREFLIGHT, place) for place in places]


@pytest.mark.parametrize(
    ("pointer", "value", "where"),
    [
        ("/files/0/role", "log", "/files/0"),
        ("/files/0/size", 1, "/files/0"),
        ("/files/0/sha256", OTHER, "/files/0"),
        ("/files/-", {"path": "release.json", "role": "other", "sha256": OTHER, "size": 1}, "/files/*"),
    ],
)
def test_an_entry_of_the_run_manifest_is_the_file(pointer: str, value: object, where: str, pack: PackBuilder) -> None:
    pack.corrupt(FILES, pointer, value).reseal()
    (finding,) = found(pack)
    assert finding[:2] == ("RUN005", FILES)
    assert finding[2].startswith(where.rstrip("*"))


def test_an_entry_that_stands_twice(pack: PackBuilder) -> None:
    pack.corrupt(FILES, "/files/-", pack.value(FILES, "/files/0")).reseal()
    assert {rule for rule, _file, _pointer in found(pack)} == {"RUN005"}


def unnamed(pack: PackBuilder) -> None:
    pack.corrupt(DEMO, "/receipts", REMOVE).reseal()


def other_run(pack: PackBuilder) -> None:
    pack.corrupt(RUNTIME, "/checked_at", "2026-02-01T00:00:00Z").reseal(bindings=False)


@pytest.mark.parametrize(("mutate", "where"), [(unnamed, "/receipts"), (other_run, "/runtime_preflight/sha256")])
def test_reports_of_another_demo_run(mutate: Callable[[PackBuilder], None], where: str, pack: PackBuilder) -> None:
    mutate(pack)
    assert found(pack) == [("DEM002", DEMO, where)]


def test_a_preflight_of_other_inputs(pack: PackBuilder) -> None:
    pack.corrupt(RUNTIME, "/inputs/0", REMOVE).reseal()
    assert found(pack) == [("DEM003", RUNTIME, "/inputs")]


def test_a_preflight_of_another_model(pack: PackBuilder) -> None:
    pack.corrupt(RUNTIME, "/model_manifest/sha256", OTHER).reseal()
    assert found(pack) == [("DEM003", RUNTIME, "/checks"), ("DEM003", RUNTIME, "/model_manifest")]


@pytest.mark.parametrize(("pointer", "value"), [("/checks/1/found", "sha256 x"), ("/checks/0", REMOVE)])
def test_a_runtime_check_is_computed_again(pointer: str, value: object, pack: PackBuilder) -> None:
    pack.corrupt(RUNTIME, pointer, value).reseal()
    assert found(pack) == [("DEM003", RUNTIME, "/checks")]


def test_a_failed_runtime_preflight(pack: PackBuilder) -> None:
    pack.corrupt(RUNTIME, "/checks/0/ok", False).reseal()
    assert found(pack) == [("DEM003", RUNTIME, "/checks/0"), ("DEM003", RUNTIME, "/ok")]


def other_model(pack: PackBuilder) -> None:
    pack.replace(RECEIPTS, pack.value(REPORT, "/model_id"), f"sha256:{OTHER}").reseal()


def other_row(pack: PackBuilder) -> None:
    pack.write("demo/inputs.jsonl", '{"number": 23}\n').reseal()


def second_row(pack: PackBuilder) -> None:
    line = (pack / RECEIPTS).read_text()
    pack.write(RECEIPTS, line + line).reseal()


def no_answer(pack: PackBuilder) -> None:
    pack.write("demo/inputs.jsonl", '{"number": 21}\n{"number": 23}\n').reseal()


@pytest.mark.parametrize(
    ("mutate", "places"),
    [
        (other_model, [(RECEIPTS, "line 1")]),
        (other_row, [(RECEIPTS, "line 1")]),
        (second_row, [(RECEIPTS, "line 2")]),
        (no_answer, [(ANSWERS, ""), (REPORT, "/input_rows"), (REPORT, "/n")]),
    ],
)
def test_receipts_are_computed_again(
    mutate: Callable[[PackBuilder], None], places: list[tuple[str, str]], pack: PackBuilder
) -> None:
    mutate(pack)
    assert sorted(found(pack)) == sorted(("DEM004", *place) for place in places)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/n", 2), ("/input_rows", 2), ("/output_rows", 2), ("/receipts/size", 1), ("/receipts/sha256", OTHER)],
)
def test_counts_and_digest_of_receipts(pointer: str, value: object, pack: PackBuilder) -> None:
    pack.corrupt(REPORT, pointer, value).reseal()
    if pointer == "/n":
        pack.corrupt(DEMO, "/receipts/n", value).reseal()
    assert found(pack) == [("DEM004", REPORT, pointer)]


def test_receipts_of_files_that_the_demo_did_not_use(pack: PackBuilder) -> None:
    pack.corrupt(REPORT, "/output", "demo/inputs.jsonl").reseal()
    assert found(pack) == [("DEM004", REPORT, "/output")]


def test_absent_evidence_is_no_trouble_where_no_profile_asks_for_it(pack: PackBuilder) -> None:
    for path in (PREFLIGHT, FILES, RUNTIME, REPORT, RECEIPTS):
        pack.remove(path)
    pack.corrupt(DEMO, "/receipts", REMOVE).corrupt(DEMO, "/runtime_preflight", REMOVE)
    pack.corrupt("manifest.json", "/profile", "minimal").reseal()
    assert found(pack) == []


@pytest.mark.parametrize(
    ("path", "field", "value", "rule"),
    [
        (FILES, "release_id", "digits-v0.2.0-tiny-r1", "IDN001"),
        (RUNTIME, "release_id", "digits-v0.2.0-tiny-r1", "IDN001"),
        (REPORT, "release_id", "digits-v0.2.0-tiny-r1", "IDN001"),
        (RUNTIME, "model_id", f"sha256:{OTHER}", "IDN003"),
        (REPORT, "model_id", f"sha256:{OTHER}", "IDN003"),
        (PREFLIGHT, "dataset_snapshot_id", "digits-other", "IDN004"),
        (FILES, "run_id", "train-2", "IDN005"),
    ],
)
def test_identities_agree(path: str, field: str, value: str, rule: str, pack: PackBuilder) -> None:
    pack.corrupt(path, f"/{field}", value).reseal()
    assert (rule, path, f"/{field}") in found(pack)
