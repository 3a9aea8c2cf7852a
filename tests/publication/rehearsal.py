"""A release of the example instance, with places on this machine."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from example_site import copy_instance
from proofpress.cli import main
from proofpress.signing.keys import SigningKey, write_key

RELEASE = "digits-v0.1.0-logreg-r1"
AT = "2026-11-25T12:00:00Z"
KEY = SigningKey.from_seed(bytes([9] * 32))


class Quiet(SimpleHTTPRequestHandler):
    """A web server that says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
        pass


@contextmanager
def serving(handler: Any) -> Iterator[str]:
    """A server on this machine for as long as the context lasts; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class Rehearsal:
    """An instance, the folder that its public server shows, and the reports below `build/`."""

    root: Path
    address: str
    options: list[str] = field(default_factory=list)
    key: SigningKey = KEY

    @property
    def public(self) -> Path:
        """The folder that everybody sees."""
        return self.root / "public" / RELEASE

    def file(self, name: str) -> Path:
        """A report's file."""
        return self.root / "build" / f"{name}.json"

    def report(self, name: str) -> Any:
        """A report, as JSON."""
        return json.loads(self.file(name).read_bytes())

    def write(self, name: str, value: Any) -> None:
        """Replace a report."""
        self.file(name).write_text(json.dumps(value), "utf-8")

    def configure(self, *destinations: dict[str, Any], **more: Any) -> None:
        """Write packs/publication.yaml; JSON is YAML."""
        value = {"schema_version": "1.0.0", "destinations": list(destinations), **more}
        (self.root / "packs" / "publication.yaml").write_text(json.dumps(value), "utf-8")

    def folder(self, **changed: Any) -> dict[str, Any]:
        """The destination that most tests use."""
        return {
            "name": "archive",
            "target": "folder",
            "parts": ["pack"],
            "to": "public/{bundle_id}",
            "public": self.address + "/{bundle_id}",
            **changed,
        }

    def run(self, step: str, *arguments: str, release: str = RELEASE) -> int:
        """One command of publication, with the usual files."""
        names = ("plan", "candidate", "publish", "replay")
        given = {
            "plan": ["plan", release, "-o", "build/plan.json"],
            "run": ["run", "build/plan.json", "-o", "build/publish.json"],
            "candidate": ["candidate", "build/plan.json", "-o", "build/candidate.json"],
            "replay": ["replay", "build/candidate.json", "--into", "build/replay", "-o", "build/replay.json"],
            "evidence": ["evidence", "--key", str(self._key_file())]
            + [part for name in names for part in (f"--{name}", f"build/{name}.json")],
        }[step]
        given += [] if step == "plan" else ["--at", AT]
        options = self.options if step in {"run", "candidate"} else []
        return main(["-C", str(self.root), "publish", *given, *options, *arguments])

    def publisher(self) -> SigningKey:
        """The key of the example's publisher, which its policy knows."""
        text = "proofpress example key of the publisher, which protects nothing"
        return SigningKey.from_seed(hashlib.sha256(text.encode()).digest())

    def _key_file(self) -> Path:
        path = self.root / "key.pem"
        path.unlink(missing_ok=True)
        write_key(path, self.key)
        return path

    def up_to(self, last: str) -> None:
        """Every step up to one, each fine."""
        for step in ("plan", "run", "candidate", "replay", "evidence"):
            assert self.run(step) == 0, step
            if step == last:
                return


@contextmanager
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    """The example instance with one destination, its release judged by its gates."""
    root = copy_instance(folder / "instance")
    (root / "public").mkdir()
    with serving(partial(Quiet, directory=str(root / "public"))) as address:
        made = Rehearsal(root, address)
        made.configure(made.folder())
        yield made
