"""A command in a clean folder: only the files it is given, a minimal environment, bounded time and output."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from proofpress.errors import ExitCode
from proofpress.evidence.values import path_trouble
from proofpress.ingest.sources import read_file
from proofpress.pack.writer import PackError, copy_file

LIMIT_SECONDS: Final = 120
MAX_TEXT_BYTES: Final = 100_000
MAX_WRITTEN_BYTES: Final = 64 * 1024 * 1024


class RunError(PackError):
    """The command ran and did not do what it declares; nothing is recorded of it."""

    exit_code = ExitCode.FINDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What one run of a command did: its text, how long it took, and the files that it wrote."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    written: Mapping[str, bytes]


def words_of(command: Sequence[str], *, interpreter: str = "") -> list[str]:
    """The words that are run: `python` stands for this interpreter, isolated from the caller's environment."""
    return [interpreter or sys.executable, "-I", "-B", *command[1:]] if command[0] == "python" else list(command)


def run_clean(
    folder: Path,
    command: Sequence[str],
    paths: Sequence[str],
    *,
    seconds: int = LIMIT_SECONDS,
    read_only: bool = False,
    interpreter: str = "",
) -> Captured:
    """Run `command` where nothing lies but copies of the pack's files `paths`, at their places.

    With `read_only` nobody can open the copies for writing. They are the run's own: whatever an earlier run left in
    the pack is not there to be found. Raises `RunError` when the command can't be run, takes too long, says or writes
    too much, or changes what it was given.
    """
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        clean = Path(name)
        for path in paths:
            if (folder / path).is_symlink() or not (folder / path).is_file():
                raise PackError(f"{path} is not a file of the pack", hint="name files by their paths in the pack")
            copy_file(folder / path, clean, path)
            if read_only:
                (clean / path).chmod(0o444)
        start = time.perf_counter()
        code, stdout, stderr = _bounded(words_of(command, interpreter=interpreter), clean, seconds)
        taken = time.perf_counter() - start
        for path in paths:
            if not _equal(clean / path, folder / path):
                raise RunError(f"the command changed its input {path}", hint="let it write to a file of its own")
        written = dict(_written(clean, frozenset(paths)))
    return Captured(exit_code=code, stdout=stdout, stderr=stderr, seconds=taken, written=written)


def _bounded(words: Sequence[str], clean: Path, seconds: int) -> tuple[int, str, str]:
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
    try:
        process = subprocess.Popen(  # noqa: S603 - the pack's own command, no shell
            words,
            cwd=clean,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as exc:
        raise RunError(f"the command '{words[0]}' can't be run: {type(exc).__name__}") from exc
    with process, ThreadPoolExecutor(2) as readers:
        texts = [readers.submit(_text, process, stream) for stream in (process.stdout, process.stderr)]
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired as exc:
            raise RunError(f"the command did not end within {seconds} seconds") from exc
        finally:
            end_session(process)  # also what it left running, which would hold the pipes open
        return code, texts[0].result(), texts[1].result()


def end_session(process: subprocess.Popen[bytes]) -> None:
    """End a command and what it started: it was begun as a session of its own (`start_new_session`)."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _text(process: subprocess.Popen[bytes], stream: IO[bytes] | None) -> str:
    data = stream.read(MAX_TEXT_BYTES + 1) if stream else b""
    if len(data) > MAX_TEXT_BYTES:
        end_session(process)
        raise RunError(f"the command printed more than {MAX_TEXT_BYTES} bytes", hint="let it print a summary")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise RunError("the command printed text that is not UTF-8") from exc


def _written(clean: Path, given: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    left = MAX_WRITTEN_BYTES
    for item in sorted(clean.rglob("*")):
        path = item.relative_to(clean).as_posix()
        if path in given or (item.is_dir() and not item.is_symlink()):
            continue
        if item.is_symlink() or not item.is_file():
            raise RunError(f"the command wrote {path}, which is not a regular file")
        if trouble := path_trouble(path):
            raise RunError(f"the command wrote a file whose path {trouble}")
        left -= item.stat().st_size
        if left < 0:
            raise RunError(f"the command wrote more than {MAX_WRITTEN_BYTES} bytes")
        yield path, read_file(item, most=MAX_WRITTEN_BYTES)


def _equal(left: Path, right: Path) -> bool:
    if left.is_symlink() or not left.is_file() or left.stat().st_size != right.stat().st_size:
        return False
    with left.open("rb") as one, right.open("rb") as other:
        while chunk := one.read(1024 * 1024):
            if chunk != other.read(len(chunk)):
                return False
    return True
