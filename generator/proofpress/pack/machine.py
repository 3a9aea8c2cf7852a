"""What a machine has to offer, as its operating system and its tools say; no host name, no path."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from proofpress.evidence.preflight import Accelerator, Machine, PackageFound, Requirements

_NVIDIA: Final = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_LIMIT_SECONDS: Final = 30
_MIB: Final = 1024 * 1024


def probe(folder: Path, needed: Requirements | None = None) -> Machine:
    """Probe this machine; the free disk is that of `folder`. Accelerators and packages are probed when needed."""
    needed = needed or Requirements()
    return Machine(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=platform.system(),
        machine=platform.machine(),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_bytes=memory_bytes(),
        disk_free_bytes=shutil.disk_usage(folder).free,
        accelerators=cuda_devices() if needed.accelerator else (),
        packages=tuple(PackageFound(name=item.name, version=_installed(item.name)) for item in needed.packages),
    )


def memory_bytes(meminfo: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """The memory that a process may use: what the machine has, or less where a control group limits it."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines())
        total = int(lines["MemTotal"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(limit.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no control group, or one without a limit: "max"
        return total


def cuda_devices(command: Sequence[str] = _NVIDIA) -> tuple[Accelerator, ...]:
    """The devices that `nvidia-smi` lists; none where it is absent, fails, or says something else."""
    try:
        said = subprocess.run(  # noqa: S603 - a fixed command, no shell
            command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=True, stdin=subprocess.DEVNULL
        ).stdout
        rows = [line.rpartition(",") for line in said.splitlines() if line.strip()]
        return tuple(Accelerator(name=name.strip(), memory_bytes=int(size) * _MIB) for name, _, size in rows)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
