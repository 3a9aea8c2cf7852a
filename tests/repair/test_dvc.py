"""DVC's recorded state: `dvc.lock` as DVC writes it, and a real `dvc repro` where DVC is installed."""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pack_builder import PackBuilder
from proofpress.evidence.dvc import LOCK
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.values import Number
from proofpress.ingest.dvc import read_lock, read_pipeline
from proofpress.ingest.strict import StrictError
from proofpress.repair.repair import Repair, repair_pack
from proofpress.repair.run import open_run

PARAMETERS = "train:\n  depth: 2\nthreshold: 0.50\n"
PIPELINE = """stages:
  train:
    cmd: python3 train.py
    deps: [train.py]
    params: [train, threshold]
    outs: [out/weights.bin]
    metrics:
      - out/metrics.json:
          cache: false
    plots: [out/roc.csv]
  report:
    foreach: [a, b]
    do:
      cmd:
        - echo ${item} > "report ${item}.txt"
        - echo "a line that is so long that a writer of YAML breaks it in two ${item}" >> "report ${item}.txt"
      deps: [out/metrics.json]
      outs: ["report ${item}.txt"]
"""
SCRIPT = """import json
import pathlib
import re

threshold = re.search("threshold: (.*)", pathlib.Path("params.yaml").read_text())[1]
out = pathlib.Path("out")
out.mkdir(exist_ok=True)
(out / "weights.bin").write_bytes(bytes([0, 1]) * 32)
(out / "metrics.json").write_text(json.dumps({"accuracy": 0.75, "threshold": float(threshold)}) + "\\n")
(out / "roc.csv").write_bytes(b"fpr,tpr\\r\\n0,0\\r\\n1,1\\r\\n")
"""


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def make_project(folder: Path) -> Path:
    """A DVC project that has not run yet."""
    folder.mkdir()
    (folder / "params.yaml").write_text(PARAMETERS)
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "train.py").write_text(SCRIPT)
    return folder


def _entry(folder: Path, path: str) -> str:
    data = (folder / path).read_bytes()
    return f"    - path: {path}\n      hash: md5\n      md5: {md5(data)}\n      size: {len(data)}\n"


def run_by_hand(folder: Path) -> Path:
    """Run the stage and write its lock in DVC's documented form; outputs go into a cache as DVC keeps it."""
    subprocess.run([sys.executable, "train.py"], cwd=folder, check=True)
    outs = ("out/metrics.json", "out/roc.csv", "out/weights.bin")
    lock = "schema: '2.0'\nstages:\n  train:\n    cmd: python3 train.py\n    deps:\n" + _entry(folder, "train.py")
    lock += "    params:\n      params.yaml:\n        threshold: 0.5\n        train:\n          depth: 2\n"
    lock += "    outs:\n" + "".join(_entry(folder, path) for path in outs)
    (folder / "dvc.lock").write_text(lock)
    for path in outs[1:]:
        digest = md5((folder / path).read_bytes())
        place = folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
        place.parent.mkdir(parents=True)
        shutil.copy(folder / path, place)
    return folder


def run_by_dvc(folder: Path) -> Path:
    """Run the pipeline by DVC itself."""
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro", "-q"]):
        words = [sys.executable, "-m", *command] if command[0] == "dvc" and find_spec("dvc") else command
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return folder


HAS_DVC = shutil.which("dvc") is not None or find_spec("dvc") is not None


@pytest.fixture(params=["documented", "dvc"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project that has run, its lock by the documented form or by DVC."""
    folder = make_project(tmp_path / "project")
    if request.param == "documented":
        return run_by_hand(folder)
    if not HAS_DVC:
        pytest.skip("dvc is not installed here: pip install dvc, then run this test again")
    return run_by_dvc(folder)


@pytest.fixture
def promoted(pack: PackBuilder, project: Path) -> PackBuilder:
    """The pack with what was promoted from the project: weights, metrics, a plot, parameters and the lock."""
    for path in ("training/training_run.json", "model/model_package.json", "model/eval_metrics.json"):
        pack.corrupt(path, "/parameters", {"train": {"depth": 2}, "threshold": Number("0.50")})
    pack.write("training/params.yaml", (project / "params.yaml").read_bytes())
    pack.write(LOCK, (project / "dvc.lock").read_bytes())
    for path in ("out/metrics.json", "out/roc.csv"):
        pack.write(path, (project / path).read_bytes())
    return pack.preflighted().reseal()


def repaired(pack: PackBuilder, run: Path, *, apply: bool = True) -> Repair:
    return repair_pack(pack.root.parent, pack.folder, run=run, apply=apply, into=None)


def copied(done: Repair) -> list[tuple[str, str, str]]:
    return [(step.path, step.source, step.reason) for step in done.steps if step.action == "recopy"]


def test_promoted_files_are_those_of_the_run(promoted: PackBuilder) -> None:
    verdict = promoted.verify()
    assert verdict.findings == ()
    assert "LCK001" in verdict.passed


@pytest.mark.parametrize("path", ["out/metrics.json", "out/roc.csv", "model/weights.bin"])
def test_another_runs_file_is_refused_and_taken_back(path: str, promoted: PackBuilder, project: Path) -> None:
    whole = (promoted / path).read_bytes()
    promoted.write(path, whole.replace(b"0", b"1").replace(b"\x01", b"\x02")).reseal(bindings=False)
    assert ("LCK001", path) in {(item.rule, item.file) for item in promoted.verify().errors}
    done = repaired(promoted, project)
    name = path if path.startswith("out/") else "out/weights.bin"
    assert [item[:2] for item in copied(done)] == [(path, name)]
    assert done.whole
    assert (promoted / path).read_bytes() == whole


def test_an_output_that_is_gone_comes_from_the_cache(promoted: PackBuilder, project: Path) -> None:
    promoted.write("out/roc.csv", "fpr,tpr\n").reseal(bindings=False)
    (project / "out/roc.csv").write_text("spoiled\n")
    done = repaired(promoted, project)
    digest = md5(b"fpr,tpr\r\n0,0\r\n1,1\r\n")
    assert copied(done) == [("out/roc.csv", f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}", "LCK001")]
    assert done.whole


def test_an_output_that_nothing_holds_is_run_again_by_its_stage(promoted: PackBuilder, project: Path) -> None:
    promoted.write("out/metrics.json", "{}\n").reseal(bindings=False)
    (project / "out/metrics.json").write_text("{}\n")
    shutil.rmtree(project / ".dvc/cache", ignore_errors=True)
    done = repaired(promoted, project, apply=False)
    assert copied(done) == []
    assert [(step.action, step.path, step.command) for step in done.steps if step.action == "rerun"] == [
        ("rerun", "out/metrics.json", "dvc repro train")
    ]


def test_promoted_parameters_are_those_of_the_lock(promoted: PackBuilder, project: Path) -> None:
    promoted.replace(PARAMS, "depth: 2", "depth: 3").reseal(bindings=False)
    found = {(item.rule, item.file, item.pointer) for item in promoted.verify().errors}
    assert ("LCK001", LOCK, "/stages/train/params/params.yaml/train/depth") in found
    done = repaired(promoted, project)
    assert (PARAMS, "params.yaml") in [item[:2] for item in copied(done)]
    assert done.whole


def test_parameters_edited_after_the_run_are_not_recorded(promoted: PackBuilder, project: Path) -> None:
    promoted.replace(PARAMS, "depth: 2", "depth: 3").reseal(bindings=False)
    (project / "params.yaml").write_text(PARAMETERS.replace("depth: 2", "depth: 4"))
    done = repaired(promoted, project, apply=False)
    assert copied(done) == []
    assert not done.whole


def test_a_project_that_ran_otherwise_is_set_aside(promoted: PackBuilder, project: Path) -> None:
    promoted.write("out/roc.csv", "fpr,tpr\n").reseal(bindings=False)
    lock = (project / "dvc.lock").read_text().replace("threshold: 0.5", "threshold: 0.65")
    (project / "dvc.lock").write_text(lock)
    done = repaired(promoted, project, apply=False)
    assert copied(done) == []
    assert any("ran with threshold 0.65, the pack is of a run with threshold 0.50" in step.why for step in done.steps)


def test_a_lock_of_nothing_in_the_pack_is_refused(pack: PackBuilder) -> None:
    lock = f"schema: '2.0'\nstages:\n  other:\n    cmd: x\n    outs:\n    - path: other.bin\n      md5: {'a' * 32}\n"
    pack.write(LOCK, lock).reseal()
    assert [(item.rule, item.file, item.pointer) for item in pack.verify().findings] == [("LCK001", LOCK, "/stages")]


def test_large_artifacts_are_compared_too(pack: PackBuilder) -> None:
    data = b"\x03" * (1024 * 1024 + 1)
    lock = "schema: '2.0'\nstages:\n  big:\n    cmd: x\n    outs:\n    - path: big.bin\n      hash: md5\n      md5: "
    pack.write("big.bin", data).write(LOCK, f"{lock}{md5(data)}\n      size: {len(data)}\n").reseal()
    assert pack.verify().findings == ()
    pack.write("big.bin", data[:-1] + b"\x04").reseal()
    assert [(item.rule, item.file) for item in pack.verify().findings] == [("LCK001", "big.bin")]


@pytest.mark.parametrize("schema", ["", "schema: '2.0'\n"])
def test_older_locks_are_read(schema: str) -> None:
    body = f"train:\n  cmd: x\n  outs:\n  - path: a.txt\n    md5: {md5(b'a%sb' % bytes([10]))}\n    size: 4\n"
    text = f"{schema}stages:\n" + "".join(f"  {line}\n" for line in body.splitlines()) if schema else body
    (stage,) = read_lock(text.encode()).stages
    assert stage.outs[0].text, "before DVC 3, digests of texts were those of LF line ends"


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("[]\n", ""),
        ("schema: '3.0'\nstages: {}\n", "/schema"),
        ("schema: '2.0'\nstages: []\n", "/stages"),
        ("train: {cmd: 3}\n", "/train/cmd"),
        ("train: {cmd: x, outs: [{path: a, md5: zz}]}\n", "/train/outs/0/md5"),
        (f"train: {{cmd: x, outs: [{{path: 3, md5: {'a' * 32}}}]}}\n", "/train/outs/0/path"),
        (f"train: {{cmd: x, outs: [{{path: a, md5: {'a' * 32}, size: big}}]}}\n", "/train/outs/0/size"),
        ("train: {cmd: x, deps: {}}\n", "/train/deps"),
    ],
)
def test_what_is_no_lock_is_a_finding(text: str, pointer: str, pack: PackBuilder) -> None:
    with pytest.raises(StrictError) as caught:
        read_lock(text.encode())
    assert (caught.value.rule, caught.value.pointer) == ("SCH001", pointer)
    pack.write(LOCK, text).reseal()
    assert [(item.rule, item.file, item.pointer) for item in pack.verify().findings] == [("SCH001", LOCK, pointer)]


def test_a_pipeline_names_its_stages_and_outputs() -> None:
    train, report = read_pipeline(PIPELINE.encode())
    assert (train.name, train.commands) == ("train", ("python3 train.py",))
    assert train.outs == ("out/weights.bin", "out/metrics.json", "out/roc.csv")
    assert (report.name, report.outs) == ("report", ("report ${item}.txt",))


def test_records_that_cannot_be_read_are_told(promoted: PackBuilder, project: Path) -> None:
    promoted.write("out/roc.csv", "fpr,tpr\n").reseal(bindings=False)
    (project / "dvc.lock").write_text("a: &b 1\n")
    (project / "dvc.yaml").write_text("stages: 3\n")
    done = repaired(promoted, project, apply=False)
    assert [note.partition(" ")[0] for note in done.notes] == ["dvc.lock", "dvc.yaml"]
    assert not done.whole


def test_links_in_a_run_folder_are_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("x\n")
    folder = make_project(tmp_path / "project")
    (folder / "link.txt").symlink_to(secret)
    run = open_run(folder)
    assert "link.txt" not in run.sizes
    assert run.file("link.txt") is None


def test_a_lock_leads_out_of_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x\n")
    folder = make_project(tmp_path / "project")
    entry = f"md5: {md5(b'x' + bytes([10]))}\n      size: 2\n"
    lock = f"schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - path: ../secret.txt\n      {entry}"
    (folder / "dvc.lock").write_text(lock)
    run = open_run(folder)
    assert run.lock is not None
    assert run.counterpart("model/secret.txt") is None
    assert run.recorded("../secret.txt") is None


def test_a_plan_is_the_same_each_time(promoted: PackBuilder, project: Path) -> None:
    promoted.write("out/roc.csv", "fpr,tpr\n").reseal(bindings=False)

    def shown() -> Any:
        done = repaired(promoted, project, apply=False)
        return json.dumps([[getattr(step, name) for name in step.__slots__] for step in done.steps])

    assert shown() == shown()
