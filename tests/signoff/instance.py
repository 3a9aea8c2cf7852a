"""An instance with two releases of a line, their receipts, and the second one signed off by two people."""

import base64
import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import yaml

from pack_builder import PackBuilder
from proofpress.cli import main
from proofpress.signing.dsse import seal
from proofpress.signing.keys import SigningKey, write_key
from proofpress.signoff.store import file_name

FIRST, SECOND = "digits-v0.1.0-tiny-r1", "digits-v0.2.0-tiny-r1"
JUDGED, SIGNED, DEPLOYED = "2026-06-01T12:00:00Z", "2026-06-02T09:00:00Z", "2026-06-03T09:00:00Z"
NAMES: Final = ("owner", "engineer", "deputy", "stranger")
KEYS: Final = {name: SigningKey.from_seed(bytes([number] * 32)) for number, name in enumerate(NAMES, 1)}
POLICY: Final[dict[str, Any]] = {
    "schema_version": "1.2.0",
    "gates": {
        "digits": {
            "thresholds": [{"metric": "accuracy", "split": "test", "op": ">=", "value": 0.7, "unit": "fraction"}],
            "regressions": [{"metric": "accuracy", "split": "test", "absolute": 0.1}],
        }
    },
    "keys": {
        "owner": {"key": KEYS["owner"].public, "person": "model owner", "until": "2027-01-01T00:00:00Z"},
        "engineer": {"key": KEYS["engineer"].public, "person": "release engineer"},
        "deputy": {"key": KEYS["deputy"].public, "person": "deputy owner"},
    },
    "roles": {
        "owner": {"keys": ["owner", "deputy"]},
        "engineer": {"keys": ["engineer", "deputy"]},
    },
    "signoff": {"digits": {"roles": {"owner": 1, "engineer": 1}}},
}
YES: Final = {
    name: {"answer": "yes"} for name in ("intended_use", "thresholds", "slices", "monitoring", "traceability")
}


class Releases:
    """The instance in a folder. `run` gives exit code and what was printed by way of `capsys`."""

    def __init__(self, root: Path, capsys: Any = None) -> None:
        self.root = root
        self.capsys = capsys

    def run(self, *argv: str) -> tuple[int, str, str]:
        code = main(["-C", str(self.root), *argv])
        out, err = self.capsys.readouterr() if self.capsys else ("", "")
        assert code != 70, err
        return code, out, err

    def policy(self, **changed: Any) -> None:
        text = yaml.safe_dump({**POLICY, **changed}, sort_keys=False)
        (self.root / "packs" / "policy.yaml").write_text(text, encoding="utf-8")

    def answers(self, name: str = "answers.yaml", **changed: Any) -> str:
        said = {"schema_version": "1.0.0", "answers": {**YES, **changed}}
        (self.root / name).write_text(yaml.safe_dump(said), encoding="utf-8")
        return name

    def judge(self, release: str, at: str = JUDGED) -> tuple[int, str, str]:
        return self.run("gate", release, "--receipt", "--at", at, "--format", "json")

    def sign(
        self, role: str, key: str = "", *, release: str = SECOND, at: str = SIGNED, answers: str = ""
    ) -> tuple[int, str, str]:
        file = answers or self.answers()
        argv = ("--role", role, "--key", f"{key or role}.pem", "--answers", file, "--at", at, "--format", "json")
        return self.run("signoff", release, *argv)

    def deploy(self, release: str = SECOND, at: str = DEPLOYED) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        """Exit code, and what refuses by gate."""
        code, out, err = self.run("gate", release, "--require-signoff", "--at", at, "--format", "json")
        assert out, err
        found: dict[str, list[dict[str, Any]]] = {}
        for item in json.loads(out)["decisions"]:
            if item["verdict"] in {"deny", "not decided"}:
                found.setdefault(item["gate"], []).append(item)
        assert (code == 0) is (not found)
        return code, found

    def check(self) -> dict[str, list[dict[str, Any]]]:
        """Findings of sign-offs, by rule."""
        out = self.run("check", "--format", "json")[1]
        found: dict[str, list[dict[str, Any]]] = {}
        report = json.loads(out)
        for item in (*report["findings"], *(each for pack in report["packs"] for each in pack["findings"])):
            if item["rule"].startswith("SGN"):
                found.setdefault(item["rule"], []).append(item)
        return found

    def pack(self, release: str) -> PackBuilder:
        made = PackBuilder.__new__(PackBuilder)
        made.root, made.family, made.release_id = self.root / "packs", "digits", release
        made._earlier = {}
        return made

    def folder(self, release: str = SECOND) -> Path:
        """Where attestations of a release lie."""
        return self.root / "packs" / "attestations" / self.pack(release).pack_id.removeprefix("sha256:")

    def file(self, role: str, key: str = "", *, number: int = 1, release: str = SECOND) -> Path:
        """The sign-off of a role and key."""
        return self.folder(release) / file_name(role, KEYS[key or role].public, number)


def payload_of(path: Path) -> dict[str, Any]:
    """The statement in an envelope."""
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    return found


def sealed(statement: Mapping[str, Any], *keys: str, kind: str = "application/vnd.in-toto+json") -> bytes:
    """An envelope over a statement, signed by keys."""
    return seal(kind, json.dumps(statement).encode(), [KEYS[name] for name in keys])


@cache
def _template() -> Path:
    root = Path(mkdtemp())
    made = Releases(root)
    first = PackBuilder(root / "packs").with_interface().with_assurance()
    second = PackBuilder(root / "packs", release_id=SECOND).with_interface().with_assurance()
    second.with_release(SECOND, predecessor=first)
    made.policy()
    for name, key in KEYS.items():
        write_key(root / f"{name}.pem", key)
    assert made.judge(FIRST)[0] == 0
    assert made.judge(SECOND)[0] == 0
    assert made.sign("owner")[0] == 0
    assert made.sign("engineer")[0] == 0
    return root


def releases(folder: Path, capsys: Any) -> Releases:
    """A copy of the instance."""
    shutil.copytree(_template(), folder, dirs_exist_ok=True)
    capsys.readouterr()
    return Releases(folder, capsys)
