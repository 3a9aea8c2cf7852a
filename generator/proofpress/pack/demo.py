"""A demo run: the command really runs, in a clean folder that holds nothing but packaged files."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from proofpress.evidence.demo import DemoRun
from proofpress.pack.training import produced
from proofpress.pack.writer import PackError, exact, write_bytes, write_document

_LABEL: Final = "proofpress.pack.demo"
_LIMIT_SECONDS: Final = 120


def run_demo(
    folder: Path,
    *,
    release_id: str,
    model_id: str,
    command: Sequence[str],
    inputs: Sequence[str],
    at: str,
    claim_boundary: Sequence[str],
    environment_note: str | None = None,
) -> DemoRun:
    """Run `command` on copies of the packaged `inputs` and write what happened.

    The first word `python` stands for the running interpreter. The clean folder mirrors the pack's layout;
    files that the command writes go into the pack at the same path. A non-zero exit code is recorded.
    """
    if not command or not inputs:
        raise PackError("a demo needs a command and at least one input")
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        clean = Path(name)
        for path in inputs:
            write_bytes(clean, path, (folder / path).read_bytes())
        completed, seconds = _run(command, clean)
        outputs = sorted(
            path
            for item in clean.rglob("*")
            if item.is_file() and (path := item.relative_to(clean).as_posix()) not in inputs
        )
        for path in outputs:
            write_bytes(folder, path, (clean / path).read_bytes())
        for path in inputs:
            if (clean / path).read_bytes() != (folder / path).read_bytes():
                raise PackError(f"the demo changed its input {path}")
    return write_document(
        folder,
        DemoRun,
        {
            "release_id": release_id,
            "model_id": model_id,
            "command": command,
            "started_at": at,
            "duration_seconds": exact(seconds, 3),
            "exit_code": completed.returncode,
            "inputs": [produced(folder, path) for path in sorted(inputs)],
            "outputs": [produced(folder, path) for path in outputs],
            "stdout": completed.stdout,
            "stderr": completed.stderr,
            **({"environment_note": environment_note} if environment_note else {}),
            "claim_boundary": claim_boundary,
        },
        generated_by=_LABEL,
    )


def _run(command: Sequence[str], clean: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    words = [sys.executable, "-I", "-B", *command[1:]] if command[0] == "python" else list(command)
    start = time.perf_counter()
    try:
        completed = subprocess.run(  # noqa: S603 - the caller's own command, no shell
            words,
            cwd=clean,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise PackError(f"the demo command could not be run: {type(exc).__name__}") from exc
    return completed, time.perf_counter() - start
