"""Repair brings a pack back to what was recorded; it never edits a value, and never touches a registered pack."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from complete_pack import CompletePack
from pack_builder import EVAL, PackBuilder
from proofpress.cli import main
from proofpress.evidence.dvc import LOCK
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json
from proofpress.repair.plan import remaining
from proofpress.repair.repair import Repair, repair_pack
from registering import register

DATA, SPLITS, RUN = "dataset/dataset_package.json", "dataset/split_integrity.json", "training/training_run.json"
KEYS = "dataset/keys/record/train.txt"


@pytest.fixture
def run(pack: PackBuilder, tmp_path: Path) -> Path:
    """The recorded run: an intact copy of the pack, as a builder left it."""
    return Path(shutil.copytree(pack.folder, tmp_path / "run"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def repaired(pack: PackBuilder, run: Path | None, *, apply: bool = False, into: Path | None = None) -> Repair:
    return repair_pack(pack.root.parent, pack.folder, run=run, apply=apply, into=into)


def steps(done: Repair, action: str) -> list[tuple[str, str]]:
    return [(step.path, step.reason) for step in done.steps if step.action == action]


def other_run(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/parameters/threshold", Number("0.65")).corrupt(EVAL, "/training_run_id", "train-2").reseal()


def wrong_parameters(pack: PackBuilder) -> None:
    pack.replace(PARAMS, "threshold: 0.50", "threshold: 0.65").reseal(bindings=False)


def wrong_training(pack: PackBuilder) -> None:
    pack.corrupt(RUN, "/run_id", "train-2").reseal(bindings=False)


def wrong_weights(pack: PackBuilder) -> None:
    pack.write("model/weights.bin", b"\x01" * 64).reseal(bindings=False)


def edited_metric(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/rows/0/value", Number("0.9"))


def wrong_lock(pack: PackBuilder) -> None:
    pack.replace(LOCK, "depth: 2", "depth: 3").reseal(bindings=False)


def lost_keys(pack: PackBuilder) -> None:
    pack.remove(KEYS)


CASES: dict[str, tuple[Callable[[PackBuilder], None], str]] = {
    "metrics of another run": (other_run, EVAL),
    "parameters that nobody ran": (wrong_parameters, PARAMS),
    "the record of another run": (wrong_training, RUN),
    "weights of another run": (wrong_weights, "model/weights.bin"),
    "a metric edited by hand": (edited_metric, EVAL),
    "the lock of another run": (wrong_lock, LOCK),
    "a file that is gone": (lost_keys, KEYS),
}


@pytest.mark.parametrize("case", CASES)
def test_the_wrong_file_alone_is_copied_again(case: str, pack: PackBuilder, run: Path) -> None:
    damage, path = CASES[case]
    damage(pack)
    before = bytes_of(pack.folder)
    plan = repaired(pack, run)
    assert bytes_of(pack.folder) == before, "a plan writes nothing"
    assert [where for where, _reason in steps(plan, "recopy")] == [path]
    assert plan.whole
    assert not plan.applied
    done = repaired(pack, run, apply=True)
    assert done.steps == plan.steps
    assert pack.verify().errors == ()
    (pack / "review.md").unlink()
    left = {name for name, data in bytes_of(pack.folder).items() if (run / name).read_bytes() != data}
    assert left <= {"manifest.json", "SHA256SUMS"}, "all but the manifest, which lists the note, is as recorded"


def test_documents_that_were_bound_to_the_wrong_file_are_copied_too(pack: PackBuilder, run: Path) -> None:
    wrong_weights(pack)
    pack.reseal()
    done = repaired(pack, run, apply=True)
    assert done.whole
    assert {path for path, _reason in steps(done, "recopy")} == {
        "model/weights.bin",
        "training/training_run_manifest.json",
        "demo/runtime_preflight_report.json",
        "demo/terminal_demo_manifest.json",
    }
    assert len({(step.action, step.path) for step in done.steps}) == len(done.steps)
    assert pack.verify().errors == ()


@pytest.mark.parametrize(
    ("path", "pointer", "value", "command"),
    [
        ("training/training_run_manifest.json", "/files/0/role", "other", "proofpress pack training"),
        ("training/training_preflight_report.json", "/ok", False, "proofpress preflight"),
        ("interface.json", "/model_id", "sha256:" + "d" * 64, "proofpress pack interface"),
        ("assurance/traceability.json", "/training_run_id", "train-2", "proofpress pack assurance"),
        ("demo/batch_receipt_report.json", "/n", 2, "proofpress demo run"),
        ("dataset/dataset_snapshot_report.json", "/spec_sha256", "d" * 64, "proofpress pack dataset"),
        ("model/efficiency_report.json", "/run_id", "eval-2", "proofpress pack efficiency"),
    ],
)
def test_each_document_has_the_command_that_writes_it(
    path: str, pointer: str, value: object, command: str, pack: PackBuilder
) -> None:
    pack.with_everything()
    assert pack.verify().errors == ()
    pack.corrupt(path, pointer, value).reseal(bindings=False)
    assert command in {step.command for step in repaired(pack, None).steps if step.path == path}


@pytest.mark.parametrize(
    ("path", "pointer", "value", "command"),
    [
        ("readiness/readiness_report.json", "/evaluation_run_id", "eval-2", "proofpress readiness --assess"),
        ("readiness/suite_report.json", "/ok", False, "proofpress readiness --execute"),
        (EVAL, "/inputs/0/size", 1, "proofpress pack eval"),
    ],
)
def test_what_was_measured_is_measured_again(
    path: str, pointer: str, value: object, command: str, whole: CompletePack
) -> None:
    whole.corrupt(path, pointer, value).reseal()
    evidence = whole.load().evidence
    found = [remaining(finding, evidence, None) for finding in whole.verify().errors]
    assert (path, command) in {(step.path, step.command) for step in found}


def test_without_a_run_it_says_what_to_run_again(pack: PackBuilder) -> None:
    other_run(pack)
    before = bytes_of(pack.folder)
    done = repaired(pack, None, apply=True)
    assert [(step.action, step.path, step.command) for step in done.steps] == [
        ("rerun", EVAL, "proofpress pack eval"),
    ]
    assert {item.rule for item in done.left} == {"IDN005", "PAR001"}
    assert bytes_of(pack.folder) == before


def test_the_training_command_is_the_recorded_one(pack: PackBuilder) -> None:
    wrong_weights(pack)
    commands = {step.path: step.command for step in repaired(pack, None).steps if step.action == "rerun"}
    assert commands[RUN] == "python train.py --depth 2"


def test_sealing_never_hides_an_edited_file(pack: PackBuilder) -> None:
    edited_metric(pack)
    pack.remove("model/eval_report.md")
    done = repaired(pack, None, apply=True)
    assert not done.sealed
    assert ("INT001", EVAL) in {(item.rule, item.file) for item in pack.verify().errors}
    assert "proofpress pack eval" in [step.command for step in done.steps if step.path == EVAL]


def test_derivable_files_need_no_run(pack: PackBuilder) -> None:
    pack.corrupt(SPLITS, "/overlaps/0/n", 1).corrupt(SPLITS, "/keys/0/files/0/n", 9)
    pack.corrupt(DATA, "/splits/0/keys_sha256", "d" * 64).reseal(bindings=False)
    pack.replace("model/model_card.md", "Tells even", "Always tells even").remove("demo/SHA256SUMS")
    done = repaired(pack, None, apply=True)
    assert done.whole
    assert {path for path, _rule in steps(done, "regenerate")} >= {
        SPLITS,
        DATA,
        "model/model_card.md",
        "demo/SHA256SUMS",
        "manifest.json",
    }
    assert pack.verify().errors == ()
    assert pack.value(SPLITS, "/overlaps/0/n") == 0
    assert pack.value(SPLITS, "/keys/0/files/0/n") == 4


def test_keys_that_are_not_the_snapshots_give_nothing(pack: PackBuilder) -> None:
    text = b"r10\nr11\nr12\nr14\n"
    pack.write(KEYS, text).reseal()
    done = repaired(pack, None)
    assert SPLITS not in {path for path, _rule in steps(done, "regenerate")}
    assert not done.whole
    assert sha256(text).hexdigest() != pack.value(SPLITS, "/keys/0/files/0/sha256")


def test_a_missing_manifest_is_added(pack: PackBuilder, run: Path) -> None:
    other_run(pack)
    pack.remove("manifest.json").remove("SHA256SUMS")
    done = repaired(pack, run, apply=True)
    assert done.whole
    assert ("manifest.json", "SCH005") in steps(done, "regenerate")
    assert pack.verify().errors == ()


def test_another_run_is_set_aside(pack: PackBuilder, run: Path) -> None:
    other_run(pack)
    other = json.loads((run / RUN).read_text())
    (run / RUN).write_text(json.dumps({**other, "run_id": "train-9"}))
    done = repaired(pack, run)
    assert steps(done, "recopy") == []
    assert any("holds training run train-9, the pack is of training run train-1" in step.why for step in done.steps)
    assert not done.whole


def test_a_changed_file_of_the_run_counts_for_nothing(pack: PackBuilder, run: Path) -> None:
    wrong_weights(pack)
    (run / "model/weights.bin").write_bytes(b"\x02" * 64)
    done = repaired(pack, run)
    assert steps(done, "recopy") == []
    assert not done.whole


def test_a_stranger_among_the_files_is_for_people(pack: PackBuilder) -> None:
    pack.write("notes.txt", "text\n")
    done = repaired(pack, None, apply=True)
    assert [(step.action, step.path, step.reason) for step in done.steps] == [("review", "notes.txt", "INT003")]
    assert (pack / "notes.txt").exists()


def test_the_note_says_what_failed_what_changed_and_what_to_use(pack: PackBuilder, run: Path) -> None:
    pack.write("review.md", "# Why\n\nIt beats the majority.\n").reseal()
    other_run(pack)
    repaired(pack, run, apply=True)
    note = (pack / "review.md").read_text(encoding="utf-8")
    assert note.startswith("# Why\n\nIt beats the majority.\n\n## Repair of digits-v0.1.0-tiny-r1\n")
    assert "metrics came from a run with threshold 0.65, the promoted parameters (training/params.yaml)" in note
    assert "`model/eval_metrics.json` was copied again" in note
    assert "Only the files that `manifest.json` of this bundle lists. `proofpress verify` passes." in note
    roles = {item["path"]: item["role"] for item in pack.json("manifest.json")["files"]}
    assert roles["review.md"] == "review"
    other_run(pack)
    repaired(pack, run, apply=True)
    assert (pack / "review.md").read_text(encoding="utf-8") == note, "a second repair replaces its own section"


def test_the_note_quotes_no_refused_text(pack: PackBuilder, run: Path) -> None:
    pack.corrupt("release.json", "/keywords", ["TODO", "/home/someone/x"]).reseal()
    done = repaired(pack, run, apply=True)
    assert done.whole
    note = (pack / "review.md").read_text(encoding="utf-8")
    assert "/home/someone" not in note
    assert "TODO" not in note


def test_a_registered_pack_gets_a_new_bundle(pack: PackBuilder, run: Path, tmp_path: Path) -> None:
    register(tmp_path, pack.release_id)
    other_run(pack)
    before = bytes_of(pack.folder)
    with pytest.raises(Exception, match="its repair is the bundle"):
        repaired(pack, run, into=tmp_path / "packs/digits/mended")
    done = repaired(pack, run, apply=True)
    assert done.registered
    assert done.whole
    assert done.target == pack.folder.with_name(f"{pack.release_id}.b2")
    assert bytes_of(pack.folder) == before
    release = parse_json((done.target / "release.json").read_bytes())
    assert (release["bundle"], release["release_id"]) == (2, pack.release_id)
    assert main(["-C", str(tmp_path), "verify", f"packs/digits/{pack.release_id}.b2"]) == 0
    again = repaired(pack, run)
    assert again.target.name == f"{pack.release_id}.b3"


def test_into_a_new_folder(pack: PackBuilder, run: Path, tmp_path: Path) -> None:
    other_run(pack)
    before = bytes_of(pack.folder)
    done = repaired(pack, run, apply=True, into=tmp_path / "packs/digits" / f"{pack.release_id}.b2")
    assert done.whole
    assert bytes_of(pack.folder) == before
    with pytest.raises(Exception, match="is there already"):
        repaired(pack, run, into=done.target)


def test_the_command(pack: PackBuilder, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def call(*arguments: str) -> tuple[int, str]:
        code = main(["-C", str(tmp_path), "repair", f"packs/digits/{pack.release_id}", *arguments])
        found = capsys.readouterr()
        assert "Traceback" not in found.out + found.err
        return code, found.out + found.err

    assert call()[0] == 0
    other_run(pack)
    code, out = call("--run", "run")
    assert code == 0
    assert f"recopy     {EVAL}  (IDN005)" in out
    assert "is not written yet (--apply): it would verify" in out
    code, out = call("--format", "json")
    report: dict[str, Any] = json.loads(out)
    assert code == 1
    assert (report["verifies"], report["applied"], report["registered"]) == (False, False, False)
    assert {item["action"] for item in report["steps"]} == {"rerun"}
    assert call("--run", "nowhere")[0] == 4
    assert call("--run", "run", "--apply")[0] == 0
    assert main(["-C", str(tmp_path), "repair", "packs/digits/none"]) == 2
