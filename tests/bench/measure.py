"""What a command costs: wall time, processor time and memory of it and of every process that it starts.

Linux counts the memory of the process that forks towards the peak of the one it starts, so a program that measures
keeps itself small: this module and run.py import nothing of what they measure.
"""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

_SAMPLE_SECONDS = 0.1
_MEBI = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds and MiB. `together` is the sampled sum over all processes, shared pages counted once."""

    wall: float
    cpu: float
    largest: float
    together: float | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON, rounded to what was measured."""
        return {name: value if value is None else round(value, 4) for name, value in asdict(self).items()}


class CommandError(RuntimeError):
    """A measured command ended with another code than 0."""


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, sample_memory: bool = False
) -> Cost:
    """Run a command to its end, with compiled Python kept as users have it.

    Raises `CommandError` with the end of what it said when it fails.
    """
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env={**known, **(env or {})}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        with _sampled(process.pid) if sample_memory else _unsampled() as peak:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            text = output.read()[-2000:].decode("utf-8", "replace")
            raise CommandError(f"{' '.join(command)} in {cwd}: exit code {process.returncode}\n{text}")
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime, largest=usage.ru_maxrss / 1024, together=peak())


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of several runs, each quantity by itself; the largest memory."""
    return Cost(
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
        largest=max(cost.largest for cost in costs),
    )


def repeat(times: int, measured: Callable[[], Cost]) -> Cost:
    """The median of so many runs."""
    return middle([measured() for _ in range(times)])


@contextmanager
def _unsampled() -> Iterator[Callable[[], float | None]]:
    yield lambda: None


@contextmanager
def _sampled(pid: int) -> Iterator[Callable[[], float | None]]:
    most = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(_SAMPLE_SECONDS):
            most = max(most, sum(_proportional(item) for item in _tree(pid)))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: most or None
    finally:
        done.set()
        thread.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from _tree(int(child))


def _proportional(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / _MEBI
    return 0.0


def warm(*folders: Path) -> None:
    """Read every file once, so that all sides find their input in the system's cache."""
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with (Path(place) / name).open("rb", buffering=0) as stream:
                    while stream.read(_MEBI):
                        pass


def file_system(path: Path) -> str:
    """Kind of the file system that holds a path."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    holders = [(len(point), kind) for point, kind in mounts if path.is_relative_to(point.replace("\\040", " "))]
    return max(holders)[1]
