"""Demos really run: in a clean folder, bounded, and nothing is recorded of a run that did not do what it declares."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack.conftest import Run
from pack_builder import ANSWERS, PackBuilder
from proofpress.errors import ExitCode
from proofpress.evidence.demo import DemoRun
from proofpress.pack import clean_run
from proofpress.pack.clean_run import RunError, run_clean
from proofpress.pack.demo import rerun_demo, run_demo
from proofpress.pack.model import ModelBytes, model_id_of, write_model
from proofpress.pack.writer import PackError, write_bytes
from registering import register

DEMO, RUNTIME = "demo/terminal_demo_manifest.json", "demo/runtime_preflight_report.json"
REPORT, RECEIPTS = "demo/batch_receipt_report.json", "demo/receipts.jsonl"
AT = "2026-03-01T09:45:00Z"


def contents(folder: Path) -> dict[str, bytes]:
    return {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def demo(folder: Path, script: str, **options: Any) -> DemoRun:
    """Run a script as the demo of a tiny release."""
    model = (ModelBytes(path="weights.bin", role="weights", data=b"w"),)
    model_id = write_model(folder, model_format="bytes", files=model)
    write_bytes(folder, "demo/run.py", script.encode())
    write_bytes(folder, "demo/in.txt", b"two words")
    write_bytes(folder, "demo/not_given.txt", b"secret")
    given: dict[str, Any] = {
        "release_id": "tiny-v0.1.0-r1",
        "model_id": model_id,
        "command": ["python", "demo/run.py"],
        "inputs": ["demo/run.py", "demo/in.txt"],
        "at": "2026-11-01T00:00:00Z",
        "claim_boundary": ["Shows that it runs."],
    }
    return run_demo(folder, **(given | options))


def test_a_demo_really_runs_with_model_and_inputs_alone(tmp_path: Path) -> None:
    found = demo(
        tmp_path,
        "import os, pathlib\nwords = pathlib.Path('demo/in.txt').read_text().split()\n"
        "pathlib.Path('demo/out.txt').write_text(words[1])\n"
        "print(sorted(p.as_posix() for p in pathlib.Path('.').rglob('*') if p.is_file()))\n"
        "print(sorted(os.environ))\n",
        outputs=["demo/out.txt"],
    )
    files, environment = found.stdout.splitlines()
    assert files == "['demo/in.txt', 'demo/out.txt', 'demo/run.py', 'model/weights.bin']"
    assert environment == "['LC_ALL', 'PATH', 'PYTHONHASHSEED']"
    assert [item.path for item in found.inputs] == ["demo/in.txt", "demo/run.py", "model/weights.bin"]
    assert [item.path for item in found.outputs] == ["demo/out.txt"]
    assert (tmp_path / "demo/out.txt").read_text() == "words"
    assert found.runtime_preflight is not None
    assert found.runtime_preflight.ok
    assert found.receipts is None


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no luck')", "exit code 1: no luck"),
        ("pass", "did not write demo/out.txt"),
        ("open('demo/in.txt', 'w').write('other')", "changed its input"),
        ("open('model/weights.bin', 'w').write('other')", "changed its input"),
        ("open('release.json', 'w').write('{}'); open('demo/out.txt', 'w')", r"wrote release\.json"),
        ("open('demo/transcript.md', 'w').write('x'); open('demo/out.txt', 'w')", r"wrote demo/transcript\.md"),
        ("import os; os.symlink('in.txt', 'demo/out.txt')", "not a regular file"),
        ("open('demo/out.txt', 'w').write('/home/someone/x')", "private path"),
        ("open('demo/out.txt', 'w'); print('/home/someone/x')", "private path"),
        ("print('x' * 200_000)", "printed more than"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "not UTF-8"),
        ("open('demo/out.txt', 'w').truncate(1 << 40)", "wrote more than"),
        ("import time; time.sleep(60)", "did not end within 1 seconds"),
    ],
)
def test_a_run_that_does_not_do_what_it_declares_leaves_the_pack(script: str, message: str, tmp_path: Path) -> None:
    demo(tmp_path, "open('demo/out.txt', 'w').write('first')", outputs=["demo/out.txt"])
    before = contents(tmp_path)
    with pytest.raises(PackError, match=message):
        demo(tmp_path, script, outputs=["demo/out.txt"], seconds=1)
    write_bytes(tmp_path, "demo/run.py", before["demo/run.py"])
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_id": "sha256:" + "0" * 64}, "model/manifest.json: sha256 0000"),
        ({"inputs": ["demo/run.py", "demo/none.txt"]}, "demo/none.txt: a file of the pack is required"),
        ({"command": ["no-such-program"]}, "program: no-such-program is required, found none"),
        ({"command": []}, "needs a command"),
        ({"inputs": ["demo/run.py", "demo/receipts.jsonl"]}, "can't be an input"),
        ({"at": "yesterday"}, "checked_at: not a UTC time"),
    ],
)
def test_a_demo_that_can_not_run(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=message):
        demo(tmp_path, "pass", **options)
    assert not (tmp_path / DEMO).exists()


def test_an_exchanged_model_file_is_noticed(tmp_path: Path) -> None:
    demo(tmp_path, "pass")
    (tmp_path / "model/weights.bin").write_bytes(b"x")
    with pytest.raises(RunError, match=r"model/weights\.bin: sha256"):
        run_demo(
            tmp_path,
            release_id="tiny-v0.1.0-r1",
            model_id=model_id_of(tmp_path),
            command=["python", "demo/run.py"],
            inputs=["demo/run.py"],
            at=AT,
            claim_boundary=["Shows that it runs."],
        )


def test_what_a_command_left_running_is_ended(tmp_path: Path) -> None:
    script = "import subprocess\nsubprocess.Popen(['sleep', '60'])\nprint('done')\n"
    (tmp_path / "run.py").write_text(script)
    start = time.monotonic()
    assert run_clean(tmp_path, ["python", "run.py"], ["run.py"]).stdout == "done\n"
    assert time.monotonic() - start < 30


def test_an_earlier_runs_outputs_are_not_there_and_go(tmp_path: Path) -> None:
    demo(tmp_path, "open('demo/old.txt', 'w').write('old')")
    found = demo(tmp_path, "import os; open('demo/new.txt', 'w').write(str(os.path.exists('demo/old.txt')))")
    assert [item.path for item in found.outputs] == ["demo/new.txt"]
    assert (tmp_path / "demo/new.txt").read_text() == "False"
    assert not (tmp_path / "demo/old.txt").exists()


def test_rows_have_receipts(tmp_path: Path) -> None:
    write_bytes(tmp_path, "demo/rows.jsonl", b'{"n": 1}\n{"n": 2}\n')
    script = "open('demo/out.jsonl', 'w').write('{\"m\": 2}\\n{\"m\": 4}\\n')"
    found = demo(tmp_path, script, inputs=["demo/run.py", "demo/rows.jsonl"])
    assert found.receipts is not None
    assert found.receipts.n == 2
    first, second = (json.loads(line) for line in (tmp_path / RECEIPTS).read_text().splitlines())
    assert first["input_sha256"] == hashlib.sha256(b'{"n": 1}').hexdigest()
    assert second["output_sha256"] == hashlib.sha256(b'{"m": 4}').hexdigest()
    assert second["model_id"] == found.model_id
    assert json.loads((tmp_path / REPORT).read_text())["input_rows"] == 2


@pytest.mark.parametrize("answers", ['{"m": 2}\\n', '{"m": 2}\\n' * 3])
def test_a_row_without_receipt_is_refused(answers: str, tmp_path: Path) -> None:
    write_bytes(tmp_path, "demo/rows.jsonl", b'{"n": 1}\n{"n": 2}\n')
    with pytest.raises(RunError, match="not each has its receipt"):
        demo(tmp_path, f"open('demo/out.jsonl', 'w').write('{answers}')", inputs=["demo/run.py", "demo/rows.jsonl"])


def test_rows_that_no_pack_may_hold_are_refused_at_once(tmp_path: Path) -> None:
    options = {"inputs": ["demo/run.py", "demo/rows.jsonl"]}
    write_bytes(tmp_path, "demo/rows.jsonl", b'{"key": "b"}\n{"key": "a"}\n')
    with pytest.raises(RunError, match=r"demo/rows.jsonl, line 2: keys are not sorted") as caught:
        demo(tmp_path, "open('demo/never.txt', 'w')", **options)
    assert "sorted by 'key'" in (caught.value.hint or "")
    write_bytes(tmp_path, "demo/rows.jsonl", b'{"key": "a"}\n')
    with pytest.raises(RunError, match=r"demo/out.jsonl, .*no line feed"):
        demo(tmp_path, "open('demo/out.jsonl', 'w').write('{}')", **options)
    assert not (tmp_path / DEMO).exists()


def test_declared_rows_may_be_of_any_files(tmp_path: Path) -> None:
    write_bytes(tmp_path, "demo/rows.csv", b"1\n2\n")
    script = "open('demo/out.csv', 'w').write('2\\n4\\n')"
    options = {"inputs": ["demo/run.py", "demo/rows.csv"], "rows": ("demo/rows.csv", "demo/out.csv")}
    found = demo(tmp_path, script, **options)
    assert found.receipts is not None
    with pytest.raises(RunError, match="have no receipts"):
        demo(tmp_path, script, **(options | {"rows": ("demo/rows.csv", "demo/other.csv")}))


def test_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path, "demo/rows.jsonl", b'{"n": 1}\n' * 10_000)
    script = "open('demo/out.jsonl', 'w').write(open('demo/rows.jsonl').read())"
    with pytest.raises(RunError, match="take more than"):
        demo(tmp_path, script, inputs=["demo/run.py", "demo/rows.jsonl"])
    monkeypatch.setattr(clean_run, "MAX_WRITTEN_BYTES", 10)
    with pytest.raises(RunError, match="wrote more than 10 bytes"):
        demo(tmp_path, script, inputs=["demo/run.py", "demo/rows.jsonl"])


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_pack_runs_its_own_demo_again_and_verifies(pack: PackBuilder, run: Run) -> None:
    folder = str(pack.folder)
    code, out, _err = run("demo", "run", folder, "--at", AT)
    assert code == 0
    assert out.split()[1::2] == [ANSWERS, REPORT, RECEIPTS, RUNTIME, DEMO]
    assert run("pack", "release", folder, "--profile", "paper-demo")[0] == 0
    assert pack.verify().findings == ()
    assert "| `demo/inputs.jsonl` |" in (pack / "demo/transcript.md").read_text()
    assert run("demo", "verify", folder)[:2] == (0, f"same     {folder}\n")


def test_run_reports_what_it_wrote(pack: PackBuilder, run: Run) -> None:
    _code, out, _err = run("demo", "run", str(pack.folder), "--at", AT, "--format", "json")
    report = json.loads(out)
    assert report["schema"] == "proofpress.written/1"
    for item in report["outputs"]:
        assert item["sha256"] == hashlib.sha256((pack / item["path"]).read_bytes()).hexdigest()


def declare(pack: PackBuilder, run: Run, script: str, *options: str) -> tuple[int, str, str]:
    pack.write("demo/other.py", script)
    declared = ("--command", "python demo/other.py", "--input", "demo/other.py", "--boundary", "Nothing at all.")
    return run("demo", "run", str(pack.folder), *declared, *options)


def test_a_demo_may_be_declared_by_options(pack: PackBuilder, run: Run) -> None:
    script = "open('demo/out.txt', 'w').write('x')"
    assert declare(pack, run, script, "--output", "demo/out.txt", "--note", "Here.")[0] == 0
    assert pack.value(DEMO, "/environment_note") == "Here."
    assert not (pack / ANSWERS).exists()
    assert not (pack / RECEIPTS).exists()
    assert run("demo", "run", str(pack.folder))[0] == 0
    assert pack.value(DEMO, "/claim_boundary") == ["Nothing at all."]


@pytest.mark.parametrize(
    ("script", "options", "message"),
    [
        ("raise SystemExit(3)", (), "exit code 3"),
        ("pass", ("--output", "demo/out.txt"), "did not write demo/out.txt"),
        ("import time; time.sleep(30)", ("--timeout", "1"), "did not end within 1 seconds"),
    ],
)
def test_a_failing_demo_exits_with_1(
    script: str, options: tuple[str, ...], message: str, pack: PackBuilder, run: Run
) -> None:
    before = contents(pack.folder)
    code, _out, err = declare(pack, run, script, *options)
    assert code == ExitCode.FINDINGS
    assert message in err
    (pack / "demo/other.py").unlink()
    assert contents(pack.folder) == before


@pytest.mark.parametrize(
    "options",
    [("--rows", "demo/inputs.jsonl"), ("--command", "'"), ("--command", " ")],
)
def test_usage(options: tuple[str, ...], pack: PackBuilder, run: Run) -> None:
    assert run("demo", "run", str(pack.folder), *options)[0] == ExitCode.USAGE


def test_a_pack_without_a_demo(pack: PackBuilder, run: Run) -> None:
    pack.remove(DEMO)
    assert run("demo", "run", str(pack.folder))[0] == ExitCode.USAGE
    assert run("demo", "verify", str(pack.folder))[0] == ExitCode.USAGE
    assert run("demo", "verify", "packs/none")[0] == ExitCode.USAGE


def test_a_registered_pack_is_never_touched(pack: PackBuilder, run: Run) -> None:
    register(pack.root.parent, pack.release_id)
    before = contents(pack.folder)
    code, _out, err = run("demo", "run", str(pack.folder))
    assert (code, "registered" in err) == (ExitCode.USAGE, True)
    assert contents(pack.folder) == before


def edit_output(pack: PackBuilder) -> None:
    pack.corrupt(DEMO, "/outputs/0/sha256", "d" * 64)


def edit_script(pack: PackBuilder) -> None:
    pack.replace("demo/predict.py", "odd", "strange")


def edit_exit_code(pack: PackBuilder) -> None:
    pack.corrupt(DEMO, "/exit_code", 4)


def edit_model(pack: PackBuilder) -> None:
    pack.corrupt("model/manifest.json", "/format", "another table")


def edit_command(pack: PackBuilder) -> None:
    pack.corrupt(DEMO, "/command", ["no-such-program"])


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (edit_output, f"{ANSWERS}: recorded {'d' * 64}"),
        (edit_script, "demo/predict.py: recorded"),
        (edit_exit_code, "exit code: recorded 4, found 0"),
        (edit_model, "model/manifest.json: recorded sha256:"),
        (edit_command, "'no-such-program' can't be run"),
    ],
)
def test_a_difference_is_named(edit: Callable[[PackBuilder], None], named: str, pack: PackBuilder, run: Run) -> None:
    edit(pack)
    before = contents(pack.folder)
    code, out, _err = run("demo", "verify", str(pack.folder))
    assert code == ExitCode.FINDINGS
    assert named in out
    code, out, _err = run("demo", "verify", str(pack.folder), "--format", "json")
    report = json.loads(out)
    assert (code, report["same"], len(report["differences"])) == (1, False, 1)
    assert contents(pack.folder) == before


def test_a_demo_that_only_prints_is_compared_by_what_it_prints(tmp_path: Path) -> None:
    demo(tmp_path, "import os; print(len(os.listdir('demo')))")
    assert rerun_demo(tmp_path) == ()
    demo(tmp_path, "import time; print(time.time_ns())")
    (difference,) = rerun_demo(tmp_path)
    assert difference.startswith("stdout")


def test_a_command_can_not_see_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFPRESS_SECRET", "x")
    assert "PROOFPRESS_SECRET" in os.environ
    assert demo(tmp_path, "import os; print('PROOFPRESS_SECRET' in os.environ)").stdout == "False\n"
