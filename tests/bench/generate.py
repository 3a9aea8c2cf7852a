"""Write an instance of cloned packs, and the same documents as pages for MkDocs:

    python tests/bench/generate.py OUT --releases 1000 --extra 4

OUT/instance  packs, registry, policy and the example site's look
OUT/extra     releases that follow the first family's last one, and the registry's log before and after each
OUT/peer      nine Markdown pages a release for MkDocs with the same theme, outside the navigation, no search
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from clones import PACKS, Cloned, Lineage

from proofpress.diff import diff, markdown_report
from proofpress.ingest import load_pack, source_of
from proofpress.pipeline import Rules, rules_at
from proofpress.registry import Fold
from proofpress.registry.log import Logged, entry_of
from proofpress.registry.records import PLATFORMS, POLICIES, StoredRecords
from proofpress.registry.requests import draft, seal_request
from proofpress.registry.store import LogWriter, read_log
from proofpress.signing.keys import SigningKey
from proofpress.verify import VerifiedPack

REPOSITORY = PACKS.parent
_KINDS = ("digits", "clinical", "digits", "clinical", "digits", "digits", "clinical", "digits")  # as in packs/: 5 to 3
_FAMILY_SIZE = 50
_PEER_CONFIG = """\
INHERIT: look.yml
docs_dir: docs
site_dir: site
strict: false
plugins: []
nav:
  - Home: index.md
  - How to read: reading.md
  - Verify: verify.md
not_in_nav: |
  /releases/
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One family: how many releases, and how many more that are kept apart."""

    out: Path
    kind: str
    number: int
    releases: int
    extra: int


def write_all(out: Path, *, releases: int, extra: int, jobs: int) -> dict[str, Any]:
    """Write everything and say what it is."""
    instance, peer = out / "instance", out / "peer"
    _write_look(instance, peer)
    families = max(2, releases // _FAMILY_SIZE)
    works = [
        Work(
            out=out,
            kind=_KINDS[number % len(_KINDS)],
            number=number,
            releases=releases // families + (number < releases % families),
            extra=extra if number == 0 else 0,
        )
        for number in range(families)
    ]
    with ProcessPoolExecutor(jobs) as pool:
        made = list(pool.map(_write_family, works))
    usual = [item for work, items in zip(works, made, strict=True) for item in items[: work.releases]]
    more = made[0][works[0].releases :]
    log = _Log(instance)
    log.grow(_life(usual))
    kept = instance / "packs" / "registry" / "log"
    shutil.copytree(kept, out / "extra" / "log")
    events, log_bytes = log.size, sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    for number, item in enumerate(more):
        log.grow(_life([item]))
        shutil.copytree(kept, out / "extra" / f"{number}.log")
    shutil.rmtree(kept)
    shutil.copytree(out / "extra" / "log", kept)
    facts = {
        "releases": len(usual),
        "families": families,
        "events": events,
        "log_bytes": log_bytes,
        "extra": [f"{item.family}/{item.release_id}" for item in more],
        "evidence_files": sum(1 for path in (instance / "packs").rglob("*") if path.is_file()),
        "evidence_bytes": sum(path.stat().st_size for path in (instance / "packs").rglob("*") if path.is_file()),
        "peer_pages": sum(1 for _ in (peer / "docs" / "releases").rglob("*.md")),
        "peer_bytes": sum(path.stat().st_size for path in (peer / "docs" / "releases").rglob("*.md")),
    }
    (out / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def _write_look(instance: Path, peer: Path) -> None:
    shutil.copytree(REPOSITORY / "site_src", instance / "site_src")
    shutil.copy(REPOSITORY / "mkdocs.yml", instance / "mkdocs.yml")
    (instance / "packs").mkdir()
    shutil.copytree(PACKS / "profiles", instance / "packs" / "profiles")
    (instance / "packs" / "policy.yaml").write_text(_policy(), encoding="utf-8")
    shutil.copytree(REPOSITORY / "site_src" / "pages", peer / "docs")
    shutil.copytree(REPOSITORY / "site_src" / "overrides", peer / "site_src" / "overrides")
    shutil.copy(REPOSITORY / "mkdocs.yml", peer / "look.yml")
    (peer / "mkdocs.yml").write_text(_PEER_CONFIG, encoding="utf-8")


def _write_family(work: Work) -> list[Cloned]:
    lineage = Lineage(kind=work.kind, number=work.number)
    rules = rules_at(work.out / "instance")
    before: VerifiedPack | None = None
    for index in range(work.releases + work.extra):
        usual = index < work.releases
        made = lineage.grow(work.out / "instance" / "packs" if usual else work.out / "extra")
        verified = _verified(made, rules)
        if usual:
            _write_pages(work.out / "peer" / "docs" / "releases" / made.release_id, verified, before)
        before = verified
    return lineage.made


def _verified(made: Cloned, rules: Rules) -> VerifiedPack:
    verdict = rules.judge(load_pack(source_of(made.folder, label=f"{made.family}/{made.release_id}")))
    wrong = [finding for finding in verdict.findings if finding.rule != "RDY009"]  # one real release is not ready
    if verdict.verified is None or wrong:
        raise ValueError(f"{made.release_id}: {wrong[0]}")
    return verdict.verified


def _write_pages(folder: Path, pack: VerifiedPack, before: VerifiedPack | None) -> None:
    """The release's seven documents, its changes and its files, as MkDocs would be given them."""
    folder.mkdir(parents=True)
    for document in pack.documents:
        (folder / Path(document.path).name).write_text(document.text, encoding="utf-8")
    report = markdown_report(diff(before, pack)) if before else "# Changes\n\nThe first release of its family.\n"
    (folder / "changes.md").write_text(report, encoding="utf-8")
    rows = [f"| `{item.path}` | {item.role} | {item.size} | `{item.sha256}` |" for item in pack.evidence.manifest.files]
    heading = (
        f"# Evidence files: {pack.evidence.bundle_id}\n\n| File | Role | Bytes | SHA-256 |\n| --- | --- | ---: | --- |"
    )
    (folder / "evidence.md").write_text("\n".join([heading, *rows, ""]), encoding="utf-8")


# The registry's log: every release is registered and judged, most become active in their family's place


def _life(made: Iterable[Cloned]) -> list[dict[str, Any]]:
    """Events of releases in the order of time."""
    events: list[dict[str, Any]] = []
    for item in made:
        day = datetime.fromisoformat(item.released_at).replace(hour=8, minute=0)
        steps = [("registered", day), ("candidate", day + timedelta(minutes=30))]
        steps += [("approved", day + timedelta(hours=7)), ("activated", day + timedelta(hours=25))]
        events += [{"kind": kind, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "pack": item} for kind, at in steps]
    return sorted(events, key=lambda event: event["at"])


_KEY, _LOG_KEY = (SigningKey.from_seed(hashlib.sha256(name).digest()) for name in (b"bench", b"bench log"))
_LOG_NAME = "proofpress.example/bench"
_MOVES = ("policy_adopted", "registered", "candidate", "approved", "activated")
_PLATFORM = b'schema_version: "1.0.0"\nname: bench\n'


def _policy() -> str:
    moves = "".join(f"    {move}: {{roles: [owner]}}\n" for move in _MOVES)
    return (
        f'schema_version: "1.2.0"\ndefault_profile: complete\nkeys:\n  owner: {{key: "{_KEY.public}"}}\n'
        "roles:\n  owner: {keys: [owner]}\n"
        f'registry:\n  log: {{name: {_LOG_NAME}, key: "{_LOG_KEY.public}"}}\n'
        f"  scopes: [environment, family]\n  may:\n{moves}  platforms:\n"
        f"    - {{path: packs/platforms/bench.yaml, sha256: {hashlib.sha256(_PLATFORM).hexdigest()}}}\n"
    )


class _Log:
    """The log of an instance, written in steps."""

    def __init__(self, root: Path) -> None:
        folder = root / "packs" / "registry"
        records = StoredRecords(folder)
        policy = records.keep(POLICIES, (root / "packs" / "policy.yaml").read_bytes())
        records.keep(PLATFORMS, _PLATFORM)
        self._fold = Fold(records)
        self._writer = LogWriter(folder / "log", read_log(folder / "log"))
        self._active: dict[str, str] = {}
        at = "2020-01-01T00:00:00Z"
        adoption = {"kind": "policy_adopted", "policy": policy, "replaces": None}
        self._writer.append([self._entry(adoption, at)], name=_LOG_NAME, key=_LOG_KEY)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._fold.size

    def grow(self, events: Sequence[dict[str, Any]]) -> None:
        """Sign the events and append them."""
        entries = [self._entry(self._fields(event["kind"], event["pack"]), event["at"]) for event in events]
        self._writer.append(entries, name=_LOG_NAME, key=_LOG_KEY)

    def _entry(self, fields: dict[str, Any], at: str) -> bytes:
        at = max(at, self._fold.at)
        signed = seal_request({"log": _LOG_NAME, "by": "owner", "signed_at": at, **fields}, [_KEY])
        logged = Logged(seq=self._fold.size + 1, at=at, signed=signed)
        self._fold.accept(logged)
        return entry_of(logged.seq, at, signed.envelope)

    def _fields(self, kind: str, pack: Cloned) -> dict[str, Any]:
        if kind != "registered":
            more: dict[str, Any] = {}
            if kind == "activated":
                more = {"scope": {"environment": "prod", "family": pack.family}, "platform": _digest(_PLATFORM)}
                if active := self._active.get(pack.family):
                    more["supersedes"] = active
                self._active[pack.family] = pack.release_id
            return draft(self._fold, kind, pack.release_id, more)
        receipt = {"receipt": "0" * 64, "verdict": "PASS", "policy": "0" * 64, "evaluated_at": "2020-01-01T00:00:00Z"}
        return {
            "kind": kind,
            "release_id": pack.release_id,
            "bundle": 1,
            "pack_id": pack.pack_id,
            "expects": {"status": None},
            "family": pack.family,
            "model_id": None,
            "gate": receipt,
            "provenance": {},
            "compatibility": {},
            "readiness": "not asked",
        }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--extra", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    facts = write_all(chosen.out, releases=chosen.releases, extra=chosen.extra, jobs=chosen.jobs)
    sys.stdout.write(json.dumps(facts) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
