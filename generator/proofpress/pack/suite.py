"""The benchmark suite of a profile: planned, or really executed, each step bound to the files that it wrote."""

import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.model import ModelPackage
from proofpress.evidence.pack import CHECKSUMS, MANIFEST
from proofpress.evidence.readiness import SuiteReport, SuiteStep
from proofpress.pack.clean_run import end_session
from proofpress.pack.writer import PackError, clear, exact, kind_of, parse_document, produced, write_document

LIMIT_SECONDS: Final = 3600
FOLDER: Final = "readiness/"
"""Nothing in this folder is an input or output of a step: a suite never validates itself."""
_LABEL: Final = "proofpress.pack.suite"
_SHOWN_BYTES: Final = 4000
_BOUNDARY: Final = (
    "A suite that passed shows that its commands ended without error and wrote their files; whether the values in them "
    "are good is said by the evaluation and by readiness rows alone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteOutcome:
    """The report, and the last words of the step that failed, which are not evidence and stay with the caller."""

    report: SuiteReport
    last_words: str


def write_suite(
    folder: Path,
    steps: Sequence[SuiteStep],
    *,
    profile: str,
    at: str,
    execute: bool,
    work: Path | None = None,
    limit_seconds: float = LIMIT_SECONDS,
) -> SuiteOutcome:
    """Plan or execute the steps of a profile's suite and write `readiness/suite_report.json`.

    Commands run without a shell in the folder `work`, the pack's own unless given. Raises `PackError` when the
    declaration can't be executed: then nothing is cleared and nothing runs.
    """
    _check(steps, profile)
    package = folder / kind_of(ModelPackage).path
    if not package.exists():
        raise PackError("a suite measures a model: the folder has no model package", hint="run 'proofpress pack model'")
    model = parse_document(ModelPackage, package.read_bytes())
    clear_readiness(folder)
    runs, words = (
        _executed(folder, steps, work or folder, limit_seconds)
        if execute
        else ([{"step": step, "status": "planned"} for step in steps], "")
    )
    report = write_document(
        folder,
        SuiteReport,
        {
            "release_id": model.release_id,
            "model_id": model.model_id,
            "profile": profile,
            "mode": "execute" if execute else "plan",
            "ok": execute and all(run["status"] == "passed" for run in runs),
            "started_at": at,
            "steps": runs,
            "negative_findings": list(_negative(runs)),
            "claim_boundary": [_BOUNDARY],
        },
        generated_by=_LABEL,
    )
    return SuiteOutcome(report=report, last_words=words)


def clear_readiness(folder: Path) -> None:
    """Remove every report and decision of an earlier run."""
    below = folder / FOLDER
    clear(folder, [path.relative_to(folder).as_posix() for path in below.rglob("*") if not path.is_dir()])


def _check(steps: Sequence[SuiteStep], profile: str) -> None:
    """Refuse a declaration whose outputs could be something else than what its steps write."""
    if not steps:
        raise PackError(
            f"profile '{profile}' declares no suite", hint="declare 'readiness: {suite: [...]}' in the profile"
        )
    names = [step.name for step in steps]
    outputs = [path for step in steps for path in step.outputs]
    for what, items in (("step", names), ("output", outputs)):
        for item in sorted({item for item in items if items.count(item) > 1}):
            raise PackError(f"the suite declares the {what} '{item}' twice", hint="each is written by one step alone")
    later = set(outputs)
    for step in steps:
        for path in (*step.inputs, *step.outputs):
            if path.startswith(FOLDER) or path == MANIFEST or path.endswith(CHECKSUMS):
                raise PackError(
                    f"step '{step.name}' names {path}: a suite never reads or writes what judges it",
                    hint="the report and the manifest are written after the suite",
                )
        if early := sorted(later & set(step.inputs)):
            raise PackError(
                f"step '{step.name}' reads {early[0]}, which this or a later step writes",
                hint="order the steps so that files are written before they are read",
            )
        later -= set(step.outputs)


def _executed(
    folder: Path, steps: Sequence[SuiteStep], work: Path, limit_seconds: float
) -> tuple[list[dict[str, Any]], str]:
    # (1) nothing that an earlier run wrote can satisfy this one
    clear(folder, [path for step in steps for path in step.outputs])
    runs: list[dict[str, Any]] = []
    words = ""
    for step in steps:
        if runs and runs[-1]["status"] != "passed":
            runs.append({"step": step, "status": "skipped", "reason": "an earlier step did not pass"})
            continue
        run, words = _run(folder, step, work, limit_seconds)
        runs.append(run)
    # (2) what a step wrote is still what it wrote after the last step
    for run in runs:
        changed = [
            item["path"]
            for item in (*run.get("inputs", ()), *run.get("outputs", ()))
            if _trouble(folder, item["path"]) or produced(folder, item["path"]) != item
        ]
        if run["status"] == "passed" and changed:
            run |= {
                "status": "failed",
                "reason": f"a later step changed {', '.join(changed)}",
                "inputs": [],
                "outputs": [],
            }
    return runs, words


def _run(folder: Path, step: SuiteStep, work: Path, limit_seconds: float) -> tuple[dict[str, Any], str]:
    """Run one step. Returns its record and, when it failed, the end of what it printed."""
    for path in step.inputs:
        if problem := _trouble(folder, path):
            return {"step": step, "status": "failed", "reason": f"its input {path} {problem}"}, ""
    clear(folder, step.outputs)
    inputs = [produced(folder, path) for path in step.inputs]
    before = _marks(folder)
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        code, reason = _call(_words(step, folder), work, limit_seconds, said.fileno())
        said.seek(max(0, said.seek(0, os.SEEK_END) - _SHOWN_BYTES))
        words = said.read().decode("utf-8", "replace")
    if not reason and code != 0:
        reason = f"exit code {code}"
    if not reason:
        unwritten = [f"{path} {problem}" for path in step.outputs if (problem := _trouble(folder, path))]
        reason = f"its output {', '.join(unwritten)}" if unwritten else ""
    if not reason:
        after = _marks(folder)
        paths = before.keys() | after.keys()
        strange = sorted(path for path in paths - set(step.outputs) if before.get(path) != after.get(path))
        reason = f"it wrote or removed {', '.join(strange[:5])}, not among its outputs" if strange else ""
    run = {
        "step": step,
        "status": "failed" if reason else "passed",
        **({"exit_code": code} if code is not None else {}),
        "duration_seconds": exact(time.perf_counter() - start, 3),
        "inputs": inputs,
        "outputs": [] if reason else [produced(folder, path) for path in step.outputs],
        **({"reason": reason} if reason else {}),
    }
    return run, words if reason else ""


def _words(step: SuiteStep, folder: Path) -> list[str]:
    words = [word.replace("{pack}", str(folder.absolute())) for word in step.command]
    return [sys.executable, *words[1:]] if words[0] == "python" else words


def _call(words: Sequence[str], work: Path, limit_seconds: float, output: int) -> tuple[int | None, str]:
    """Run a command to its end, and end whatever it left running: that could write after it was judged."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the command of a reviewed profile, no shell
            words,
            cwd=work,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as exc:
        return None, f"the command could not be started: {exc.strerror or type(exc).__name__}"
    with process:
        try:
            return process.wait(limit_seconds), ""
        except subprocess.TimeoutExpired:
            return None, f"it did not end within {limit_seconds:g} seconds"
        finally:
            end_session(process)


def _marks(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What tells whether a file of the pack was written since: by path, its inode, size and time of change."""
    found = {}
    for item in folder.rglob("*"):
        state = item.lstat()
        if not stat.S_ISDIR(state.st_mode):
            found[item.relative_to(folder).as_posix()] = state.st_ino, state.st_size, state.st_mtime_ns
    return found


def _trouble(folder: Path, path: str) -> str:
    """Why a file that a step names can't be bound; empty when it is a regular file."""
    try:
        mode = (folder / path).lstat().st_mode
    except OSError:
        return "was not written" if not (folder / path).exists() else "can't be read"
    return "" if stat.S_ISREG(mode) else "is not a regular file"


def _negative(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the suite did not show."""
    for run in runs:
        if run["status"] in {"failed", "skipped"}:
            yield f"The step '{run['step'].name}' {run['status']}: {run['reason']}."
    if any(run["status"] == "planned" for run in runs):
        yield "No step was executed: this is a plan, and shows nothing of the model."
    else:
        yield "Each step ran at most once, so that variation between runs was not measured."
