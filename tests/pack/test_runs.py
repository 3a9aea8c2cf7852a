"""Preflights probe and judge; run folders are packaged whole; a run resumes nobody else's state."""

import hashlib
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack.conftest import Run
from pack_builder import EVAL, MACHINE, PackBuilder, write_tiny_dataset
from proofpress.errors import ExitCode
from proofpress.evidence.evaluation import MetricsFile
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.training import RunIdentity
from proofpress.ingest.strict import parse_json
from proofpress.pack.machine import cuda_devices, memory_bytes, probe
from proofpress.pack.preflight import open_place, write_preflight
from proofpress.pack.resume import ResumeError, read_checkpoint, resume_check, write_checkpoint
from proofpress.pack.run_folder import package_run
from proofpress.pack.training import write_run_manifest
from proofpress.pack.writer import PackError
from registering import register

PREFLIGHT, FILES = "training/training_preflight_report.json", "training/training_run_manifest.json"
RUN, PARAMS = "training/training_run.json", "training/params.yaml"
AT = "2026-03-01T07:59:00Z"
SCHEMA = {
    "type": "object",
    "properties": {"threshold": {"type": "number", "maximum": 1}, "depth": {"type": "integer"}},
    "required": ["depth"],
    "additionalProperties": False,
}


def contents(folder: Path) -> dict[str, bytes]:
    return {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def written(path: Path, value: Any) -> str:
    """A file of JSON; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


# ── preflight ────────────────────────────────────────────────────────────────────────────────────────


def test_a_preflight_probes_this_machine(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    needs = {"python": ">=3.11", "min_cpus": 1, "min_memory_bytes": 1024, "min_disk_bytes": 1}
    needs |= {"packages": [{"name": "pydantic", "version": ">=2"}, {"name": "click"}]}
    options = ("--schema", written(tmp_path / "schema.json", SCHEMA), "--at", AT)
    options += ("--requirements", written(tmp_path / "needs.json", needs))
    code, out, _err = run("preflight", str(pack.folder), "--config", str(pack / PARAMS), *options)
    assert code == 0, out
    assert out.endswith(f"{PREFLIGHT}\n")
    report = pack.json(PREFLIGHT)
    assert report["ok"] is True
    assert report["machine"]["python"] == platform.python_version()
    assert report["configuration"]["validated_by"]["closed"] is True
    assert report["configuration"]["payload"] == pack.value(RUN, "/parameters")
    assert {item["path"] for item in report["inputs"]} == {
        path for path in contents(pack.folder) if path.startswith("dataset/") and not path.endswith(("SUMS", ".md"))
    }
    write_run_manifest(pack.folder)
    assert run("pack", "release", str(pack.folder), "--profile", "paper-demo")[0] == 0
    assert pack.verify().findings == ()
    card = (pack / "training/training_run_card.md").read_text()
    assert "| `training/config.schema.json` | schema |" not in card
    assert "Schema of the configuration | `training/config.schema.json`" in card


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "python": ({"python": ">=99"}, "python"),
    "cpus": ({"min_cpus": 100_000}, "cpus"),
    "memory": ({"min_memory_bytes": 2**52}, "memory in bytes"),
    "disk": ({"min_disk_bytes": 2**52}, "free disk in bytes"),
    "absent package": ({"packages": [{"name": "no-such-distribution"}]}, "package no-such-distribution"),
    "old package": ({"packages": [{"name": "pydantic", "version": "<1"}]}, "package pydantic"),
    "accelerator": ({"accelerator": {"kind": "cuda", "min_memory_bytes": 1}}, "accelerator cuda"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_requirement_that_is_not_met(
    name: str, pack: PackBuilder, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs, check = FAILURES[name]
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi there
    options = ("--requirements", written(tmp_path / "needs.json", needs), "--format", "json")
    code, out, _err = run("preflight", str(pack.folder), "--config", str(pack / PARAMS), *options)
    report = json.loads(out)
    assert (code, report["ok"]) == (ExitCode.FINDINGS, False)
    assert [item["name"] for item in report["checks"] if not item["ok"]] == [check]
    assert pack.value(PREFLIGHT, "/ok") is False


def break_package(pack: PackBuilder) -> None:
    pack.corrupt("dataset/dataset_package.json", "/licence", 5)


def drop_splits(pack: PackBuilder) -> None:
    pack.remove("dataset/split_integrity.json")


def change_keys(pack: PackBuilder) -> None:
    pack.write("dataset/keys/record/train.txt", "r1\n")


def climbing_sums(pack: PackBuilder) -> None:
    pack.write("dataset/SHA256SUMS", "0" * 64 + "  ../release.json\n")


@pytest.mark.parametrize(
    ("damage", "checks"),
    [
        (break_package, ["dataset/dataset_package.json", "dataset/SHA256SUMS"]),
        (drop_splits, ["dataset/split_integrity.json", "dataset/SHA256SUMS"]),
        (change_keys, ["dataset/SHA256SUMS"]),
        (climbing_sums, ["dataset/SHA256SUMS"]),
    ],
)
def test_a_damaged_dataset(damage: Callable[[PackBuilder], None], checks: list[str], pack: PackBuilder) -> None:
    damage(pack)
    report = write_preflight(pack.folder, config=pack / PARAMS, machine=MACHINE, at=AT)
    assert [check.name for check in report.checks if not check.ok] == checks
    assert not report.ok


def failed_check(pack: PackBuilder) -> None:
    pack.corrupt(CHECKED, "/ok", False)


def other_spec(pack: PackBuilder) -> None:
    pack.replace("dataset/dataset_spec.json", '"title": "', '"title": "Other ')


def other_artifact(pack: PackBuilder) -> None:
    pack.corrupt(BUILT, "/artifacts/0/sha256", "0" * 64)


def other_snapshot(pack: PackBuilder) -> None:
    pack.corrupt(BUILT, "/dataset_snapshot_id", "other")


CHECKED, BUILT = "dataset/dataset_input_check_report.json", "dataset/dataset_snapshot_report.json"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (failed_check, {CHECKED: "the input check failed", BUILT: "after another input check"}),
        (lambda pack: pack.remove(CHECKED), {CHECKED: "no such file", BUILT: "after another input check"}),
        (lambda pack: pack.remove(BUILT), {BUILT: "no such file"}),
        (lambda pack: pack.write(BUILT, "{}"), {BUILT: "missing"}),
        (lambda pack: pack.remove("dataset/dataset_spec.json"), {"dataset/dataset_spec.json": "no such file"}),
        (other_spec, {CHECKED: "another spec was checked", BUILT: "from another spec"}),
        (other_artifact, {BUILT: "is not the file that was built"}),
        (other_snapshot, {BUILT: "it is of snapshot other"}),
    ],
)
def test_a_reviewed_dataset_whose_build_does_not_hold(
    damage: Callable[[PackBuilder], None], found: dict[str, str], pack: PackBuilder
) -> None:
    pack.with_spec()
    assert write_preflight(pack.folder, config=pack / PARAMS, machine=MACHINE, at=AT).ok
    damage(pack)
    report = write_preflight(pack.folder, config=pack / PARAMS, machine=MACHINE, at=AT)
    rows = {check.name: check.found for check in report.checks if not check.ok}
    assert not report.ok
    for path, words in found.items():
        assert words in rows[path]


def test_a_fresh_build_has_checksums_that_are_checked(pack: PackBuilder) -> None:
    pack.remove("dataset/SHA256SUMS")
    write_tiny_dataset(pack.folder)
    pack.write("dataset/keys/record/train.txt", "r1\n")
    report = write_preflight(pack.folder, config=pack / PARAMS, machine=MACHINE, at=AT)
    assert [check.name for check in report.checks if not check.ok] == ["dataset/SHA256SUMS"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"properties": {"threshold": {"type": "string"}, "depth": {"type": "integer"}}}, ["configuration"]),
        ({"required": ["width"]}, ["configuration"]),
        ({"properties": {"depth": {"type": "integer"}}}, ["configuration"]),
        ({"additionalProperties": True}, ["schema of the configuration"]),
    ],
)
def test_a_configuration_that_its_schema_refuses(
    change: dict[str, Any], names: list[str], pack: PackBuilder, tmp_path: Path
) -> None:
    schema = Path(written(tmp_path / "schema.json", SCHEMA | change))
    report = write_preflight(pack.folder, config=pack / PARAMS, schema=schema, machine=MACHINE, at=AT)
    assert [check.name for check in report.checks if not check.ok] == names


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (SCHEMA, None),
        ({}, ""),
        (True, ""),
        ({"type": "object"}, ""),
        ({"type": "object", "additionalProperties": {"type": "string"}}, None),
        ({"type": "object", "additionalProperties": {}}, "/additionalProperties"),
        ({"type": "object", "properties": {"a/b": {"type": ["object", "null"]}}, "unevaluatedProperties": False}, 1),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, "/properties/a"),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"properties": {}}}}, "/$defs/x"),
        ({"anyOf": [{"type": "null"}, {"type": "array"}]}, "/anyOf/1"),
        ({"type": "array", "items": {"type": "object"}}, "/items"),
    ],
)
def test_open_places_of_a_schema(schema: Any, place: str | int | None) -> None:
    assert open_place(schema) == ("/properties/a~1b" if place == 1 else place)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("config.json", "[1]", "no mapping"),
        ("config.json", '{"a": NaN}', "not a JSON value"),
        ("config.toml", "a = 1", "neither JSON nor YAML"),
        ("config.json", '{"data": "/home/someone/data"}', "private path"),
        ("config.json", '{"depth": 3}', "holds other parameters than"),
    ],
)
def test_a_configuration_that_is_none(name: str, text: str, message: str, pack: PackBuilder, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    if "private" in message:
        pack.remove(PARAMS)
    with pytest.raises(PackError, match=message):
        write_preflight(pack.folder, config=tmp_path / name, machine=MACHINE, at=AT)


@pytest.mark.parametrize(
    ("schema", "message"),
    [({"type": "thing"}, "no JSON Schema"), ({"$ref": "https://example.org/schema"}, "does not hold"), ([], "no JSON")],
)
def test_a_schema_that_is_none(schema: Any, message: str, pack: PackBuilder, tmp_path: Path) -> None:
    place = Path(written(tmp_path / "schema.json", schema))
    with pytest.raises(PackError, match=message):
        write_preflight(pack.folder, config=pack / PARAMS, schema=place, machine=MACHINE, at=AT)


@pytest.mark.parametrize("needs", [{"memory": 5}, {"python": "three"}, {"accelerator": {"kind": "abacus"}}])
def test_requirements_that_are_none(needs: Any, pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    options = ("--requirements", written(tmp_path / "needs.json", needs))
    assert run("preflight", str(pack.folder), "--config", str(pack / PARAMS), *options)[0] == ExitCode.USAGE
    assert run("preflight", str(pack.folder), "--config", "none.yaml")[0] == ExitCode.USAGE
    assert run("preflight", "packs/none", "--config", str(pack / PARAMS))[0] == ExitCode.USAGE


def test_a_configuration_from_elsewhere_is_promoted(pack: PackBuilder, tmp_path: Path) -> None:
    data = (pack / PARAMS).read_bytes()
    (tmp_path / "mine.yaml").write_bytes(data)
    pack.remove(PARAMS)
    report = write_preflight(pack.folder, config=tmp_path / "mine.yaml", machine=MACHINE, at=AT)
    assert report.configuration.path == PARAMS
    assert (pack / PARAMS).read_bytes() == data


def test_an_earlier_schema_does_not_stay(pack: PackBuilder, tmp_path: Path) -> None:
    schema = Path(written(tmp_path / "schema.json", SCHEMA))
    write_preflight(pack.folder, config=pack / PARAMS, schema=schema, machine=MACHINE, at=AT)
    report = write_preflight(pack.folder, config=pack / PARAMS, machine=MACHINE, at=AT)
    assert report.configuration.validated_by is None
    assert not (pack / "training/config.schema.json").exists()


def test_the_memory_of_a_control_group_counts(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:       2048 kB\nMemFree:        1 kB\n")
    (tmp_path / "none").write_text("max\n")
    (tmp_path / "limit").write_text("1024\n")
    assert memory_bytes(tmp_path / "meminfo", tmp_path / "none") == 2048 * 1024
    assert memory_bytes(tmp_path / "meminfo", tmp_path / "limit") == 1024
    assert memory_bytes(tmp_path / "absent", tmp_path / "absent") > 1024**2
    assert probe(tmp_path).memory_bytes > 1024**2


def test_devices_are_those_that_the_tool_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'Fast Card, 2, 40960'\necho 'Small Card, 1024'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert [(item.name, item.memory_bytes) for item in cuda_devices()] == [
        ("Fast Card, 2", 40960 * 1024**2),
        ("Small Card", 1024**3),
    ]
    tool.write_text("#!/bin/sh\necho 'No devices were found'\n")
    assert cuda_devices() == ()
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert cuda_devices() == ()


# ── run folders ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(pack: PackBuilder, tmp_path: Path) -> Path:
    """A run folder that makes the pack's own training documents."""
    place = tmp_path / "run"
    record = {name: pack.value(RUN, f"/{name}") for name in ("run_id", "commit", "dataset_snapshot_id", "command")}
    record |= {"seed": 7, "started_at": "2026-03-01T08:00:00Z", "duration_seconds": 1.5}
    record |= {"environment": {"python": "3.11"}, "outputs": ["model/weights.bin"], "notes": ["Trained again."]}
    written(place / "run.json", record)
    (place / "params.yaml").write_bytes((pack / PARAMS).read_bytes())
    (place / "log.jsonl").write_text('{"step": 1, "name": "loss", "value": 0.250}\n')
    (place / "model").mkdir()
    (place / "model/weights.bin").write_bytes((pack / "model/weights.bin").read_bytes())
    (place / "curve.csv").write_text("step,loss\n1,0.25\n")
    return place


def test_a_run_folder_is_packaged_whole(pack: PackBuilder, folder: Path, run: Run) -> None:
    code, out, err = run("pack", "training", str(folder), "--into", str(pack.folder))
    assert code == 0, err
    assert out.split()[1::2] == [
        "model/weights.bin",
        "training/curve.csv",
        "training/log.jsonl",
        "training/params.yaml",
        "training/training_run.json",
        "training/training_run_manifest.json",
    ]
    roles = {item["path"]: item["role"] for item in pack.json(FILES)["files"]}
    assert roles == {
        "model/weights.bin": "output",
        "training/curve.csv": "other",
        "training/log.jsonl": "log",
        "training/params.yaml": "configuration",
        "training/training_preflight_report.json": "preflight",
        "training/training_run.json": "run record",
    }
    assert '"value": 0.250' in (pack / RUN).read_text()
    assert run("pack", "release", str(pack.folder), "--profile", "paper-demo")[0] == 0
    assert pack.verify().findings == ()


def test_files_of_an_earlier_run_go(pack: PackBuilder, folder: Path) -> None:
    package_run(folder, pack.folder)
    (folder / "curve.csv").rename(folder / "other.csv")
    (folder / "log.jsonl").unlink()
    package_run(folder, pack.folder)
    assert not (pack / "training/curve.csv").exists()
    assert not (pack / "training/log.jsonl").exists()
    assert pack.value(RUN, "/log") == []
    assert pack.reseal(bindings=False).verify().findings == ()


def test_packaging_again_changes_nothing(pack: PackBuilder, folder: Path) -> None:
    package_run(folder, pack.folder)
    before = contents(pack.folder)
    package_run(folder, pack.folder)
    assert contents(pack.folder) == before


def edited(name: str, value: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        record = json.loads((folder / "run.json").read_text())
        written(folder / "run.json", record | {name: value})

    return edit


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "run.json").unlink(), r"run\.json can't be read"),
        (edited("sead", 5), "unknown field 'sead'"),
        (edited("commit", "main"), r"run\.json/commit"),
        (edited("notes", ["see /home/someone/run"]), "private path"),
        (edited("outputs", ["model/none.bin"]), "does not hold"),
        (edited("resumed_step", 1), "was resumed at step 1"),
        (edited("duration_seconds", 1e300), "duration_seconds"),
        (edited("duration_seconds", -1), "duration_seconds"),
        (lambda folder: (folder / "params.yaml").write_text("- a\n"), "not a mapping"),
        (lambda folder: (folder / "log.jsonl").write_text('{"step": 1}\n'), "log.jsonl, line 1"),
        (lambda folder: (folder / "log.jsonl").write_text("loss\n"), "log.jsonl: not JSON"),
        (
            lambda folder: (folder / "log.jsonl").write_text('{"step": 4, "name": "resumed_step", "value": 4}\n'),
            "does not tell the step",
        ),
        (lambda folder: (folder / "curve.csv").write_text("/home/someone/x\n"), r"curve\.csv would publish"),
        (lambda folder: (folder / "link").symlink_to("curve.csv"), "not a regular file"),
        (lambda folder: (folder / "training_run.json").write_text("{}"), "has the name of a file"),
        (lambda folder: (folder / "training_preflight_report.json").write_text("{}"), "is missing"),
        (lambda folder: (folder / "model/weights.bin").write_bytes(b"x"), "not the one that this run wrote"),
    ],
)
def test_a_refused_folder_leaves_the_pack(
    damage: Callable[[Path], object], message: str, pack: PackBuilder, folder: Path
) -> None:
    damage(folder)
    before = contents(pack.folder)
    with pytest.raises(PackError, match=message):
        package_run(folder, pack.folder)
    assert contents(pack.folder) == before


def test_commands_refuse_what_is_not_there_or_registered(pack: PackBuilder, folder: Path, run: Run) -> None:
    assert run("pack", "training", "none", "--into", str(pack.folder))[0] == ExitCode.USAGE
    register(pack.root.parent, pack.release_id)
    assert run("pack", "training", str(folder), "--into", str(pack.folder))[0] == ExitCode.USAGE
    assert run("preflight", str(pack.folder), "--config", str(pack / PARAMS))[0] == ExitCode.USAGE


# ── resuming ─────────────────────────────────────────────────────────────────────────────────────────


def identity(pack: PackBuilder, **changed: Any) -> RunIdentity:
    dataset = pack.load().evidence
    assert dataset is not None
    assert dataset.dataset is not None
    config = hashlib.sha256((pack / PARAMS).read_bytes()).hexdigest()
    mine = RunIdentity.of(dataset.dataset, run_id="train-1", config_sha256=config)
    return mine.model_copy(update=changed)


@pytest.fixture
def resumed(folder: Path) -> Path:
    """The run folder of a run that went on at step 3."""
    edited("resumed_step", 3)(folder)
    (folder / "log.jsonl").write_text(
        '{"step": 3, "name": "resumed_step", "value": 3}\n{"step": 4, "name": "loss", "value": 0.2}\n'
    )
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints/step-3.bin").write_bytes(b"state")
    return folder


def test_a_resumed_run_is_packaged_with_its_checkpoint(pack: PackBuilder, resumed: Path, run: Run) -> None:
    checkpoint = write_checkpoint(resumed, "checkpoints/step-3.bin", run=identity(pack), step=3)
    resume_check(checkpoint, identity(pack))
    options = ("--resume-from", str(resumed / "checkpoints/step-3.bin.json"))
    code, _out, err = run("pack", "training", str(resumed), "--into", str(pack.folder), *options)
    assert code == 0, err
    assert pack.value(RUN, "/resumed_step") == 3
    assert pack.value(RUN, "/resumed_from/path") == "training/checkpoints/step-3.bin"
    assert {item["role"] for item in pack.json(FILES)["files"] if "checkpoints" in item["path"]} == {"checkpoint"}
    measured = pack.json(EVAL)
    measured = {name: value for name, value in measured.items() if name in MetricsFile.model_fields}
    metrics = resumed.parent / "all.json"
    metrics.write_text(dump_json(measured | {"schema_version": "1.0.0"}), encoding="utf-8")
    code, _out, err = run("pack", "eval", str(pack.folder), "--metrics", str(metrics))
    assert code == 0, err
    assert pack.value(EVAL, "/resumed_step") == 3
    code, _out, err = run("pack", "release", str(pack.folder), "--profile", "paper-demo")
    assert code == 0, err
    assert pack.verify().findings == ()
    assert "The run went on from a checkpoint at step 3." in (pack / "training/training_run_card.md").read_text()


def test_a_checkpoint_from_elsewhere_comes_into_the_pack(pack: PackBuilder, resumed: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (resumed / "checkpoints/step-3.bin").rename(tmp_path / "old/step-3.bin")
    write_checkpoint(tmp_path, "old/step-3.bin", run=identity(pack), step=3)
    package_run(resumed, pack.folder, resume_from=tmp_path / "old/step-3.bin.json")
    assert (pack / "training/checkpoints/step-3.bin").read_bytes() == b"state"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"run_id": "train-2"}, "another run: train-2, this run has train-1"),
        ({"dataset_snapshot_id": "digits-2"}, "another dataset snapshot: digits-2"),
        ({"config_sha256": "d" * 64}, "another configuration"),
        ({"splits": ()}, "another split"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    changed: dict[str, Any], message: str, pack: PackBuilder, resumed: Path, run: Run
) -> None:
    other = identity(pack, **changed)
    if not other.splits:
        renamed = (split.model_copy(update={"name": "all"}) for split in identity(pack).splits)
        other = identity(pack, splits=tuple(renamed))
    write_checkpoint(resumed, "checkpoints/step-3.bin", run=other, step=3)
    before = contents(pack.folder)
    options = ("--resume-from", str(resumed / "checkpoints/step-3.bin.json"))
    code, _out, err = run("pack", "training", str(resumed), "--into", str(pack.folder), *options)
    assert code == ExitCode.FINDINGS
    assert message in err
    assert contents(pack.folder) == before


def test_an_exchanged_state_and_another_step_are_refused(pack: PackBuilder, resumed: Path) -> None:
    place = resumed / "checkpoints/step-3.bin.json"
    write_checkpoint(resumed, "checkpoints/step-3.bin", run=identity(pack), step=2)
    with pytest.raises(PackError, match="saved at step 2"):
        package_run(resumed, pack.folder, resume_from=place)
    (resumed / "checkpoints/step-3.bin").write_bytes(b"other")
    with pytest.raises(ResumeError, match="is not the state"):
        read_checkpoint(place)
    written(place, {"run_id": "x"})
    with pytest.raises(PackError, match="is missing"):
        read_checkpoint(place)


def test_a_log_without_the_resumed_step_is_refused(pack: PackBuilder, resumed: Path) -> None:
    write_checkpoint(resumed, "checkpoints/step-3.bin", run=identity(pack), step=3)
    (resumed / "log.jsonl").write_text('{"step": 4, "name": "loss", "value": 0.2}\n')
    with pytest.raises(PackError, match="does not tell the step"):
        package_run(resumed, pack.folder, resume_from=resumed / "checkpoints/step-3.bin.json")


def test_a_run_manifest_needs_the_recorded_outputs(pack: PackBuilder) -> None:
    pack.write("model/weights.bin", b"other")
    with pytest.raises(PackError, match="not the file that the training run wrote"):
        write_run_manifest(pack.folder)
    pack.remove(RUN)
    with pytest.raises(PackError, match="no training run"):
        write_run_manifest(pack.folder)


def test_a_checkpoint_reads_as_it_was_written(pack: PackBuilder, tmp_path: Path) -> None:
    (tmp_path / "state.bin").write_bytes(b"state")
    made = write_checkpoint(tmp_path, "state.bin", run=identity(pack), step=9)
    assert made == read_checkpoint(tmp_path / "state.bin.json")
    assert parse_json((tmp_path / "state.bin.json").read_bytes())["path"] == "state.bin"
