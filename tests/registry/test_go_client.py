"""An independent client reads the log: Go's own packages for signed notes and transparency logs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofpress.registry.note import verifier_key
from proofpress.registry.opened import open_registry
from proofpress.registry.store import LogWriter, read_log
from registering import LOG_NAME
from registry.logs import Line
from registry.stored import KEY, keep_records

GOPATH = Path("/usr/share/gocode")
HERE = Path(__file__).resolve().parent
EVENTS = 10_000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, compiled."""
    if not shutil.which("go") or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("Go is not here: apt-get install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    binary = folder / "client"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
    }
    command = ["go", "build", "-o", str(binary), str(HERE / "go" / "main.go")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return binary


def entries() -> Iterator[bytes]:
    """A log of many releases that become candidates."""
    line = Line()
    for number in range((EVENTS - 1) // 2 + 1):
        for kind in ("registered", "candidate"):
            line.add(kind, f"digits-v0.{number}.0-logreg-r1", 1)
    assert line.registry().intact
    yield from line.entries()[:EVENTS]


def test_go_reads_tiles_checkpoint_inclusion_and_consistency(
    client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    folder = keep_records(tmp_path / "registry")
    writer, data = LogWriter(folder / "log", read_log(folder / "log")), list(entries())
    sizes = (1, 255, 256, 257, 3000, EVENTS)
    for start, end in zip((0, *sizes), sizes, strict=False):
        writer.append(data[start:end], name=LOG_NAME, key=KEY)
        shutil.copy(folder / "log/checkpoint", tmp_path / f"{end}")
    registry = open_registry(folder).registry()
    assert (registry.intact, registry.size) == (True, EVENTS)
    verifier = verifier_key(LOG_NAME, KEY.public)
    for size in sizes:
        command = [str(client), str(folder / "log"), verifier, str(tmp_path / f"{size}")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout == f"{EVENTS} entries included, consistent with {size}\n", done.stderr


def test_go_refuses_another_key_and_a_changed_entry(client: Path, tmp_path: Path) -> None:
    folder, line = keep_records(tmp_path / "registry"), Line()
    line.add("registered")
    LogWriter(folder / "log", read_log(folder / "log")).append(line.entries(), name=LOG_NAME, key=KEY)
    note = folder / "log/checkpoint"

    def said(verifier: str) -> tuple[int, str]:
        command = [str(client), str(folder / "log"), verifier, str(note)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    right = verifier_key(LOG_NAME, KEY.public)
    assert said(right) == (0, "")
    assert said(verifier_key("proofpress.example/other", KEY.public))[0] == 1
    bundle = folder / "log/tile/entries/000.p/2"
    bundle.write_bytes(bundle.read_bytes().replace(b'"seq": 2', b'"seq": 3'))
    assert said(right)[0] == 1
